#!/usr/bin/python3
"""Writes TRACES.md: for each kind of step the lines of auth.log and audit.log in its time window.

usage: traces.py RECORDED_DIR FINDINGS_FILE > TRACES.md
Only steps that ran alone are used. auth-rfc3339.log has the exact times; the line shown is the one at the
same place in auth.log.
"""
import json
import re
import sys
from datetime import datetime, timezone

from kinds import KINDS


# lines which every session leaves: shown for the first step only, like the enriched part after \x1d
SKIPPED = re.compile(r"type=(SYSCALL|PROCTITLE|CRED_\w+|USER_END) |pam_env\(|Received disconnect")
CRON = re.compile(r"CRON\[|/usr/sbin/cron")
MOST = 9


def wanted(line, whole, cron):
    """Cron starts a job every minute: its lines belong to its own step only."""
    return bool(CRON.search(line)) == cron and (whole or not SKIPPED.search(line))


def excerpt(lines, whole):
    if not whole:
        lines = [re.sub("grantors=[a-z_,]{20,}", "grantors=...", re.sub("\x1d.*", "", line)) for line in lines]
    more = len(lines) - MOST
    if more > 2:
        lines = lines[:MOST - 2] + [f"[... {more} more ...]"] + lines[-2:]
    return "\n".join(shorten(line).replace("\x1d", " ␝") for line in lines)


def shorten(line, limit=900):
    return line if len(line) <= limit else line[:limit - 400] + f" [...{len(line) - limit + 300} bytes...] " + line[-100:]


def load(folder, name):
    with open(f"{folder}/{name}", "rb") as file:
        return [raw.decode("latin-1") for raw in file.read().split(b"\n") if raw]


def main():
    folder, findings = sys.argv[1:3]
    steps = [json.loads(line) for line in load(folder, "steps.ndjson")]
    truth = [json.loads(line) for line in load(folder, "truth.ndjson")]
    exact, plain = load(folder, "auth-rfc3339.log"), load(folder, "auth.log")
    assert len(exact) == len(plain)
    auth = [(e.split(" ", 1)[0][:26], p) for e, p in zip(exact, plain)]
    audit = []
    for line in load(folder, "audit.log"):
        seconds = re.search(r"msg=audit\((\d+\.\d+):", line)
        audit.append((float(seconds.group(1)), line))
    with open(findings, encoding="utf-8") as file:
        print(file.read().rstrip())
    shown = {"all": False}
    for step in steps:
        limit = {"no_auth": 9, "hostile_name": 3, "nologin_shell": 2, "allow_users": 1}.get(step["kind"], 1)
        if not (step["serial"] or step["kind"] == "cron") or shown.get(step["kind"], 0) >= limit:
            continue
        begin, end = step["start"][:26], step["end"][:26]
        low, high = (datetime.strptime(t, "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=timezone.utc).timestamp()
                     for t in (begin, end))
        shown["all"] = len(shown) > 1
        first = shown.get(step["kind"], 0) == 0
        shown[step["kind"]] = shown.get(step["kind"], 0) + 1
        if first:
            print(f"\n## {step['kind']}\n\n{KINDS[step['kind']][2]}.")
        print(f"\n{step['step']}: truth " + (", ".join(
            f"{t['event.action']} {t['event.outcome']} {json.dumps(shorten(t['user.name'], 120))}"
            + (f" to {t['user.effective.name']}" if t["user.effective.name"] else "")
            + (f" ({t['note']})" if t["note"] else "")
            for t in truth if t["step"] == step["step"]) or "no attempt") + "\n\n```")
        whole, cron = not shown["all"], step["kind"] == "cron"
        print(excerpt([line for when, line in auth if begin <= when <= end and wanted(line, whole, cron)], whole)
              or "(auth.log: nothing)")
        print()
        print(excerpt([line for when, line in audit if low <= when + 0.0005 and when <= high and
                       wanted(line, whole, cron)], whole) or "(audit.log: nothing)")
        print("```")


main()
