"""kill -9 of the server, of the agents, and both with the network cut: nothing is lost, and nothing is
applied twice.

How that is seen: counts of pairs and totals are sums, so a delta that was lost or applied twice
leaves other bytes in the server's baseline than one that was applied once.

DOORWARD_FLEET_KILLS (20) and DOORWARD_FLEET_DELTAS (10,000) make longer runs."""
import random
import subprocess
import time
import unittest

from equality_test import BEGIN, END, own_baseline, parts_of
from network import CutNetwork, why_no_network
from quiet_policy import first_logons, last_line, write_quiet_policy
from world import LOAD, World, demo_lines, number_of, settled, until

KILLS = number_of("DOORWARD_FLEET_KILLS", 20)
DELTAS = number_of("DOORWARD_FLEET_DELTAS", 10_000)
NO_NETWORK = why_no_network()
ALERTS = max(DELTAS // 10, 100)


class LoadAndKills(unittest.TestCase):
    @unittest.skipIf(not LOAD, "server-load is not built (DOORWARD_BUILD_BENCH)")
    def test_server_killed_under_load(self):
        """10,000 deltas and 1,000 alerts of simulated agents, which send again what was not
        acknowledged. server-load writes the baseline of all its deltas, each once."""
        rng = random.Random(KILLS)
        with World() as world:
            server = world.server()
            agents = 40
            expected = world.folder / "expected.dwbl"
            output = world.folder / "load.log"
            with open(output, "w") as log:
                load = subprocess.Popen(
                    [LOAD, "--server", server.address, "--agents", str(agents), "--token",
                     server.token(uses=agents), "--connect-over", "0.5", "--entries", "12",
                     "--deltas", "1000", "--alerts", "100", "--total-deltas", str(DELTAS),
                     "--total-alerts", str(ALERTS), "--for", "600", "--reconnect-ms", "200",
                     "--verify", str(expected)], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            world.cleanups.append(lambda: (load.kill(), load.wait()))
            until("deltas come", lambda: (server.try_ask("baseline", "status") or
                                          {"baselines": [{"deltas": 0}]})["baselines"][0]["deltas"] > 0)
            kills = 0
            while load.poll() is None and kills < KILLS:
                time.sleep(rng.uniform(0.05, 0.6))
                server.kill()
                kills += 1
                server.spawn()
                # Sometimes again before it is up.
                if rng.random() < 0.3:
                    time.sleep(rng.uniform(0, 0.1))
                    server.kill()
                    server.spawn()
                else:
                    until("it is back", lambda: server.try_ask("status"))
            until("the load has ended", lambda: load.poll() is not None, 300, 0.2)
            said = output.read_text()
            self.assertEqual(load.returncode, 0, said)
            self.assertGreaterEqual(kills, min(KILLS, 5), said)
            until("the round is closed", lambda: (server.try_ask("baseline", "status") is not None and
                                                  server.group()["entries_waiting"] == 0))
            self.assertTrue(server.export() == expected.read_bytes(), "the baselines differ\n" + said)
            self.assertEqual(server.ask("status")["alerts"]["stored"], ALERTS)
            total = sum(a["last_delta"] for a in server.ask("agents", "list", "--limit", 1000)["agents"])
            self.assertEqual(total, DELTAS)
            print(f"{kills} kills of the server, {total:,} deltas, {ALERTS:,} alerts: equal; " +
                  " | ".join(line for line in said.splitlines() if line.startswith(("deltas", "alerts"))),
                  flush=True)


class RealAgents(unittest.TestCase):
    """Three agents with their parts of a fleet's log, under the policy by which the fleet's baseline
    is a function of the lines; whatever is killed, it is that of all lines at the end."""

    def play(self, trouble, pieces, network=None):
        lines = demo_lines()
        with World() as world:
            address = "127.0.0.1"
            if network:
                network.up(world)
                address = network.server_address
            server = world.server(start=False, address=address)
            server.start()
            policy = write_quiet_policy(world.folder / "quiet")
            server.plain("policy", "apply", policy)
            token = server.token(uses=3)
            agents = []
            for i in range(3):
                agent = world.agent(f"agent-{i}", start=False)
                agent.server = server
                if network:
                    agent.prefix = network.prefix
                agent.enroll(token)
                agents.append(agent.start())
            for agent in agents:
                until("the policy is in force", lambda a=agent: a.fleet().get("policy") == 1)
            first = first_logons(lines, BEGIN)
            agents[0].write(first)
            settled(server, agents)
            parts = parts_of(lines, 3)
            for piece in range(pieces):
                for agent, part in zip(agents, parts):
                    size = len(part) // pieces + 1
                    agent.write(part[piece * size:(piece + 1) * size])
                trouble(piece, server, agents)
            if network:
                network.link("up")
            for program in [server, *agents]:
                if not program.running():
                    program.spawn()
            last = [last_line(agent.name, END + i) for i, agent in enumerate(agents)]
            for agent, line in zip(agents, last):
                agent.write(line)
            until("the server answers", lambda: server.try_ask("status"))
            until("the agents answer", lambda: all(agent.status() for agent in agents))
            # After many failed tries an agent waits for up to a minute; one that starts does not.
            for agent in agents:
                if not agent.fleet().get("connected"):
                    agent.kill()
                    agent.start()
            settled(server, agents, patience=120)
            fleet = server.export()
            whole = world.folder / "all.log"
            whole.write_bytes(b"".join(first + lines + last))
            out = world.folder / "replayed.dwbl"
            agents[0].run("replay", "-q", "--policy", policy, "--key", agents[0].state / "hash.key",
                          "--baseline-out", out, whole)
            self.assertTrue(fleet == out.read_bytes(), "the fleet's baseline is not that of all lines")
            for agent in agents:
                self.assertEqual(agent.fleet()["dropped_deltas"], 0)
                agent.stop()
                self.assertTrue(own_baseline(agent) == fleet, agent.name)
            print(f"{pieces} times trouble, {server.group()['generation']} generations: equal", flush=True)

    def test_agents_killed(self):
        rng = random.Random(KILLS + 1)

        def trouble(_, __, agents):
            time.sleep(rng.uniform(0, 1.2))
            victim = rng.choice(agents)
            victim.kill()
            victim.spawn()
        self.play(trouble, max(KILLS // 2, 1))

    def test_both_killed(self):
        rng = random.Random(KILLS + 2)

        def trouble(_, server, agents):
            time.sleep(rng.uniform(0, 1.2))
            for victim in rng.sample([server, *agents], 2):
                victim.kill()
                victim.spawn()
        self.play(trouble, max(KILLS // 4, 1))

    @unittest.skipIf(NO_NETWORK, NO_NETWORK)
    def test_both_killed_and_the_network_cut(self):
        """The agents live in a network namespace of their own; its cable is pulled, and plugged in
        again, between kills."""
        rng = random.Random(KILLS + 3)
        network = CutNetwork()

        def trouble(piece, server, agents):
            time.sleep(rng.uniform(0, 1))
            if piece % 2 == 0:
                network.link("down")
                time.sleep(rng.uniform(0, 0.5))
            victim = rng.choice([server, *agents])
            victim.kill()
            victim.spawn()
            time.sleep(rng.uniform(0, 1))
            network.link("up")
        self.play(trouble, max(KILLS // 4, 1), network)


if __name__ == "__main__":
    unittest.main(verbosity=2)
