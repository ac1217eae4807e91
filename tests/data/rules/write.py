#!/usr/bin/env python3
"""Writes the logs of this folder: four ordinary weeks, and for each rule a log on which it fires and one on which it
must not. The same bytes every time.

    python3 tests/data/rules/write.py        then look at what changed and commit it
"""
import gzip
import json
import os
import random
from datetime import datetime, timedelta, timezone

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST = datetime(2026, 2, 2, tzinfo=timezone.utc)  # a Monday
TEST = FIRST + timedelta(days=28)  # the Monday on which the rules' logs begin

OFFICE = "89.160.20"  # the company's own network, in Linkoping
STAFF = ["alice", "bob", "carol", "dan", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl", "liv"]
HOSTS = ["web-01", "web-02", "web-03", "app-01", "app-02", "db-01", "db-02", "jump-01"]


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond:06d}+00:00"


def key_of(user):
    return "SHA256:" + random.Random("key of " + user).randbytes(24).hex()[:43]


def home_of(user):
    return f"89.160.{100 + STAFF.index(user)}.{20 + STAFF.index(user)}"


def hosts_of(user):
    rng = random.Random("hosts of " + user)
    return rng.sample(HOSTS[:5], 3)


class Log:
    """An auth.log of several hosts, as a central rsyslog holds it."""

    def __init__(self):
        self.lines = []
        self.pid = 1000

    def sshd(self, time, host, texts):
        self.pid = self.pid + 1 if self.pid < 30000 else 1000
        for i, text in enumerate(texts):
            at = time + timedelta(milliseconds=40 * i)
            self.lines.append((at, f"{stamp(at)} {host} sshd[{self.pid}]: {text}"))

    def accept(self, time, user, host, address, method="publickey", brief=False):
        port = 40000 + (self.pid * 7) % 20000
        key = f": ED25519 {key_of(user)}" if method == "publickey" else ""
        texts = [f"Accepted {method} for {user} from {address} port {port} ssh2{key}",
                 f"pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)"]
        self.sshd(time, host, texts[:1] if brief else texts)

    def fail(self, time, user, host, address, exists=True):
        port = 40000 + (self.pid * 7) % 20000
        if exists:
            texts = [f"Failed password for {user} from {address} port {port} ssh2"]
        else:
            texts = [f"Invalid user {user} from {address} port {port}",
                     f"Failed password for invalid user {user} from {address} port {port} ssh2"]
        self.sshd(time, host, texts + [f"Connection closed by {'' if exists else 'invalid user '}"
                                       f"{'authenticating user ' if exists else ''}{user} {address} port {port} [preauth]"])

    def text(self):
        return "".join(line + "\n" for _, line in sorted(self.lines, key=lambda entry: entry[0]))


def trail(time, user, action, address, error=None, message=None, service="ec2", region="eu-north-1", number=[0]):
    number[0] += 1
    record = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDA" + user.upper(), "accountId": "111122223333",
                         "arn": f"arn:aws:iam::111122223333:user/{user}", "userName": user},
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{service}.amazonaws.com", "eventName": action, "awsRegion": region,
        "sourceIPAddress": address, "userAgent": "aws-cli/2.15.0", "requestParameters": None,
        "responseElements": None,
        "eventID": f"00000000-0000-4000-8000-{number[0]:012d}", "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333"}
    if error:
        record["errorCode"] = error
        record["errorMessage"] = message or error
    return record


def sign_in(time, user, address, place, code=0, number=[0]):
    number[0] += 1
    city, country, latitude, longitude = place
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z"), "operationName": "Sign-in activity",
        "category": "SignInLogs", "tenantId": "7f0c0000-0000-4000-8000-000000000001", "resultType": str(code),
        "callerIpAddress": address,
        "properties": {
            "id": f"5160{number[0]:04x}-0000-4000-8000-000000000000", "createdDateTime": stamp(time),
            "userPrincipalName": f"{user}@corp.example", "userId": f"00000000-0000-4000-9000-{number[0]:012d}",
            "userDisplayName": user.title(), "ipAddress": address, "appDisplayName": "Office 365",
            "clientAppUsed": "Browser", "status": {"errorCode": code},
            "location": {"city": city, "countryOrRegion": country,
                         "geoCoordinates": {"latitude": latitude, "longitude": longitude}}}}


