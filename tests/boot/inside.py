"""Runs in the booted container: installs the package, lets people and attackers log on while logs rotate
and the agent is killed, and looks whether exactly the right alerts were told. The last line it prints is
"all is as expected", or there is none."""
import datetime
import glob
import json
import os
import shutil
import signal
import stat
import subprocess
import threading
import time
import traceback

import system
from system import PASSWORD, property_of, run, wait_for

UNIT = "doorward-agent.service"
STATE = "/var/lib/doorward/agent.state"
ALERTS = "/var/log/doorward/alerts.ndjson"
SERVER_UNIT = "doorward-server.service"
AGENT_DEB, SERVER_DEB = sorted(glob.glob("/opt/test/doorward-*.deb"))
PEOPLE = [f"staff{number:02}" for number in range(1, 21)]
TARGET, SECOND_TARGET = "alice", "bob"
GUESSER, SPRAYER, LATE_GUESSER = "203.0.113.7", "198.51.100.9", "203.0.113.77"
HISTORY_DAYS = 10
LOGONS_AN_HOUR = 24  # of everybody: as many as in the burst, so that it is none to the rules on rates
BURST_ROUNDS = 5
OTHERS_LOGS = tuple(f"/var/log/{name}" for name in (
    "auth.log", "syslog", "kern.log", "user.log", "cron.log", "mail.log", "dpkg", "apt"))
GUESSES = 11         # brute_force_success wants 10; below what is many for one account
SPRAYED = 18         # with the guesses, below what is many failures for a host


def home_of(person):
    """The address from which somebody always logs on."""
    return f"192.0.2.{10 + sorted(PEOPLE + [TARGET, SECOND_TARGET]).index(person)}"


def step(words):
    print(f"[{time.monotonic() - BEGAN:6.1f} s] {words}", flush=True)


def write_history(fingerprints):
    """auth.log.1 as it would be after days in which everybody logged on around the clock."""
    every = 3600 / LOGONS_AN_HOUR
    apart = every / (len(fingerprints) + 1)
    # A quarter of an hour, the rules' window, lies between it and the burst.
    now = datetime.datetime.now().astimezone() - datetime.timedelta(minutes=16)
    people = sorted(fingerprints.items())
    count = 0
    with open("/var/log/auth.log.1", "w", encoding="utf-8") as out:
        for turn in range(int(HISTORY_DAYS * 86400 / every), 0, -1):
            for number, (person, fingerprint) in enumerate(people):
                at = now - datetime.timedelta(seconds=turn * every - number * apart)
                count += 1
                out.write(f"{at.isoformat(timespec='microseconds')} bastion-01 sshd[{2000 + count % 30000}]"
                          f": Accepted publickey for {person} from {home_of(person)} port "
                          f"{30000 + count % 30000} ssh2: ED25519 {fingerprint}\n")
    run("chown", "root:adm", "/var/log/auth.log.1")
    os.chmod("/var/log/auth.log.1", 0o640)


def rotate():
    run("logrotate", "--force", "/etc/logrotate.d/rsyslog")


def kill_the_agent():
    """kill -9, and waits until systemd has started another."""
    old = int(property_of(UNIT, "MainPID"))
    os.kill(old, signal.SIGKILL)
    wait_for("systemd starts the agent again", lambda: property_of(UNIT, "MainPID") not in ("0", str(old))
             and property_of(UNIT, "ActiveState") == "active")


def alerts_in(text):
    """{event.id: (rule, user, address)} of first alerts, and how many there were."""
    out, count = {}, 0
    for line in text.splitlines():
        alert = json.loads(line)
        if alert["doorward"].get("occurrences", 1) > 1:
            continue  # tells more of one told before
        count += 1
        out[alert["event"]["id"]] = (alert["rule"]["id"], alert.get("user", {}).get("name", ""),
                                     alert.get("source", {}).get("ip", ""))
    return out, count


def told():
    if not os.path.exists(ALERTS):
        return {}, 0
    with open(ALERTS, encoding="utf-8") as log:
        return alerts_in(log.read())


def replayed(since):
    """What a replay of all the logs finds, which no rotation and no kill came in between of."""
    logs = sorted(glob.glob("/var/log/auth.log*"))
    done = subprocess.run(["doorward-agent", "replay", "--quiet", "--alerts-from", since, *logs],
                          check=True, capture_output=True, text=True)
    return alerts_in(done.stdout)[0]


