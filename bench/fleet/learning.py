#!/usr/bin/env python3
"""How many logons of a user must have been seen before a stolen credential of theirs is found.

    bench/fleet/learning.py [BUILD_DIR] [SEED]        default: build/release 1

Into four weeks of a simulated fleet without intruders a few new users are written, with a given number of logons each:
with a key, in office hours of working days, from a home network of their own to two hosts of a team's five. On the
next Tuesday the credential is used from elsewhere, once. Few at a time, so that they do not become usual. Prints the share of users for whom that one logon
raised an alert. Below, after how many active 15-minute buckets the `rare` function of a search cluster's job reaches
its threshold of 75 for a value never seen (the same formula as in peers.cc).
"""
import heapq
import json
import math
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta

LOGONS = (3, 5, 10, 15, 20, 30, 50, 100, 200, 400)
USERS = 3   # of each case in one log
RUNS = 6    # logs for each number of logons
DAYS = 28   # before the theft
# name: (host is one of the user's, with the key, hour of the theft)
CASES = {
    "new network, own host, key, working hours": (True, True, 10),
    "new network, own host, key, at night": (True, True, 2),
    "new network, new host, key, working hours": (False, True, 10),
    "new network, new host, key, at night": (False, True, 2),
    "new network, own host, password, working hours": (True, False, 10),
}


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond:06d}+00:00"


def line(time, user, host, address, key):
    how = "publickey" if key else "password"
    proof = f": ED25519 SHA256:{key}" if key else ""
    return (stamp(time), f"{stamp(time)} {host} sshd[{random.randrange(500, 32000)}]: Accepted {how} for {user} from "
            f"{address} port {random.randrange(33000, 60000)} ssh2{proof}\n")


def user_lines(number, logons, case, first):
    """A user's own logons and, last, the theft."""
    own_host, with_key, hour = CASES[case]
    user = f"learner{number:04d}"
    team = random.sample([f"app{i:02d}" for i in range(1, 13)] + [f"web{i:02d}" for i in range(1, 14)], 5)
    hosts, other = team[:2], team[2]
    home = f"{random.randrange(224, 240)}.{random.randrange(256)}.{random.randrange(256)}"
    key = "".join(random.choices("abcdefghijkmnopqrstuvwxyz023456789", k=43))
    days = [d for d in range(DAYS) if (first + timedelta(days=d)).weekday() < 5]
    for _ in range(logons):
        time = first + timedelta(days=random.choice(days), hours=8 + 9 * random.random())
        yield line(time, user, random.choice(hosts), f"{home}.{random.randrange(20, 24)}", key)
    stolen = first + timedelta(days=DAYS + 1, hours=hour + random.random())
    elsewhere = f"{random.randrange(240, 250)}.{random.randrange(256)}.{random.randrange(256)}.7"
    yield line(stolen, user, hosts[0] if own_host else other, elsewhere, key if with_key else None)


def rare_buckets():
    """Active buckets of one usual value before a new one scores 75."""
    usual, buckets = 0.0, 0
    while True:
        buckets += 1
        usual = usual * math.exp(-0.00025) + 1
        probability = 1 / (usual + 1)
        if probability < 0.05 and 5 + 95 * math.log(0.05 / probability) / math.log(500) >= 75:
            return buckets


def one_log(agent, work, first, ordinary, logons):
    """The users, with their case, whose theft was found."""
    lines, cases = [], {}
    for number, case in enumerate(list(CASES) * USERS):
        lines += user_lines(number, logons, case, first)
        cases[f"learner{number:04d}"] = case
    lines.sort(key=lambda entry: entry[0])
    with open(f"{work}/all.log", "w", encoding="utf-8") as log:
        log.writelines(text for _, text in heapq.merge(ordinary, lines, key=lambda entry: entry[0]))
    alerts = subprocess.run([agent, "replay", "-q", "--timezone", "UTC", "--alerts-from",
                             stamp(first + timedelta(days=DAYS + 1)), f"{work}/all.log"],
                            check=True, capture_output=True, text=True).stdout
    found = {json.loads(alert).get("user", {}).get("name") for alert in alerts.splitlines()}
    return [(user, case) for user, case in cases.items() if user in found]


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build/release"
    seed = sys.argv[2] if len(sys.argv) > 2 else "1"
    random.seed(int(seed))
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([f"{build}/bench/fleet-sim", "--seed", seed, "--attacks", "0", "--days", str(DAYS + 3),
                        "--test-days", "1", "--out", work], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        with open(f"{work}/meta.json", encoding="utf-8") as text:
            first = datetime.fromisoformat(json.load(text)["start"][:19])
        with open(f"{work}/auth.log", encoding="utf-8") as log:
            ordinary = [(text[:32], text) for text in log]
        found = {(case, logons): 0 for case in CASES for logons in LOGONS}
        for logons in LOGONS * RUNS:
            for user, case in one_log(f"{build}/bin/doorward-agent", work, first, ordinary, logons):
                found[case, logons] += 1
    print("| one logon with a stolen credential | " + " | ".join(map(str, LOGONS)) + " |")
    print("| --- |" + " ---: |" * len(LOGONS))
    for case in CASES:
        shares = [found[case, logons] / (USERS * RUNS) for logons in LOGONS]
        print(f"| {case} | " + " | ".join(f"{share:.2f}" for share in shares) + " |")
    print(f"\n`rare` reaches 75 for a value never seen after {rare_buckets():,} active buckets.")


main()
