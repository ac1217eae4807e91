"""A small fleet of the real programs on loopback: one server, some agents, in a temporary folder.

    with World() as world:
        server = world.server()
        agent = world.agent("web-01")
        agent.write(lines)
        until("the line is read", lambda: agent.status()["lines_read"] == 1)

Whatever was started is killed at the end. Programs come from the environment: DOORWARD_AGENT,
DOORWARD_SERVER and, where it was built, DOORWARD_LOAD. DOORWARD_KEEP=1 leaves the folder.
"""
import gzip
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
AGENT = os.environ.get("DOORWARD_AGENT", "doorward-agent")
SERVER = os.environ.get("DOORWARD_SERVER", "doorward-server")
LOAD = os.environ.get("DOORWARD_LOAD", "")
DEMO = ROOT / "examples" / "fleet-auth.log.gz"
PATIENCE_S = 60
# Only one of several tests at a time may take the port between here and the server's own bind.
PORTS = (20000, 32000)


class Failed(AssertionError):
    """A condition was not met in time, or a program said no."""


def until(what, condition, patience=PATIENCE_S, every=0.05):
    """Waits for the condition to be true and gives what it gave; Failed after `patience` seconds."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {patience} s: {what}")
        time.sleep(every)


def number_of(name, otherwise):
    """A count that the environment may raise for long runs."""
    return int(os.environ.get(name, otherwise))


def free_port():
    while True:
        port = random.randrange(*PORTS)
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def demo_lines():
    with gzip.open(DEMO, "rb") as log:
        return log.read().splitlines(keepends=True)


def stamp(seconds):
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((seconds - whole) * 1e6):06d}+00:00"


def logon(seconds, host, user, address, pid=1000, port=50000):
    return (f"{stamp(seconds)} {host} sshd[{pid}]: Accepted password for {user} from {address} "
            f"port {port} ssh2\n").encode()


class Program:
    """A process that runs on: its log is kept, and told when something fails."""

    def __init__(self, world, name, words):
        self.world, self.name, self.words = world, name, words
        self.folder = world.folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "program.log"
        self.process = None
        self.prefix = []
        world.programs.append(self)

    def spawn(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.prefix + self.words, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9: no warning."""
        if self.running():
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self, patience=60):
        if self.running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                raise Failed(f"{self.name} does not end after SIGTERM") from None
        return self.process.returncode

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Server(Program):
    def __init__(self, world, name, address="127.0.0.1", more="", port=None, init=True):
        super().__init__(world, name, [SERVER, "run", "-c", str(world.folder / name / "server.toml")])
        self.host = address
        self.port = port or free_port()
        self.data = self.folder / "data"
        self.config = self.folder / "server.toml"
        self.more = more
        self.configure()
        if init:
            self.plain("init", "--data", str(self.data), "--name", "localhost", config=False)

    def configure(self):
        (self.folder / "run").mkdir(exist_ok=True)
        self.config.write_text(
            f'[server]\ndata_dir = "{self.data}"\nrun_dir = "{self.folder}/run"\n'
            f'[agents]\nlisten = "{self.host}:{self.port}"\n'
            "delta_interval_s = 1\nround_interval_s = 1\nheartbeat_s = 1\n"
            f'[api]\nlisten = "off"\n{self.more}')

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def start(self):
        self.spawn()

        def answers():
            if not self.running():
                raise Failed(f"{self.name} ended at once:\n{self.said()[-2000:]}")
            return self.try_ask("status") is not None
        until(f"{self.name} answers", answers)
        return self

    def plain(self, *words, config=True, good=True):
        """A command of doorward-server; gives the finished process."""
        ran = subprocess.run([SERVER, *map(str, words), *(["-c", str(self.config)] if config else [])],
                             capture_output=True, text=True, timeout=PATIENCE_S)
        if good and ran.returncode != 0:
            raise Failed(f"doorward-server {' '.join(map(str, words))}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran

    def ask(self, *words):
        """The --json answer of a command."""
        out = self.plain(*words, "--json").stdout
        return json.loads(out) if out.strip() else {}

    def try_ask(self, *words):
        """The same; None while no server answers."""
        if not (self.folder / "run" / "api.sock").exists():
            return None
        ran = self.plain(*words, "--json", good=False)
        try:
            return json.loads(ran.stdout) if ran.returncode == 0 else None
        except ValueError:
            return None

    def token(self, uses=1, group=None):
        words = ["token", "create", "--uses", uses] + (["--group", group] if group else [])
        return self.plain(*words).stdout.strip()

    def shown(self, agent):
        return self.ask("agents", "show", agent)

    def group(self, name="default"):
        return next(g for g in self.ask("baseline", "status")["baselines"] if g["group"] == name)

    def alerts(self, *words):
        """All that match, page by page, newest first."""
        rows, more = [], []
        while True:
            page = self.ask("alerts", "list", "--limit", 1000, *words, *more)
            rows += page["alerts"]
            if "next" not in page:
                return rows
            more = ["--before", page["next"]]

    def export(self, name="baseline", group="default"):
        """The bytes of the group's baseline."""
        out = self.folder / f"{name}.dwbl"
        out.unlink(missing_ok=True)
        self.plain("baseline", "export", "--group", group, out)
        return out.read_bytes()


class Agent(Program):
    def __init__(self, world, name, server=None, more="", inputs=None, address=None):
        super().__init__(world, name, [AGENT, "run", "-c", str(world.folder / name / "agent.toml")])
        self.server = server
        self.state = self.folder / "state"
        self.config = self.folder / "agent.toml"
        self.log_file = self.folder / "auth.log"
        self.inputs = inputs or f'[[input]]\npath = "{self.log_file}"\nsource = "authlog"\n'
        self.more = more
        self.address = address
        (self.folder / "run").mkdir(exist_ok=True)
        self.log_file.touch()
        self.configure()

    def configure(self):
        self.config.write_text(
            f'host_name = "{self.name}"\n[inputs]\nauto = false\nclock = "log"\n{self.inputs}'
            f'[state]\ndir = "{self.state}"\nrun_dir = "{self.folder}/run"\nsave_every_s = 1\n'
            f'[spool]\ndir = "{self.state}/spool"\n[metrics]\nlisten = "off"\n'
            f'[[output]]\ntype = "file"\npath = "{self.folder}/alerts.ndjson"\n{self.more}')

    def enroll(self, token, again=False):
        self.folder.joinpath("token").write_text(token + "\n")
        ran = subprocess.run(
            self.prefix + [AGENT, "enroll", "-c", str(self.config), "--server",
                           self.address or self.server.address,
                           "--token-file", str(self.folder / "token"), *(["--again"] if again else [])],
            capture_output=True, text=True, timeout=PATIENCE_S)
        if ran.returncode != 0:
            raise Failed(f"{self.name} was not enrolled: {ran.stdout}{ran.stderr}")
        return self

    def start(self, wait=True):
        self.spawn()
        if wait:
            until(f"{self.name} answers", lambda: self.status() is not None or self.ended())
        return self

    def ended(self):
        if not self.running():
            raise Failed(f"{self.name} ended at once:\n{self.said()[-2000:]}")
        return False

    def run(self, *words, good=True):
        ran = subprocess.run([AGENT, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_S)
        if good and ran.returncode != 0:
            raise Failed(f"doorward-agent {' '.join(map(str, words))}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran

    def status(self):
        """What `status --json` says; None while it does not answer."""
        ran = self.run("status", "--json", "-c", self.config, good=False)
        return json.loads(ran.stdout) if ran.returncode == 0 else None

    def fleet(self):
        """The part of the status that is about the fleet; {} while there is none."""
        return (self.status() or {}).get("fleet", {})

    @property
    def id(self):
        return self.fleet().get("agent") or self.known_id

    def write(self, lines):
        data = lines if isinstance(lines, bytes) else b"".join(lines)
        with open(self.log_file, "ab", buffering=0) as log:
            log.write(data)

    def written_lines(self):
        return self.log_file.read_bytes().count(b"\n")

    def read_all(self):
        """Every line of its log was read."""
        status = self.status()
        return status is not None and status["inputs"] and all(
            i["present"] and i["caught_up"] and i["bytes_behind"] == 0 for i in status["inputs"]) and sum(
                i["lines"] for i in status["inputs"]) >= 0

    def told_all(self):
        """What it learned is at the server: nothing is open, waiting or unacknowledged, and lines
        were all read. A little later a round has it."""
        fleet = self.fleet()
        return (self.read_all() and fleet.get("connected") and fleet["pending_deltas"] == 0 and
                fleet["open_additions"] == 0 and
                fleet["acked"] == fleet["last_delta"])


class World:
    def __init__(self):
        # Who ends the test must not leave its programs behind.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dwfleet-"))
        self.programs = []
        self.cleanups = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        for program in self.programs:
            program.kill()
        for cleanup in reversed(self.cleanups):
            cleanup()
        if kind is not None:
            for program in self.programs:
                said = program.said()
                if said:
                    print(f"--- {program.name} said:\n{said[-3000:]}", flush=True)
        if os.environ.get("DOORWARD_KEEP"):
            print(f"kept {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def server(self, name="server", start=True, **more):
        server = Server(self, name, **more)
        return server.start() if start else server

    def agent(self, name, server=None, start=True, token=None, **more):
        """Made, enrolled when there is a server, and started."""
        agent = Agent(self, name, server, **more)
        if server is not None:
            agent.enroll(token or server.token())
        return agent.start() if start else agent


def settled(server, agents, group="default", patience=PATIENCE_S):
    """Waits until all that the agents read is in the group's newest generation, and every agent has
    that: then all baselines are the same."""
    def quiet():
        if not all(agent.told_all() for agent in agents):
            return False
        now = server.group(group)
        return now["entries_waiting"] == 0 and all(
            a.fleet().get("generation") == now["generation"] for a in agents)
    # Twice: a delta may have been sealed between the two looks.
    until("all that was read is in the fleet's baseline", quiet, patience, every=0.2)
    time.sleep(1.2)  # a delta's interval: what was open is sealed by now
    until("all that was read is in the fleet's baseline", quiet, patience, every=0.2)
    return server.group(group)["generation"]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]
