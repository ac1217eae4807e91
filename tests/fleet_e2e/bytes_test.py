"""How much an agent sends for each byte of log that it reads; printed, and held to generous bounds."""
import random
import time
import unittest

from world import World, demo_lines, settled, until

BEGIN = 1767571200  # 2026-01-05
PIECES = 8


def audit_noise(rng, seconds, serial):
    """What auditd says of a program that runs: no logon in it."""
    head = f"msg=audit({seconds:.3f}:{serial}):"
    pid = rng.randrange(1000, 60000)
    return (f'type=SYSCALL {head} arch=c000003e syscall=59 success=yes exit=0 a0=55d{pid:07x} a1=7ffd4 '
            f'a2=7ffd8 a3=8 items=2 ppid={pid - 1} pid={pid} auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 '
            f'fsuid=1000 egid=1000 sgid=1000 fsgid=1000 tty=pts0 ses=3 comm="ls" exe="/usr/bin/ls" key="exec"\n'
            f'type=EXECVE {head} argc=2 a0="ls" a1="-l{pid}"\n'
            f'type=CWD {head} cwd="/home/deploy/releases/{pid}"\n'
            f'type=PATH {head} item=0 name="/usr/bin/ls" inode={pid} dev=fe:00 mode=0100755 ouid=0 ogid=0 '
            'rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0\n')


def audit_logon(rng, seconds, serial, user, address):
    """As sshd of RHEL writes it."""
    pid = rng.randrange(1000, 60000)
    uid = 1000 + int(user[1:])
    rest = f"hostname={address} addr={address} terminal=ssh res=success'\n"
    return (f"type=USER_AUTH msg=audit({seconds:.3f}:{serial}): pid={pid} uid=0 auid=4294967295 ses=4294967295 "
            f"msg='op=PAM:authentication grantors=pam_unix acct=\"{user}\" exe=\"/usr/sbin/sshd\" {rest}"
            f"type=USER_LOGIN msg=audit({seconds + .01:.3f}:{serial + 1}): pid={pid} uid=0 auid={uid} ses=3 "
            f"msg='op=login id={uid} exe=\"/usr/sbin/sshd\" {rest}")


class Bytes(unittest.TestCase):
    def measure(self, what, interval, log, source, bound):
        with World() as world:
            server = world.server(more="", start=False)
            server.config.write_text(server.config.read_text().replace(
                "delta_interval_s = 1\n", f"delta_interval_s = {interval}\n"))
            server.start()
            agent = world.agent("web-01", server, inputs=(
                f'[[input]]\npath = "{world.folder}/web-01/auth.log"\nsource = "{source}"\n'))
            until("it is connected", lambda: agent.fleet().get("connected"))
            # In pieces over some seconds, so that there are as many deltas as the interval makes.
            lines = log.splitlines(keepends=True)
            size = len(lines) // PIECES + 1
            for piece in range(PIECES if interval == 1 else 1):
                agent.write(lines[piece * size:(piece + 1) * size] if interval == 1 else lines)
                time.sleep(1 if interval == 1 else 0)
            until("it is read", lambda: agent.read_all() and agent.status()["lines_read"] > 0)
            if interval == 1:
                settled(server, [agent])
            else:
                # A restart of the connection seals at once: the minute need not be waited for.
                server.stop()
                server.start()
                until("it is told", lambda: agent.told_all() and agent.fleet()["last_delta"] > 0)
            status = agent.status()
            sent, size = status["fleet"]["bytes_sent"], len(log)
            events = status["events"]["success"] + status["events"]["failure"]
            print(f"{what}: {size:,} bytes of log, {events:,} events, {status['fleet']['last_delta']} deltas, "
                  f"{status['alerts']['raised']} alerts: {sent:,} bytes sent, {100 * sent / size:.3f} %", flush=True)
            self.assertGreater(events, 0)
            self.assertLess(sent / size, bound)

    def test_logons_only(self):
        """A log in which every line is a logon, five weeks of 20 hosts at once: the worst there is."""
        log = b"".join(demo_lines())
        self.measure("auth.log of logons alone, sealed every second", 1, log, "authlog", 0.5)
        self.measure("auth.log of logons alone, sealed once", 60, log, "authlog", 0.5)

    def test_one_per_cent(self):
        """audit.log of a host where one record in a hundred is of a logon."""
        rng = random.Random(9)
        lines, serial = [], 1
        for i in range(40_000):
            when = BEGIN + i * 20
            if i % 50 == 0:
                user = rng.randrange(20)
                lines.append(audit_logon(rng, when, serial, f"u{user}", f"10.1.0.{user + 1}"))
            else:
                lines.append(audit_noise(rng, when, serial))
            serial += 2
        log = "".join(lines).encode()
        self.measure("audit.log, 1 % logons, sealed every second", 1, log, "auditd", 0.05)
        self.measure("audit.log, 1 % logons, sealed once", 60, log, "auditd", 0.05)


if __name__ == "__main__":
    unittest.main(verbosity=2)
