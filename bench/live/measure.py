#!/usr/bin/env python3
"""What the running agent costs and how fast it answers.

    bench/live/measure.py AGENT [--alerts N] [--seconds S] [--rates 0,1000,50000] [--starts N]
                          [--server SERVER]

First: the time from the write of a log line to its alert in the output file, over N alerts, at 100
lines a second (p50, p99). Then: CPU share and resident memory at some rates of lines a second, all
rules on: at the end, and at its peak. With --server the agent is enrolled with one that runs on
loopback (deltas and rounds every 2 s). Then, with --starts: the time from the start of the process
until it watches its logs, which it tells systemd. Everything happens in a temporary folder.
"""
import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

def agent_toml(folder, more=""):
    with open(f"{folder}/agent.toml", "w") as out:
        out.write(
            f'[state]\ndir = "{folder}/state"\nrun_dir = "{folder}/run"\n'
            f'[inputs]\nauto = false\nclock = "log"\n'
            f'[[input]]\npath = "{folder}/auth.log"\nsource = "authlog"\n'
            f'[[output]]\ntype = "file"\npath = "{folder}/alerts.ndjson"\n' + more)


class Agent:
    def __init__(self, program, folder, more="", server=None):
        self.program, self.folder = program, folder
        os.makedirs(f"{folder}/run", exist_ok=True)
        open(f"{folder}/auth.log", "a").close()
        agent_toml(folder, more + "[metrics]\nlisten = \"off\"\n")
        if server:
            server.enroll(program, folder)
        self.log = open(f"{folder}/agent.log", "w")
        self.process = subprocess.Popen([program, "run", "-c", f"{folder}/agent.toml"],
                                        stdout=self.log, stderr=self.log)
        while self.status() is None:
            if self.process.poll() is not None:
                sys.exit(open(f"{folder}/agent.log").read())
            time.sleep(0.05)

    def status(self):
        ran = subprocess.run([self.program, "status", "--json", "-c", f"{self.folder}/agent.toml"],
                             capture_output=True, text=True)
        return json.loads(ran.stdout) if ran.returncode == 0 else None

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self, name="VmRSS"):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        return 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Server:
    """doorward-server on loopback, for agents in `folder`."""

    def __init__(self, program, folder):
        self.program, self.config = program, f"{folder}/server.toml"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        os.makedirs(f"{folder}/server-run")
        subprocess.run([program, "init", "--data", f"{folder}/server", "--name", "localhost"],
                       check=True, capture_output=True)
        with open(self.config, "w") as out:
            out.write(f'[server]\ndata_dir = "{folder}/server"\nrun_dir = "{folder}/server-run"\n'
                      f'[agents]\nlisten = "127.0.0.1:{self.port}"\n'
                      f'delta_interval_s = 2\nround_interval_s = 2\n[api]\nlisten = "off"\n')
        self.log = open(f"{folder}/server.log", "w")
        self.process = subprocess.Popen([program, "run", "-c", self.config], stdout=self.log,
                                        stderr=self.log)
        for _ in range(200):
            if os.path.exists(f"{folder}/server-run/api.sock"):
                break
            time.sleep(0.1)
        made = subprocess.run([program, "token", "create", "-c", self.config],
                              capture_output=True, text=True)
        if made.returncode != 0:
            sys.exit(open(f"{folder}/server.log").read() + made.stderr)
        self.token = f"{folder}/token"
        with open(self.token, "w") as out:
            out.write(made.stdout)
        os.chmod(self.token, 0o600)

    def enroll(self, agent, folder):
        subprocess.run([agent, "enroll", "-c", f"{folder}/agent.toml", "--server",
                        f"127.0.0.1:{self.port}", "--token-file", self.token],
                       check=True, capture_output=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".000000+00:00"


def latency(program, alerts, rule_file):
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/rules")
        with open(f"{folder}/rules/every_logon.toml", "w") as out:
            out.write(open(rule_file).read())
        agent = Agent(program, folder, f'[rules]\ndir = "{folder}/rules"\n')
        written, seen = {}, {}
        done = threading.Event()

        def watch():
            rest = b""
            while not os.path.exists(f"{folder}/alerts.ndjson"):
                time.sleep(0.01)
            with open(f"{folder}/alerts.ndjson", "rb", buffering=0) as alerts_file:
                while not done.is_set():
                    block = alerts_file.read(1 << 20)
                    now = time.monotonic()
                    if not block:
                        time.sleep(0.0003)
                        continue
                    lines = (rest + block).split(b"\n")
                    rest = lines.pop()
                    for line in lines:
                        if b'"bench_every_logon"' not in line or b'"update"' in line:
                            continue
                        at = line.find(b'"port":')
                        seen.setdefault(int(line[at + 7:line.find(b"}", at)].split(b",")[0]), now)

        thread = threading.Thread(target=watch)
        thread.start()
        log = open(f"{folder}/auth.log", "ab", buffering=0)
        base = 1_760_000_000
        for i in range(alerts):
            address = f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"
            when = base + i * 12
            line = (f"{stamp(when)} db-04 sshd[{i + 1}]: Accepted password for u{i % 500} from "
                    f"{address} port {i + 1} ssh2\n").encode()
            log.write(line)
            written[i + 1] = time.monotonic()
            time.sleep(0.01)
        time.sleep(2)
        done.set()
        thread.join()
        agent.stop()
        took = sorted(1000 * (seen[i] - written[i]) for i in written if i in seen)
        if not took:
            sys.exit("no alert came: " + open(f"{folder}/agent.log").read())
        share = lambda p: took[min(len(took) - 1, int(p * len(took)))]
        print(f"line written to alert in the file, {len(took):,} of {alerts:,} alerts: "
              f"p50 {share(0.5):.1f} ms, p99 {share(0.99):.1f} ms, most {took[-1]:.1f} ms")


def lines_for(rate, block_of):
    """Blocks of ordinary log lines: half logons of 300 users, half other lines."""
    source = random.Random(1)
    blocks, when = [], 1_760_000_000.0
    for _ in range(200):
        block = []
        for _ in range(block_of):
            when += 1 / max(rate, 1)
            user = source.randrange(300)
            kind = source.random()
            if kind < 0.4:
                block.append(f"{stamp(when)} web-{source.randrange(9)} sshd[{source.randrange(30000)}]: "
                             f"Accepted publickey for user{user} from 10.1.{user % 7}.{user} port "
                             f"{source.randrange(1024, 65000)} ssh2: ED25519 SHA256:k{user}")
            elif kind < 0.5:
                block.append(f"{stamp(when)} web-1 sshd[{source.randrange(30000)}]: Failed password for "
                             f"user{user} from 192.0.2.{source.randrange(250)} port 4711 ssh2")
            else:
                block.append(f"{stamp(when)} web-1 CRON[{source.randrange(30000)}]: "
                             "pam_unix(cron:session): session opened for user root(uid=0)")
        blocks.append(("\n".join(block) + "\n").encode())
    return blocks


def load(program, rates, seconds, server_program):
    print(f"{'lines/s':>10} {'CPU':>8} {'RSS MiB':>9} {'peak':>6} {'behind':>8}")
    for rate in rates:
        with tempfile.TemporaryDirectory() as folder:
            server = Server(server_program, folder) if server_program else None
            agent = Agent(program, folder, server=server)
            log = open(f"{folder}/auth.log", "ab", buffering=0)
            pause = 0.01 if rate > 1000 else 0.1
            block_of = max(1, int(rate * pause))
            blocks = lines_for(rate, block_of) if rate else []
            cpu, begin, sent, i = agent.cpu_seconds(), time.monotonic(), 0, 0
            while (now := time.monotonic() - begin) < seconds:
                while rate and sent < now * rate:
                    log.write(blocks[i % len(blocks)])
                    i, sent = i + 1, sent + block_of
                time.sleep(pause)
            took = time.monotonic() - begin
            share = 100 * (agent.cpu_seconds() - cpu) / took
            time.sleep(0.5)
            rss, peak = agent.rss_mib(), agent.rss_mib("VmHWM")
            while (status := agent.status()) is None:
                time.sleep(0.2)
            behind = status["inputs"][0]["bytes_behind"]
            print(f"{sent / took:10,.0f} {share:7.1f}% {rss:9.1f} {peak:6.1f} {behind:8,}")
            agent.stop()
            if server:
                server.stop()


def starts(program, times):
    """Median ms from exec to READY=1, and the CPU that the process had taken by then."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/run")
        with open(f"{folder}/auth.log", "wb") as log:
            log.write(lines_for(1000, 50)[0])
        agent_toml(folder, '[metrics]\nlisten = "off"\n')
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(f"{folder}/notify")
        took, cpu = [], []
        for _ in range(times + 1):
            begin = time.monotonic()
            process = subprocess.Popen([program, "run", "-c", f"{folder}/agent.toml"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"})
            while b"READY=1" not in told.recv(4096):
                pass
            took.append(1000 * (time.monotonic() - begin))
            with open(f"/proc/{process.pid}/schedstat") as spent:
                cpu.append(int(spent.read().split()[0]) / 1e6)
            process.send_signal(signal.SIGTERM)
            process.wait()
            told.setblocking(False)
            try:
                while told.recv(4096):
                    pass
            except BlockingIOError:
                pass
            told.setblocking(True)
        median = lambda list: sorted(list)[len(list) // 2]
        print(f"start to watching, without a state: {took[0]:.1f} ms ({cpu[0]:.1f} of CPU); with one, "
              f"median of {times}: {median(took[1:]):.1f} ms ({median(cpu[1:]):.1f} of CPU)")


def main():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("agent")
    options.add_argument("--alerts", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--rates", default="0,1000,50000")
    options.add_argument("--starts", type=int, default=0)
    options.add_argument("--server")
    typed = options.parse_args()
    here = os.path.dirname(os.path.abspath(__file__))
    if typed.alerts:
        latency(typed.agent, typed.alerts, f"{here}/every_logon.toml")
    if typed.seconds:
        load(typed.agent, [int(rate) for rate in typed.rates.split(",")], typed.seconds,
             typed.server)
    if typed.starts:
        starts(typed.agent, typed.starts)


main()