def look_at_the_service():
    assert property_of(UNIT, "ActiveState") == "active", run("systemctl", "status", UNIT, check=False)
    assert run("systemctl", "is-enabled", UNIT) == "enabled"
    pid = property_of(UNIT, "MainPID")
    with open(f"/proc/{pid}/status", encoding="utf-8") as text:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in text if ":\t" in line)
    doorward = run("id", "-u", "doorward")
    assert status["Uid"].split() == [doorward] * 4, status["Uid"]
    for name in ["CapEff", "CapPrm", "CapBnd", "CapAmb"]:
        assert int(status[name], 16) == 1 << 2, f"{name} {status[name]}: more than CAP_DAC_READ_SEARCH"
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), status
    with open(f"/proc/{pid}/limits", encoding="utf-8") as text:
        cores = [line.split() for line in text if line.startswith("Max core file size")]
    assert cores[0][4:6] == ["0", "0"], cores
    for path, mode, owner in [("/var/lib/doorward", 0o700, "doorward"),
                              ("/var/log/doorward", 0o750, "doorward"),
                              ("/run/doorward", 0o750, "doorward"),
                              ("/run/doorward/agent.sock", 0o660, "doorward"),
                              ("/var/spool/doorward/audit", 0o750, "root")]:
        there = os.stat(path)
        assert stat.S_IMODE(there.st_mode) == mode, f"{path}: mode {stat.S_IMODE(there.st_mode):o}"
        assert run("stat", "-c", "%U %G", path) == f"{owner} doorward", path
    run("runuser", "-u", "nobody", "--", "sh", "-c", "! doorward-agent status")
    assert run("doorward-agent", "status")


def burst():
    """Everybody logs on again and again; two attackers are at it; logs rotate, the agent is killed."""
    outcome = {}

    def guess():
        outcome["guessed"] = system.at_once([(TARGET, GUESSER, f"guess {n}") for n in range(GUESSES)])
        outcome["in"] = system.ssh(TARGET, GUESSER, PASSWORD)

    def spray():
        outcome["sprayed"] = system.at_once([(person, SPRAYER, "Winter2026") for person in PEOPLE[:SPRAYED]])

    attackers = [threading.Thread(target=guess), threading.Thread(target=spray)]
    for attacker in attackers:
        attacker.start()
    at = 0
    for turn in range(BURST_ROUNDS):
        logons = threading.Thread(target=lambda: outcome.update(
            people=outcome.get("people", 0) + system.at_once([(p, home_of(p)) for p in PEOPLE])))
        logons.start()
        if turn in (1, 3):
            rotate()
        if turn in (0, 1, 2, 4):
            kill_the_agent()
            at += 1
        logons.join()
    for attacker in attackers:
        attacker.join()
    expected = {"guessed": 0, "in": True, "sprayed": 0, "people": BURST_ROUNDS * len(PEOPLE)}
    assert outcome == expected, f"ssh itself did not do what was asked: {outcome}"
    return at


def compare(since, expected):
    """Waits until the alerts are those of a replay, then holds them against `expected` too."""
    wanted = replayed(since)
    deadline = time.monotonic() + 30
    while told()[0] != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
        wanted = replayed(since)
    got, count = told()
    assert got == wanted, f"told: {sorted(got.items())}\nreplayed: {sorted(wanted.items())}"
    assert count == len(got), f"{count} alerts with {len(got)} ids"
    brief = sorted((rule, address) for rule, _, address in got.values())
    assert brief == sorted(expected), f"alerts: {brief}\nexpected: {sorted(expected)}"


def only_the_journal():
    """A host without rsyslog, new to the agent: it takes the journal, as it is found."""
    run("systemctl", "stop", UNIT)
    run("systemctl", "stop", "syslog.socket", "rsyslog.service")
    for path in glob.glob("/var/log/auth.log*") + glob.glob("/var/log/doorward/*"):
        os.remove(path)
    shutil.rmtree("/var/lib/doorward")
    run("systemctl", "start", UNIT)
    assert system.at_once([(SECOND_TARGET, LATE_GUESSER, f"guess {n}") for n in range(GUESSES)]) == 0
    assert system.ssh(SECOND_TARGET, LATE_GUESSER, PASSWORD)
    wait_for("an alert from the journal", lambda: told()[0])
    run("systemctl", "stop", UNIT)
    brief = {(user, address) for _, user, address in told()[0].values()}
    assert brief == {(SECOND_TARGET, LATE_GUESSER)}, f"alerts: {told()[0]}"
    run("systemctl", "start", UNIT)
    run("systemctl", "start", "rsyslog.service")


def upgrade():
    """The package once more over itself, with a configuration that was edited, and as removed before."""
    with open("/etc/doorward/agent.toml", "a", encoding="utf-8") as config:
        config.write("[log]\nlevel = \"info\"\n")
    old = property_of(UNIT, "MainPID")
    run("dpkg", "--install", AGENT_DEB)
    assert property_of(UNIT, "ActiveState") == "active"
    assert property_of(UNIT, "MainPID") != old, "an upgrade did not restart the agent"
    with open("/etc/doorward/agent.toml", encoding="utf-8") as config:
        assert config.read().endswith("[log]\nlevel = \"info\"\n"), "an upgrade lost the configuration"
    run("systemctl", "disable", "--now", UNIT)
    run("dpkg", "--install", AGENT_DEB)
    assert run("systemctl", "is-enabled", UNIT, check=False) == "disabled"
    run("systemctl", "enable", "--now", UNIT)
    run("apt-get", "remove", "-y", "-q", "doorward-agent")
    assert os.path.exists(STATE), "removal lost what was learned"
    assert os.path.exists("/etc/doorward/agent.toml"), "removal lost the configuration"
    run("apt-get", "install", "-y", "-q", AGENT_DEB)
    assert property_of(UNIT, "ActiveState") == "active"
    assert run("systemctl", "is-enabled", UNIT) == "enabled"


