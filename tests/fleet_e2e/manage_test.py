"""What a person does with a running fleet: policies, verdicts, revoking, clones, another key, backup
and restore, a restart."""
import os
import pathlib
import shutil
import subprocess
import time
import unittest

from equality_test import own_baseline, parts_of
from fresh_host_test import INTRUDED, history
from quiet_policy import write_quiet_policy
from world import World, demo_lines, logon, settled, until


def can_fake_machine():
    """Whether another /etc/machine-id can be put before one program."""
    if not pathlib.Path("/etc/machine-id").exists():
        return False
    try:
        return subprocess.run(["unshare", "-rm", "mount", "--bind", "/etc/hostname", "/etc/machine-id"],
                              capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class Policy(unittest.TestCase):
    def test_policy(self):
        with World() as world:
            server = world.server()
            agent = world.agent("web-01", server)
            folder = world.folder / "policy"
            (folder / "exceptions").mkdir(parents=True)
            (folder / "policy.toml").write_text(
                "[rules.rare_hour_for_user]\nenabled = false\n[rules.rare_user]\nthreshold = 70\n")
            (folder / "exceptions" / "vpn.toml").write_text(
                '[[exception]]\nname = "vpn-egress"\nrule = "*"\nuser.name = "alice"\nreason = "a test"\n'
                'owner = "tests"\nexpires = 2099-01-31\n')
            server.plain("policy", "validate", folder)
            server.plain("policy", "apply", folder, "--comment", "first")
            until("version 1 is in force", lambda: agent.fleet().get("policy") == 1)
            until("the server knows", lambda: server.shown("web-01")["live"]["policy"] == 1)
            said = agent.run("check", "-c", agent.config)
            self.assertIn("fleet policy 1 in force: 2 rule overrides", said.stdout + said.stderr)
            self.assertIn("1 exception", said.stdout + said.stderr)
            shown = agent.run("rules", "show", "rare_user", "-c", agent.config).stdout
            self.assertIn("threshold 70 instead of", shown)

            # One that this host cannot run: the database is not here. The version before stays.
            (folder / "policy.toml").write_text('[geo]\ndatabases = ["/nowhere/city.mmdb"]\n')
            server.plain("policy", "apply", folder, "--comment", "with places")
            until("the refusal is shown",
                  lambda: server.shown("web-01")["live"].get("policy_refused") == 2)
            live = server.shown("web-01")["live"]
            self.assertIn("/nowhere/city.mmdb", live["policy_reason"])
            self.assertEqual(live["policy"], 1)
            self.assertIn("/nowhere/city.mmdb", server.plain("agents", "show", "web-01").stdout)
            self.assertEqual(agent.fleet()["policy"], 1)

            # What the server itself refuses never becomes a version.
            (folder / "policy.toml").write_text("[rules.no_such_rule]\nenabled = false\n")
            refused = server.plain("policy", "apply", folder, good=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("policy.toml:1", refused.stdout + refused.stderr)

            server.plain("policy", "rollback", "1", "--comment", "back")
            until("version 3 is in force", lambda: agent.fleet().get("policy") == 3)
            until("the server knows", lambda: server.shown("web-01")["live"]["policy"] == 3)
            self.assertNotIn("policy_refused", server.shown("web-01")["live"])
            self.assertIn("threshold 70", agent.run("rules", "show", "rare_user", "-c", agent.config).stdout)
            # It holds without the server as well, after a restart.
            server.stop()
            agent.stop()
            agent.start()
            self.assertEqual(agent.fleet()["policy"], 3)


class Verdicts(unittest.TestCase):
    def test_verdicts(self):
        """A false positive releases what was held back: the next such logon is quiet. A true positive
        does not."""
        with World() as world:
            server = world.server()
            agent = world.agent("web-01", server)
            agent.write(history("web-01"))
            settled(server, [agent])

            def logs_on(user, host, address, day):
                """The logon of an intruder, or of somebody in a new place; whether it alerts."""
                def loud():
                    now = agent.status()
                    return now["alerts"]["raised"] + now["alerts"]["held_back"]
                before, events = loud(), agent.status()["events"]["success"]
                agent.write(logon(INTRUDED + day * 86400, host, user, address))
                until("it is scored", lambda: agent.status()["events"]["success"] == events + 1)
                return loud() > before

            def held():
                return agent.status()["baseline"]["quarantined"]

            for user, host, address, verdict, day in (
                    ("u001", "new-01", "198.51.100.9", "true_positive", 0),
                    ("u000", "new-02", "203.0.113.9", "false_positive", 2)):
                # What is held of the intruder before stays held when it was another rule's alert.
                others = held()
                self.assertTrue(logs_on(user, host, address, day), user)
                rows = until("its alert is there", lambda u=user: server.alerts("--user", u))
                self.assertGreaterEqual(rows[0]["score"], 60, "not one that is held back")
                self.assertEqual(held(), others + 1)
                server.plain("alerts", "verdict", rows[0]["id"], verdict, "--comment", "a test")
                until("the agent has heard", lambda: held() == others)
                self.assertEqual(logs_on(user, host, address, day + 1), verdict == "true_positive", verdict)
                self.assertEqual(server.ask("alerts", "show", rows[0]["id"])["verdict"], verdict)


class Identities(unittest.TestCase):
    def test_revoked(self):
        with World() as world:
            server = world.server()
            token = server.token(uses=2)
            agents = [world.agent(f"web-0{i}", server, token=token) for i in (1, 2)]
            for agent in agents:
                until("it is connected", lambda a=agent: a.fleet().get("connected"))
            server.plain("agents", "revoke", "web-01", "--reason", "sold")
            told = until("it is cut off and told why", lambda: (
                lambda fleet: not fleet["connected"] and fleet.get("last_error"))(agents[0].fleet()), 10)
            self.assertIn("revoked", told)
            self.assertIn("refuses this agent", agents[0].said())
            states = {a["host"]: a["state"] for a in server.ask("agents", "list")["agents"]}
            self.assertEqual(states, {"web-01": "revoked", "web-02": "connected"})
            # Not by starting again either; it goes on alone.
            agents[0].stop()
            agents[0].start()
            until("it is refused", lambda: "revoked" in agents[0].fleet().get("last_error", ""), 20)
            agents[0].write(logon(INTRUDED, "web-01", "alice", "10.0.0.1"))
            until("it reads on", lambda: agents[0].status()["events"]["success"] == 1)

    @unittest.skipIf(not can_fake_machine(), "no mount namespace for another /etc/machine-id")
    def test_clone(self):
        with World() as world:
            server = world.server()
            agent = world.agent("web-01", server)
            until("it is connected", lambda: agent.fleet().get("connected"))
            settled(server, [agent])
            agent.stop()
            clone = world.agent("web-02", start=False)
            shutil.copytree(agent.state, clone.state, ignore=shutil.ignore_patterns("lock"))
            agent.start()
            until("it is back", lambda: agent.fleet().get("connected"))
            other = clone.folder / "machine-id"
            other.write_text("0123456789abcdef0123456789abcdef\n")
            clone.prefix = ["unshare", "-rm", "sh", "-c",
                            f'mount --bind {other} /etc/machine-id && exec "$0" "$@"']
            clone.start()
            told = until("the clone is refused", lambda: clone.fleet().get("last_error"))
            self.assertIn("another machine", told)
            live = server.shown(agent.id)["live"]
            self.assertGreaterEqual(live["clones"], 1)
            self.assertTrue(live["connected"])
            self.assertTrue(agent.fleet()["connected"])
            audit = server.ask("audit", "--action", "agent.clone")
            self.assertIn(agent.id, str(audit))


class Operation(unittest.TestCase):
    def test_another_key(self):
        """After key rotate agents learn from their logs once more under the new key."""
        with World() as world:
            server = world.server()
            token = server.token(uses=2)
            server.plain("policy", "apply", write_quiet_policy(world.folder / "quiet"))
            agents = [world.agent(f"agent-{i}", server, token=token) for i in range(2)]
            for agent, part in zip(agents, parts_of(demo_lines(), 2)):
                until("the policy is in force", lambda a=agent: a.fleet().get("policy") == 1)
                agent.write(part)
            settled(server, agents)
            before, key = server.group(), (agents[0].state / "hash.key").read_bytes()
            self.assertGreater(before["partitions"], 100)
            server.plain("key", "rotate", "--yes")
            until("agents have the new key", lambda: all(
                (a.state / "hash.key").read_bytes() != key and a.status() for a in agents))
            settled(server, agents)
            after = server.group()
            self.assertEqual(after["partitions"], before["partitions"])
            self.assertEqual(server.ask("status")["key"]["number"], 2)
            fleet = server.export()
            for agent in agents:
                agent.stop()
                self.assertTrue(own_baseline(agent) == fleet, agent.name)

    def test_backup_and_restore(self):
        with World() as world:
            server = world.server()
            token = server.token(uses=2)
            agents = [world.agent(f"agent-{i}", server, token=token) for i in range(2)]
            parts = parts_of(demo_lines(), 2)
            thirds = [len(part) // 3 for part in parts]
            for agent, part, third in zip(agents, parts, thirds):
                agent.write(part[:third])
            settled(server, agents)
            file = world.folder / "backup.db"
            for agent, part, third in zip(agents, parts, thirds):
                agent.write(part[third:2 * third])
            server.plain("backup", file)
            self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
            settled(server, agents)
            alerts = {row["id"] for row in server.alerts()}
            server.kill()

            again = world.server("again", start=False, port=server.port, init=False)
            again.plain("restore", file)
            again.start()
            for agent, part, third in zip(agents, parts, thirds):
                agent.write(part[2 * third:])
            until("agents are back", lambda: again.ask("status")["agents"]["connected"] == 2)
            settled(again, agents)
            self.assertLessEqual(len({row["id"] for row in again.alerts()} - alerts),
                                 sum(a.status()["alerts"]["raised"] for a in agents))
            fleet = again.export()
            for agent in agents:
                agent.stop()
                self.assertTrue(own_baseline(agent) == fleet, agent.name)

    def test_graceful_restart(self):
        """The server is stopped and started; agents are back within seconds, and no delta is lost."""
        with World() as world:
            server = world.server()
            token = server.token(uses=3)
            agents = [world.agent(f"agent-{i}", server, token=token) for i in range(3)]
            parts = parts_of(demo_lines(), 3)
            for agent, part in zip(agents, parts):
                agent.write(part[:len(part) // 2])
            until("agents are there", lambda: server.ask("status")["agents"]["connected"] == 3)
            self.assertEqual(server.stop(), 0)
            for agent, part in zip(agents, parts):
                agent.write(part[len(part) // 2:])
            server.start()
            began = time.monotonic()
            until("agents are back", lambda: server.ask("status")["agents"]["connected"] == 3, 30)
            print(f"3 agents are back {time.monotonic() - began:.1f} s after the server", flush=True)
            settled(server, agents)
            fleet = server.export()
            for agent in agents:
                self.assertEqual(agent.fleet()["dropped_deltas"], 0)
                agent.stop()
                self.assertTrue(own_baseline(agent) == fleet, agent.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
