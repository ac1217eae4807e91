"""What the recording scripts share: the truth file and ways of logging on. Imported, not run.

Recorder writes truth.ndjson (one line per attempt as attempts.py has it, from what was done) and steps.ndjson (one line per
step with its time window, also for steps which are no attempt at all).
"""
import datetime
import json
import subprocess
import sys
import threading
import time

import pexpect

from attempts import attempts_of
from kinds import KINDS

SERVER4 = {"office": "192.0.2.1", "home": "198.51.100.1", "cafe": "203.0.113.1",
           "bot1": "203.0.113.1", "bot2": "198.51.100.1", "lan": "10.20.0.1"}
CLIENT4 = {"office": "192.0.2.10", "home": "198.51.100.23", "cafe": "203.0.113.5",
           "bot1": "203.0.113.66", "bot2": "198.51.100.200", "lan": "10.20.30.40"}
CLIENT6 = {"office": "2001:db8:1::10", "home": "2001:db8:1:beef::23", "cafe": "2001:db8:1:5::5",
           "bot1": "2001:db8:1:bad::66", "bot2": "2001:db8:1:bad:1:2:3:4", "lan": "2001:db8:1:10::40"}
DENIED = r"(?:Permission denied|Too many authentication|Connection (?:closed|reset)|Disconnected)"


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def link_local(net):
    text = subprocess.check_output(["ip", "-n", net, "-j", "-6", "addr", "show", "eth0", "scope", "link"])
    return next(a["local"] for link in json.loads(text) for a in link.get("addr_info", []) if "local" in a)


def as_text(name):
    """A typed name as JSON text: UTF-8 if it is, else every byte as the code point of its value."""
    if isinstance(name, str):
        return name, ""
    try:
        return name.decode("utf-8"), ""
    except UnicodeDecodeError:
        return name.decode("latin-1"), "name is not UTF-8: each code point stands for one raw byte"


def server_name(name):
    """The account sshd acts on: Debian's sshd cuts a typed name at the first ':' (style) and '/' (SELinux role)."""
    colon, slash = (b":", b"/") if isinstance(name, bytes) else (":", "/")
    return name.split(colon)[0].split(slash)[0]


class Recorder:
    def __init__(self, work, suffix=""):
        self.work, self.suffix = work, suffix
        self.failed = False
        self.truth, self.steps, self.lock = [], [], threading.Lock()

    def step(self, kind, action, *args, serial=True, **kw):
        """Runs one step: action(self.ctx, ...) which calls ctx.attempt() for each attempt it made."""
        with self.lock:
            ident = f"{kind}-{1 + sum(s['kind'] == kind for s in self.steps)}"
            entry = {"step": ident, "kind": kind, "start": now(), "end": "", "serial": serial,
                     "attempts": 0}
            self.steps.append(entry)
        try:
            action(Context(self, entry), *args, **kw)
        except (pexpect.ExceptionPexpect, AssertionError, subprocess.SubprocessError) as exc:
            print(f"step {ident} did not go as scripted: {exc}", file=sys.stderr)
            self.failed = True
        if serial:
            time.sleep(0.4)  # so that the last lines fall into the step's window
        entry["end"] = entry["end"] or now()

    def write(self):
        self.truth = attempts_of(self.truth)
        for step in self.steps:
            step["attempts"] = sum(entry["step"] == step["step"] for entry in self.truth)
        for name, rows in (("truth", self.truth), ("steps", self.steps)):
            if name == "steps" and self.suffix:
                continue
            with open(f"{self.work}/{name}{self.suffix}.ndjson", "w", encoding="utf-8") as out:
                for row in rows:
                    out.write(json.dumps(row, separators=(",", ":")) + "\n")
        if self.failed:
            sys.exit(1)