def agents():
    """{host: state} as the server has it."""
    said = json.loads(run("doorward-server", "agents", "list", "--json"))
    return {agent["host"]: agent["state"] for agent in said["agents"]}


def a_fleet_of_this_host():
    """The server's package: what it says before init, then all under its unit, with this host's agent."""
    said = run("apt-get", "install", "-y", "-q", SERVER_DEB)
    assert "next: doorward-server init" in said, said
    assert run("systemctl", "is-enabled", SERVER_UNIT, check=False) == "disabled"
    assert property_of(SERVER_UNIT, "ActiveState") == "inactive"
    run("systemctl", "start", SERVER_UNIT, check=False)
    assert property_of(SERVER_UNIT, "ActiveState") == "failed"
    assert property_of(SERVER_UNIT, "NRestarts") == "0", "it was tried again"
    assert "make one: doorward-server init" in run("journalctl", "--no-pager", "-u", SERVER_UNIT)
    run("doorward-server", "init", "--name", "bastion-01")
    run("systemctl", "start", SERVER_UNIT)
    with open("/opt/test/token", "w", encoding="utf-8") as out:
        out.write(run("sh", "-c", "doorward-server token create 2>/dev/null"))
    run("doorward-agent", "enroll", "--server", "127.0.0.1:7443", "--token-file", "/opt/test/token")
    run("systemctl", "restart", UNIT)
    wait_for("the agent is at the server", lambda: agents() == {"bastion-01": "connected"})

    backup = "/var/backups/doorward-server/one.db"
    run("doorward-server", "backup", backup)
    assert stat.S_IMODE(os.stat(backup).st_mode) == 0o600
    run("systemctl", "stop", SERVER_UNIT)
    run("doorward-server", "restore", backup)
    run("systemctl", "start", SERVER_UNIT)
    wait_for("the agent is back", lambda: agents() == {"bastion-01": "connected"}, 90)
    run("systemctl", "reload", SERVER_UNIT)
    run("dpkg-reconfigure", "doorward-server")
    assert property_of(SERVER_UNIT, "ActiveState") == "active"
    os.unlink(backup)  # a purge would keep it


def purge(before, accounts, groups):
    run("apt-get", "purge", "-y", "-q", "doorward-agent", "doorward-server")
    left = sorted(path for path in system.files() - before if not path.startswith(OTHERS_LOGS))
    assert left == [], f"purge left {left}"
    assert run("getent", "passwd") == accounts, "purge left a user"
    assert run("getent", "group") == groups, "purge left a group"


def main():
    step("booted")
    wait_for("sshd listens", lambda: ":22" in run("ss", "-Hlnt"))
    system.make_askpass()
    everybody = PEOPLE + [TARGET, SECOND_TARGET]
    system.make_network([home_of(person) for person in everybody] + [GUESSER, SPRAYER, LATE_GUESSER])
    fingerprints = {person: system.make_user(person) for person in everybody}
    write_history(fingerprints)
    assert system.ssh(TARGET, home_of(TARGET)), "ssh with a key does not work"
    wait_for("rsyslog writes auth.log", lambda: os.path.exists("/var/log/auth.log"))
    with open("/var/lib/logrotate/status", "a", encoding="utf-8") as out:
        out.write("logrotate state -- version 2\n")
    before, accounts, groups = system.files(), run("getent", "passwd"), run("getent", "group")

    step("installing")
    run("apt-get", "install", "-y", "-q", AGENT_DEB)
    since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    wait_for("the agent is up", lambda: property_of(UNIT, "ActiveState") != "activating")
    look_at_the_service()

    # Killed at once: what comes later alerts all the same. Then saved often, to be killed beside saves.
    with open("/etc/doorward/agent.toml", "a", encoding="utf-8") as config:
        config.write("[state]\nsave_every_s = 2\n")
    kill_the_agent()

    step("a burst of logons, rotations and kill -9")
    kills = burst()
    assert int(property_of(UNIT, "NRestarts")) == kills + 1
    step("waiting for the alerts")
    expected = [("unusual_logon", GUESSER), ("account_spraying", SPRAYER)]
    compare(since, expected)

    step("restart, reload, upgrade")
    run("systemctl", "reset-failed", UNIT)  # so many starts a minute are no mistake of the agent's here
    run("systemctl", "restart", UNIT)
    run("systemctl", "reload", UNIT)
    upgrade()
    compare(since, expected)

    step("a host that has only the journal")
    only_the_journal()

    step("a server, and the agent in its fleet")
    a_fleet_of_this_host()

    step("purging")
    purge(before, accounts, groups)
    print("all is as expected", flush=True)


BEGAN = time.monotonic()
try:
    main()
except BaseException:  # the container goes down after this: say all there is to say
    traceback.print_exc()
    run("sh", "-c", "journalctl --no-pager -o short-precise -u doorward-agent -u doorward-server "
        "> /opt/test/journal; "
        f"cp {ALERTS} /opt/test/alerts.ndjson", check=False)
    raise SystemExit(1)