def eve(time, source, destination, signature, number=[0]):
    number[0] += 1
    return {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000000+0000"), "flow_id": 1000 + number[0],
            "event_type": "alert", "src_ip": source, "src_port": 51000, "dest_ip": destination, "dest_port": 443,
            "proto": "TCP", "alert": {"action": "allowed", "gid": 1, "signature_id": 2000000 + number[0], "rev": 1,
                                      "signature": signature, "category": "Attempted Information Leak", "severity": 2}}


LINKOPING = ("Linkoping", "SE", 58.41, 15.62)
LONDON = ("London", "GB", 51.51, -0.12)
SEATTLE = ("Seattle", "US", 47.61, -122.33)


# ---------------------------------------------------------------------------------------------- ordinary weeks


def ordinary_ssh():
    log = Log()
    rng = random.Random(1)
    for day in range(28):
        date = FIRST + timedelta(days=day)
        for user in STAFF if date.weekday() < 5 else STAFF[:2]:
            for i in range(rng.randint(4, 8)):
                time = date + timedelta(hours=7 + rng.random() * 10, seconds=rng.random())
                inside = rng.random() < 0.7
                address = f"{OFFICE}.{10 + STAFF.index(user)}" if inside else home_of(user)
                host = rng.choice(hosts_of(user))
                if rng.random() < 0.04:
                    for j in range(rng.randint(1, 3)):
                        log.fail(time - timedelta(seconds=20 - 5 * j), user, host, address)
                log.accept(time, user, host, address)
        # Maintenance: carol goes over a few hosts, and a job over all web hosts each night, a session for
        # each of its folders.
        if date.weekday() == 2:
            for i, host in enumerate(HOSTS[:5]):
                log.accept(date + timedelta(hours=14, minutes=2 * i), "carol", host, f"{OFFICE}.12")
        for i in range(420):
            log.accept(date + timedelta(hours=1, seconds=4 * i), "backup", HOSTS[i % 3], "10.20.0.5", brief=True)
        # The internet: bots with lists of names.
        for bot in range(rng.randint(4, 8)):
            address = f"{rng.randint(31, 200)}.{rng.randint(1, 250)}.{rng.randint(1, 250)}.{rng.randint(1, 250)}"
            time = date + timedelta(hours=24 * rng.random())
            for i in range(rng.randint(1, 14)):
                name = rng.choice(["root", "admin", "test", "ubuntu", "oracle", "postgres", "git", "guest", "pi"])
                log.fail(time + timedelta(seconds=i * rng.randint(3, 40)), name, "jump-01", address, name == "root")
    return log.text()


def ordinary_cloudtrail():
    rng = random.Random(2)
    records = []
    people = {"alice": (f"{OFFICE}.10", 0), "bob": (f"{OFFICE}.11", 0), "carol": ("81.2.69.142", 0),
              "deploy": ("216.160.83.56", 1)}
    commands = [("ec2", "DescribeInstances", 30), ("s3", "ListBuckets", 12), ("s3", "GetBucketLocation", 10),
                ("ec2", "DescribeSecurityGroups", 8), ("logs", "GetLogEvents", 20), ("sts", "GetCallerIdentity", 8)]
    jobs = [("ec2", "RunInstances", 4), ("ec2", "TerminateInstances", 4), ("ecs", "UpdateService", 10),
            ("ec2", "DescribeInstances", 10), ("s3", "PutObject", 10)]
    for day in range(28):
        date = FIRST + timedelta(days=day)
        for user, (address, job) in people.items():
            if date.weekday() > 4 and not job:
                continue
            table = jobs if job else commands
            for i in range(40):
                time = date + timedelta(hours=7 + 10 * rng.random())
                service, action, _ = rng.choices(table, [weight for _, _, weight in table])[0]
                failed = rng.random() < 0.02
                records.append(trail(time, user, action, address, *(
                    ("Client.UnauthorizedOperation", "You are not authorized to perform this operation.")
                    if failed else ()), service=service))
        # A job that lists what there is, and asks for much that is gone.
        for i in range(300):
            gone = i % 5 == 0
            records.append(trail(date + timedelta(minutes=4.5 * i), "inventory",
                                 "DescribeInstances" if i % 3 else "GetFunction", f"{OFFICE}.5", *(
                ("ResourceNotFoundException", "The resource was not found.") if gone else ())))
    records.sort(key=lambda record: record["eventTime"])
    return json.dumps({"Records": records}, separators=(",", ":"))