class Context:
    """What a step's action gets: where to say what it did, and the clients. Here every key offered is said;
    attempts_of() makes attempts of them."""

    def __init__(self, recorder, entry):
        self.rec, self.entry = recorder, entry

    def attempt(self, action, outcome, user, after, before, ip=None, method=None, key=None, target=None,
                note="", visible=None, named=None):
        name, remark = as_text(user)
        account = as_text(server_name(user))[0]
        kind = KINDS[self.entry["kind"]]
        visible = kind[0] if visible is None else visible
        row = {"n": 0, "after": after, "before": before, "event.action": action, "event.outcome": outcome,
               "user.name": name, "account": account if account != name else None, "user.effective.name": target, "source.ip": ip, "method": method,
               "key_fingerprint": key, "host.name": "bastion-01", "step": self.entry["step"],
               "kind": self.entry["kind"], "visible": visible,
               "named": named or [log for log in visible if log in (kind[1] or visible)],
               "note": "; ".join(x for x in (note, remark) if x)}
        with self.rec.lock:
            self.rec.truth.append(row)

    def key(self, name):
        return f"{self.rec.work}/keys/{name}"

    def fingerprint(self, name):
        return subprocess.check_output(["ssh-keygen", "-lf", self.key(name) + ".pub"], text=True).split()[1]

    def argv(self, net, user, method, keys, prompts, port, host, options=()):
        out = ["nsenter", f"--net=/run/netns/{net}"] if net in CLIENT4 else []
        out += ["ssh", "-F", "none", "-p", str(port), "-l", user]
        for option in ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
                       "IdentitiesOnly=yes", "IdentityAgent=none", f"PreferredAuthentications={method}",
                       f"NumberOfPasswordPrompts={prompts}", *options):
            out += ["-o", option]
        for key in keys:
            out += ["-i", self.key(key)]
        return out + [host]

    def where(self, net, v6, host, ip):
        if host:
            return host, ip
        if v6:
            return "2001:db8:1::1", CLIENT6[net]
        return SERVER4[net], CLIENT4[net]

    def ssh(self, net, user, secrets=(), method="password", good_key=None, bad_keys=(), v6=False, host=None,
            ip=None, port=22, cmd="echo I''N", shell_ends=False, refused=None, leave=None, options=()):
        """One connection of ssh(1). secrets: (text, right?) in the order typed; leave: "known" or
        "unknown" user hangs up at the prompt that follows; refused: why even the right secret fails (becomes the attempt's note)."""
        host, ip = self.where(net, v6, host, ip)
        keys = [*bad_keys, *([good_key] if good_key else [])]
        methods = ("publickey," if keys else "") + (method if secrets or leave else "")
        start = now()
        child = pexpect.spawn("/usr/bin/env", self.argv(net, user, methods.strip(","), keys, max(1, len(secrets)),
                              port, host, options) + ([cmd] if cmd else []), timeout=30, encoding="latin-1")
        done = [r"assword: ?$", "IN\r\n" if "I''N" in (cmd or "") else "not used", DENIED + "[^\n]*\n", pexpect.EOF]
        seen = child.expect(done)
        for _ in bad_keys:
            self.attempt("ssh_login", "failure", user, start, now(), ip, "publickey",
                         note="a key that is not authorized was offered")
        if good_key:
            ok = not refused
            assert shell_ends or refused or seen == 1, f"key logon: {child.before!r}"
            self.attempt("ssh_login", "success" if ok else "failure", user, start, now(), ip, "publickey",
                         self.fingerprint(good_key) if ok else None, note=refused or "")
        for number, (secret, right) in enumerate(secrets):
            assert seen == 0, f"no prompt: {child.before!r}"
            after = now()
            child.sendline(secret)
            seen = child.expect(done)
            while seen == 2 and "try again" in child.after:
                seen = child.expect(done)
            good = right and not refused
            assert seen == (1 if good and not shell_ends else seen), f"try {number}: {child.before!r}"
            assert good or seen != 1, "logged on unexpectedly"
            self.attempt("ssh_login", "success" if good else "failure", user, after, now(), ip, method,
                         note=(refused or "") if right or refused else "wrong password")
        if leave:
            assert seen == 0, f"no prompt to leave at: {child.before!r}"
            if leave == "unknown":
                child.close(force=True)
                self.attempt("ssh_login", "failure", user, start, now(), ip, note="left at the prompt", named=["auth"])
        elif seen != 3:
            child.expect(pexpect.EOF)
        child.close(force=True)

    def raw(self, net, tries, v6=False, port=22, note=""):
        """One connection of rawssh.py. tries: (name, password, right?) or None in place of right? for no attempt."""
        host, ip = self.where(net, v6, None, None)
        job = {"host": host, "port": port, "tries": [
            {"user": (n if isinstance(n, bytes) else n.encode()).hex(), "password": p} for n, p, _ in tries]}
        out = subprocess.run(["nsenter", f"--net=/run/netns/{net}", "/usr/bin/python3", "-B",
                              f"{self.rec.work}/lib/rawssh.py", json.dumps(job)],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60, check=False)
        for (name, _, right), line in zip(tries, out.stdout.splitlines()):
            result = json.loads(line)
            if right is not None:
                assert result["ok"] == right, f"{name!r}: {result}"
                self.attempt("ssh_login", "success" if right else "failure", name, result["after"],
                             result["before"], ip, "password", note=note)
        assert tries[-1][2] is None or len(out.stdout.splitlines()) == len(tries), out.stdout

    def shell(self, net, user, key):
        """A logon by key with an interactive shell; returns the pexpect child at its prompt."""
        host, ip = self.where(net, False, None, None)
        after = now()
        argv = self.argv(net, user, "publickey", [key], 1, 22, host, ("RequestTTY=force",))
        child = pexpect.spawn("/usr/bin/env", argv + ["cd; PS1='RDY> ' exec bash --norc -i"], timeout=30,
                              encoding="latin-1")
        child.expect("RDY> ")
        self.attempt("ssh_login", "success", user, after, now(), ip, "publickey", self.fingerprint(key),
                     note="the session for the next steps")
        return child

    def command(self, child, action, line, prompt, user, target, secrets, outcome=None, method="password", note=""):
        """Types a sudo or su command line into a shell and answers its prompts. secrets: (text, right?);
        outcome: set for the attempt where no password is asked, or where the right one does not help."""
        after = now()
        child.sendline(line)
        if not secrets:
            child.expect("RDY> ")
            self.attempt(action, outcome, user, after, now(), target=target, note=note)
        seen = child.expect([prompt, "RDY> "]) if secrets else 1
        for number, (secret, right) in enumerate(secrets):
            assert seen == 0, f"no prompt: {child.before!r}"
            after = now()
            child.sendline(secret)
            seen = child.expect([prompt, "RDY> "])
            # in auth.log sudo leaves one line for all wrong guesses, unless the last one fails too and they are counted
            hidden = action == "sudo" and number > 0 and not right and secrets[-1][1]
            self.attempt(action, outcome or ("success" if right else "failure"), user, after, now(), method=method,
                         target=target, note=note or ("" if right else "wrong password"),
                         visible=["audit"] if hidden else None)
        assert seen == 1, "still asking"

    def leave(self, child):
        child.sendline("exit")
        child.expect(pexpect.EOF)
        child.close(force=True)
