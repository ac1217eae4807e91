"""A policy, and a log, under which a baseline is a function of the events alone.

Four things make what is learned depend on more than the events:
  * quarantine: what an alert would teach is held back, and whether it is one depends on the history
    at that moment;
  * counts of how surprising things were, by which rates and joint rules calibrate themselves;
  * rates of one host, whose buckets are not those of all hosts together;
  * counts of verdicts (the alert budget's), of which a user's first logon gives none: three hosts
    that do not know each other yet have three firsts; likewise of a network's first.
So the policy leaves the rules of detector rare, which never fire. Pairs, totals and distinct values
are left: they add, in whatever order. And first_logons() lets every user and every address be
known to the fleet before the hosts part, and last_line() moves every host's clock over the hour in which verdicts are
counted."""
import pathlib
import re

from world import ROOT, stamp


def write_quiet_policy(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = "# Learns, and never alerts.\n"
    for file in sorted((ROOT / "plugins" / "rules").glob("*.toml")):
        rule = file.read_text()
        name = re.search(r'^id = "([^"]+)"', rule, re.M).group(1)
        rare = re.search(r'^detector = "rare"', rule, re.M) is not None
        text += f"[rules.{name}]\n" + ("threshold = 101\n" if rare else "enabled = false\n")
    (folder / "policy.toml").write_text(text)
    return folder


def first_logons(lines, seconds):
    """The first logon of each user and of each address, as if it had been at that time."""
    seen = set()
    first = []
    for line in lines:
        found = re.match(rb"\S+ (\S+ sshd\[\d+\]: Accepted \S+ for (\S+) from (\S+) .*\n)", line)
        if found and not {found.group(2), found.group(3)} <= seen:
            seen |= {found.group(2), found.group(3)}
            first.append(found.group(1))
    return [stamp(seconds + i).encode() + b" " + line for i, line in enumerate(first)]


def last_line(host, seconds):
    """A failure, which no rule looks at."""
    return (f"{stamp(seconds)} {host} sshd[9]: Failed password for root from 192.0.2.1 port 9 "
            "ssh2\n").encode()