def ordinary_sign_ins():
    rng = random.Random(3)
    records = []
    for day in range(28):
        date = FIRST + timedelta(days=day)
        for user in STAFF if date.weekday() < 5 else STAFF[:1]:
            for i in range(4):
                time = date + timedelta(hours=7 + 10 * rng.random())
                place, address = LINKOPING, f"{OFFICE}.{10 + STAFF.index(user)}"
                if user in ("ivan", "judy"):  # the London office
                    place, address = LONDON, f"81.2.69.{10 + STAFF.index(user)}"
                records.append(sign_in(time, user, address, place, 50126 if rng.random() < 0.03 else 0))
        for i in range(60):  # a program that synchronises, day and night
            records.append(sign_in(date + timedelta(minutes=24 * i), "sync", f"{OFFICE}.6", LINKOPING))
    return lines_of(records)


def lines_of(records):
    when = lambda record: record.get("time") or record.get("timestamp") or record.get("eventTime")
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in sorted(records, key=when))


# ---------------------------------------------------------------------------------------------- the rules' logs

LOGS = {}  # file name: text


def case(name, verdict, entries, suffix="log"):
    LOGS[f"{name}.{verdict}.{suffix}"] = entries.text() if isinstance(entries, Log) else lines_of(entries)


def ssh(*entries):
    """(hours after midnight of the test day, user, host, address[, method])"""
    log = Log()
    for hours, *rest in entries:
        log.accept(TEST + timedelta(hours=hours), *rest)
    return log


def at(hours, seconds=0.0):
    return TEST + timedelta(hours=hours, seconds=seconds)


FAR = "175.16.199.77"
OTHER = "216.160.83.61"
alices = hosts_of("alice")[0]
usual = ssh((9.5, "alice", alices, f"{OFFICE}.10"), (10.1, "bob", hosts_of("bob")[0], f"{OFFICE}.11"))


def rare_rules():
    night = ssh((1.1, "backup", "web-01", "10.20.0.5"), (1.11, "backup", "web-02", "10.20.0.5"))
    case("rare_source_ip_for_user", "fires", ssh((1.1, "backup", "web-01", FAR)))
    # A new lease in the office.
    case("rare_source_ip_for_user", "quiet", ssh((9.5, "alice", alices, f"{OFFICE}.77")))
    case("rare_user", "fires", ssh((9.5, "mallory", "web-01", f"{OFFICE}.66")))
    case("rare_user", "quiet", usual)
    case("rare_hour_for_user", "fires", ssh((14.2, "backup", "web-01", "10.20.0.5")))
    case("rare_hour_for_user", "quiet", night)
    case("rare_host_for_user", "fires", ssh((1.1, "backup", "jump-01", "10.20.0.5")))
    case("rare_host_for_user", "quiet", ssh((9.5, "bob", min(set(HOSTS[:3]) - set(hosts_of("bob"))), f"{OFFICE}.11")))
    case("rare_credential_for_user", "fires", ssh((1.1, "backup", "web-01", "10.20.0.5", "password")))
    case("rare_credential_for_user", "quiet", night)
    case("rare_method_for_user", "fires", ssh((1.1, "backup", "web-01", "10.20.0.5", "password")))
    case("rare_method_for_user", "quiet", night)
    case("rare_hour_of_day_for_user", "fires", ssh((14.2, "backup", "web-01", "10.20.0.5")))
    case("rare_hour_of_day_for_user", "quiet", night)
    case("rare_network_for_user", "fires", ssh((1.1, "backup", "web-01", FAR)))
    case("rare_network_for_user", "quiet", ssh((1.1, "backup", "web-01", "10.20.0.77")))
    case("rare_host_for_network", "fires", ssh((1.1, "backup", "jump-01", "10.20.0.5")))
    case("rare_host_for_network", "quiet", ssh((9.5, "bob", "jump-01", f"{OFFICE}.11")))
    case("rare_user_for_host", "fires", ssh((1.1, "mallory", "web-01", "10.20.0.5")))
    case("rare_user_for_host", "quiet", ssh((9.5, "alice", alices, f"{OFFICE}.10")))
    case("unusual_logon", "fires", ssh((2.2, "alice", "db-02", FAR, "password")))
    case("unusual_logon", "quiet", usual)


