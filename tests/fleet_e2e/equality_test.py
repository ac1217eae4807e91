"""The fleet's baseline is the baseline of all logs together, to the byte."""
import unittest

from quiet_policy import first_logons, last_line, write_quiet_policy
from world import World, demo_lines, settled, until

BEGIN = 1767510000  # 2026-01-04, the day before the log begins
END = 1770602400    # 2026-02-09, two hours after it


def parts_of(lines, count):
    """The log by hosts, as `count` agents would have it."""
    hosts = sorted({line.split(b" ")[1] for line in lines})
    return [[line for line in lines if hosts.index(line.split(b" ")[1]) % count == i]
            for i in range(count)]


def own_baseline(agent):
    """The bytes of what an agent that was stopped has."""
    out = agent.folder / "own.dwbl"
    agent.run("baseline", "export", "--state", agent.state, "-o", out)
    return out.read_bytes()


class FleetEqualsAllLogs(unittest.TestCase):
    def test_fleet_equals_all_logs(self):
        """Three agents follow their hosts' parts of a fleet's log. What the server has at the end is
        the very file that one replay of the whole log writes.

        It can be exact: all sketches are functions of the set of additions, so neither the order in
        which hosts tell nor how it is cut into deltas and rounds matters, and under the quiet policy
        (quiet_policy.py says why) additions are a function of the events."""
        lines = demo_lines()
        with World() as world:
            server = world.server()
            policy = write_quiet_policy(world.folder / "quiet")
            server.plain("policy", "apply", "--group", "default", policy)
            token = server.token(uses=3)
            agents = [world.agent(f"agent-{i}", server, token=token) for i in range(3)]
            for agent in agents:
                until("the policy is in force", lambda a=agent: a.fleet().get("policy") == 1)
            first = first_logons(lines, BEGIN)
            agents[0].write(first)
            settled(server, agents)
            last = [last_line(agent.name, END + i) for i, agent in enumerate(agents)]
            # In pieces, so that there are many deltas and rounds.
            pieces = 5
            for piece in range(pieces):
                for agent, part in zip(agents, parts_of(lines, 3)):
                    size = len(part) // pieces + 1
                    agent.write(part[piece * size:(piece + 1) * size])
                until("they are read", lambda: all(a.read_all() for a in agents))
                before = server.group()["generation"]
                until("a round closes", lambda: server.group()["generation"] > before)
            for agent, line in zip(agents, last):
                agent.write(line)
            generation = settled(server, agents)
            self.assertGreaterEqual(generation, pieces)
            fleet = server.export()

            whole = world.folder / "all.log"
            whole.write_bytes(b"".join(first + lines + last))
            out = world.folder / "replayed.dwbl"
            agents[0].run("replay", "-q", "--policy", policy, "--key", agents[0].state / "hash.key",
                          "--baseline-out", out, whole)
            self.assertEqual(len(fleet), out.stat().st_size)
            self.assertTrue(fleet == out.read_bytes(), "the bytes differ")

            # And every agent has it: its own part and the others'.
            for agent in agents:
                agent.stop()
                self.assertTrue(own_baseline(agent) == fleet, agent.name)
            deltas = server.group()["deltas"]
            print(f"{len(lines):,} lines, {deltas} deltas, generation {generation}, "
                  f"{len(fleet):,} bytes: equal", flush=True)

    def test_all_rules(self):
        """With every rule on, agents score with what the fleet knows at that moment, so what they
        hold back or measure is not what one replay would. Still there is one truth: the server's
        baseline and every agent's are the same bytes once all is told."""
        with World() as world:
            server = world.server()
            token = server.token(uses=3)
            agents = [world.agent(f"agent-{i}", server, token=token, start=False) for i in range(3)]
            for agent, part in zip(agents, parts_of(demo_lines(), 3)):
                agent.write(part)
                agent.start()
            settled(server, agents)
            fleet = server.export()
            for agent in agents:
                agent.stop()
                self.assertTrue(own_baseline(agent) == fleet, agent.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
