"""A host without any history alerts on its first unusual logon, because the fleet knows better."""
import http.client
import json
import random
import socket
import threading
import time
import unittest

from world import World, logon, number_of, percentile, settled, until

USERS = 200
BEGIN = 1767571200      # 2026-01-05, a Monday
INTRUDED = 1770433200   # 2026-02-07, at 03:00, a Saturday


def is_of_logon(rule):
    return rule == "unusual_logon" or rule.startswith("rare_")


def history(host):
    """Five weeks of people who come by day, each from an address of their own."""
    rng = random.Random(5)
    lines = []
    for day in range(33):
        if day % 7 > 4:
            continue
        for user in range(USERS):
            when = BEGIN + day * 86400 + 8 * 3600 + rng.randrange(8 * 3600)
            lines.append((when, f"u{user:03}", f"10.1.{user // 200}.{user % 200 + 1}"))
    return [logon(when, host, user, address) for when, user, address in sorted(lines)]


def intrusion(number):
    """At night, from a network that nobody ever came from; half a minute after the one before, as
    one rule may alert 100 times in 15 minutes."""
    return logon(INTRUDED + 30 * number, "new-01", f"u{number % USERS:03}",
                 f"{30 + number // 250}.{number % 250}.7.9", pid=2000 + number)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Watch(threading.Thread):
    """When which user's alert was first to be had at the server."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.path = server.folder / "run" / "api.sock"
        self.seen, self.over = {}, False

    def run(self):
        connection = UnixConnection(self.path)
        while not self.over:
            connection.request("GET", "/api/v1/alerts?limit=30&host=new-01")
            rows = json.loads(connection.getresponse().read())["alerts"]
            now = time.monotonic()
            for row in rows:
                self.seen.setdefault(row["user"], now)
            time.sleep(0.001)


class FreshHost(unittest.TestCase):
    def test_first_unusual_logon(self):
        count = number_of("DOORWARD_FLEET_ALERTS", 200)
        self.assertLessEqual(count, USERS)
        with World() as world:
            server = world.server()
            old = world.agent("old-01", server)
            old.write(history("old-01"))
            settled(server, [old])
            fresh = world.agent("new-01", server)
            generation = server.group()["generation"]
            until("the fleet's baseline is there", lambda: fresh.fleet().get("generation") == generation)
            self.assertEqual(fresh.status()["lines_read"], 0)
            before = {row["id"] for row in server.alerts()}

            watch = Watch(server)
            watch.start()
            written = {}
            for i in range(count):
                fresh.write(intrusion(i))
                written[f"u{i:03}"] = time.monotonic()
                if i == 0:
                    # The very first line of this host.
                    until("the first alert is there", lambda: "u000" in watch.seen)
                time.sleep(0.05)
            until("all alerts are there", lambda: len(watch.seen) >= count, 30)
            watch.over = True
            watch.join()
            took = [1000 * (watch.seen[user] - at) for user, at in written.items()]
            print(f"line written to alert at the collector, {count} alerts: p50 {percentile(took, .5):.1f} ms, "
                  f"p99 {percentile(took, .99):.1f} ms, most {max(took):.1f} ms", flush=True)
            self.assertLess(percentile(took, .5), 5000)
            rows = [row for row in server.alerts() if row["id"] not in before]
            # Which rule speaks may change as the joint one measures what is going on.
            of_logons = [row for row in rows if is_of_logon(row["rule"])]
            self.assertEqual(sorted(row["user"] for row in of_logons), sorted(written))
            self.assertEqual({row["agent"] for row in of_logons}, {fresh.id})
            self.assertEqual(of_logons[-1]["rule"], "unusual_logon")

            # The same on a host of no fleet: nothing is unusual where nothing is known.
            alone = world.agent("alone-01")
            alone.write([intrusion(i) for i in range(count)])
            until("they are read", lambda: alone.status()["events"]["success"] == count)
            raised = alone.status()["alerts"]["by_rule"]
            self.assertEqual([rule for rule in raised if is_of_logon(rule)], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