def rate_rules():
    flood = Log()
    for i in range(400):
        flood.accept(at(9, 1.5 * i), STAFF[i % 12], "web-01", f"{OFFICE}.{10 + i % 12}")
    case("high_count_logons", "fires", flood)
    few = Log()
    for i in range(8):
        few.accept(at(9, 60 * i), STAFF[i], hosts_of(STAFF[i])[0], f"{OFFICE}.{10 + i}")
    case("high_count_logons", "quiet", few)

    guessing = Log()
    for i in range(200):
        guessing.fail(at(9, 2.0 * i), "alice", "web-01", FAR)
    typing = Log()
    for i in range(3):
        typing.fail(at(9, 6.0 * i), "alice", alices, f"{OFFICE}.10")
    typing.accept(at(9, 20), "alice", alices, f"{OFFICE}.10")
    case("high_count_failures_for_user", "fires", guessing)
    # From everywhere, at names that nobody has.
    many = Log()
    for i in range(200):
        many.fail(at(9, 2.0 * i), f"guess{i % 100}", "db-01", f"{31 + i % 100}.7.{i % 100}.9", exists=False)
    case("high_count_logon_failures", "fires", many)
    busy = Log()
    for i in range(100):
        busy.accept(at(9, 4.0 * i), STAFF[i % 12], "db-01", f"{OFFICE}.{10 + i % 12}")
        busy.fail(at(9, 4.0 * i + 2), f"guess{i}", "db-01", f"{31 + i}.7.{i}.9", exists=False)
    case("suspicious_login_activity", "fires", busy)
    for rule in ("high_count_logon_failures", "suspicious_login_activity", "high_count_failures_for_user"):
        case(rule, "quiet", typing)

    proxy = Log()
    for i in range(150):
        proxy.accept(at(9, 4.0 * i), STAFF[i % 12], HOSTS[i % 5], FAR)
    case("high_count_logons_for_source_ip", "fires", proxy)
    case("high_count_logons_for_source_ip", "quiet", usual)

    spray = Log()
    for i in range(60):
        spray.fail(at(9, 10.0 * i), f"person{i:02d}", HOSTS[i % 4], FAR, i % 10 != 0)
    for rule in ("password_spraying", "account_spraying"):
        case(rule, "fires", spray)
    # One person who tries every spelling of their own name, and a bot with its list.
    spellings = Log()
    for i, name in enumerate(["alise", "alcie", "alice", "Alice"]):
        spellings.fail(at(9, 15.0 * i), name, alices, f"{OFFICE}.10", name == "alice")
    for i, name in enumerate(["root", "admin", "test", "ubuntu", "oracle", "git", "pi"]):
        spellings.fail(at(10, 30.0 * i), name, "jump-01", "101.44.3.9", name == "root")
    for rule in ("password_spraying", "account_spraying"):
        case(rule, "quiet", spellings)

    botnet = Log()
    for i in range(60):
        botnet.fail(at(9, 90.0 * i), "alice", "jump-01", f"{31 + i}.7.{i}.9")
    case("distributed_guessing", "fires", botnet)
    slow = Log()
    for i in range(36):
        slow.fail(at(3.0 * i), "alice", "jump-01", f"{31 + i}.7.{i}.9")
    case("slow_guessing", "fires", slow)
    travels = Log()
    for i, address in enumerate([f"{OFFICE}.10", home_of("alice"), "81.2.69.9"]):
        travels.fail(at(9 + i), "alice", alices, address)
    case("distributed_guessing", "quiet", travels)
    case("slow_guessing", "quiet", travels)

    fan = Log()
    for i in range(24):
        fan.accept(at(9, 20.0 * i), "alice", f"srv-{i:02d}", "10.20.0.31")
    case("lateral_fan_out", "fires", fan)
    sweep = Log()  # carol's Wednesday round, on a Wednesday
    for i, host in enumerate(HOSTS[:5]):
        sweep.accept(at(48 + 14, 120.0 * i), "carol", host, f"{OFFICE}.12")
    case("lateral_fan_out", "quiet", sweep)


def sequence_rules():
    hit = Log()
    for i in range(200):
        hit.fail(at(9, 2.0 * i), "bob", "web-01", FAR)
    hit.accept(at(9, 410), "bob", "web-01", FAR, "password")
    case("brute_force_success", "fires", hit)
    typing = Log()
    for i in range(3):
        typing.fail(at(9, 6.0 * i), "bob", "web-01", f"{OFFICE}.11")
    typing.accept(at(9, 20), "bob", "web-01", f"{OFFICE}.11", "password")
    case("brute_force_success", "quiet", typing)
    # fires: the recorded logs of tests/data/recorded, in which a local user forged lines
    case("forged_logon_record", "quiet", usual)
    case("impossible_travel", "fires", [sign_in(at(9), "alice", f"{OFFICE}.10", LINKOPING),
                                        sign_in(at(9.5), "alice", OTHER, SEATTLE)], "json")
    case("impossible_travel", "quiet", [sign_in(at(9), "alice", f"{OFFICE}.10", LINKOPING),
                                        sign_in(at(13), "alice", "81.2.69.44", LONDON)], "json")


def place_rules():
    away = [sign_in(at(9), "sync", OTHER, SEATTLE)]
    home = [sign_in(at(9), "sync", f"{OFFICE}.91", LINKOPING)]
    for rule in ("rare_country_for_user", "rare_city_for_user"):
        case(rule, "fires", away, "json")
        case(rule, "quiet", home, "json")


def aws_rules():
    rare = [trail(at(9), "inventory", "CreateAccessKey", f"{OFFICE}.5", service="iam")]
    common = [trail(at(9), "alice", "DescribeInstances", f"{OFFICE}.10"),
              trail(at(9.1), "inventory", "GetFunction", f"{OFFICE}.5")]
    for rule in ("aws_rare_command_for_city", "aws_rare_command_for_country", "aws_rare_command_for_user"):
        case(rule, "fires", rare, "json")
        case(rule, "quiet", common, "json")
    case("aws_rare_city_for_user", "fires", [trail(at(9), "inventory", "DescribeInstances", FAR)], "json")
    case("aws_rare_city_for_user", "quiet", common, "json")
    case("aws_rare_error_code", "fires", [trail(at(9), "alice", "GetSecretValue", f"{OFFICE}.10",
                                                "DecryptionFailure", service="secretsmanager")], "json")
    refused = [trail(at(9), "alice", "RunInstances", f"{OFFICE}.10", "Client.UnauthorizedOperation",
                     "You are not authorized to perform this operation.")]
    case("aws_rare_error_code", "quiet", refused, "json")
    probing = [trail(at(9, 5 * i), "alice", f"List{name}", f"{OFFICE}.10", "AccessDenied",
                     f"User alice is not authorized to perform {name}", service="iam")
               for i, name in enumerate(f"Thing{j:02d}" for j in range(40))]
    case("aws_high_distinct_errors", "fires", probing, "json")
    case("aws_high_distinct_errors", "quiet", refused, "json")


def match_rules():
    scan = "ET SCAN Behavioral Unusually fast outbound connection"
    case("signin_from_suspicious_source", "fires",
         [eve(at(7), OTHER, f"{OFFICE}.2", scan)], "eve.json")
    LOGS["signin_from_suspicious_source.fires.json"] = lines_of([sign_in(at(9), "alice", OTHER, SEATTLE)])
    case("signin_from_suspicious_source", "quiet",
         [eve(at(7), "216.160.83.99", f"{OFFICE}.2", scan)], "eve.json")
    LOGS["signin_from_suspicious_source.quiet.json"] = lines_of([sign_in(at(9), "alice", OTHER, SEATTLE)])
    # 60 failures for bob, then the password, at night, then twenty hosts.
    intrusion = Log()
    for i in range(200):
        intrusion.fail(at(2, 2.0 * i), "bob", "web-01", FAR)
    intrusion.accept(at(2, 420), "bob", "web-01", FAR, "password")
    for i in range(24):
        intrusion.accept(at(2.5, 20.0 * i), "bob", f"srv-{i:02d}", FAR, "password")
    case("multiple_rules_for_entity", "fires", intrusion)
    case("multiple_rules_for_entity", "quiet", ssh((9.5, "alice", alices, FAR)))


def main():
    for rules in (rare_rules, rate_rules, sequence_rules, place_rules, aws_rules, match_rules):
        rules()
    for name in os.listdir(HERE):
        if name.endswith((".log", ".json", ".gz")):
            os.remove(os.path.join(HERE, name))
    for name, text in LOGS.items():
        with open(os.path.join(HERE, name), "w", encoding="utf-8") as out:
            out.write(text)
    for name, text in {"ordinary-ssh.log": ordinary_ssh(), "ordinary-cloudtrail.json": ordinary_cloudtrail(),
                       "ordinary-sign-ins.json": ordinary_sign_ins()}.items():
        with open(os.path.join(HERE, name + ".gz"), "wb") as raw:
            with gzip.GzipFile("", "wb", 9, raw, 0) as out:
                out.write(text.encode())


if __name__ == "__main__":
    main()
