#!/usr/bin/python3
"""The steps of the journal's recording. usage: journal_steps.py WORKDIR (by record.sh --journal).

Those of the main recording, and what an ordinary user can do to make entries that look like a logon
program's. Without python3-paramiko the steps that need it are left out.
"""
import importlib.util
import os
import shutil
import subprocess
import sys

import pexpect

import steps
from recorder import Recorder, now

AS_ALICE = ["setpriv", "--reuid", "alice", "--regid", "alice", "--init-groups"]
NO_PRIVILEGES = ["setpriv", "--no-new-privs"]
FORGED = "never made: forged by a local user"

NATIVE = r"""
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"MESSAGE=%s\nSYSLOG_IDENTIFIER=sshd\nSYSLOG_PID=1\nPRIORITY=6\n_UID=0\n_COMM=sshd\n_EXE=/usr/sbin/sshd\n"
         b"_TRANSPORT=syslog\n_CAP_EFFECTIVE=1ffffffffff\n", "/run/systemd/journal/socket")
s.sendto(b"MESSAGE=%s\nSYSLOG_IDENTIFIER=cron\nSYSLOG_IDENTIFIER=sshd\n", "/run/systemd/journal/socket")
"""


def forge(argv, env=None):
    subprocess.run(AS_ALICE + argv, check=True, timeout=20, cwd="/", env={**os.environ, **(env or {})},
                   stdout=subprocess.DEVNULL)


def forged(ctx, work):
    accepted = "Accepted password for root from 203.0.113.99 port 40022 ssh2"
    su = "(to root) alice on pts/9"
    sudo = "   alice : TTY=pts/9 ; PWD=/ ; USER=root ; COMMAND=/bin/sh"
    forge(["logger", "-p", "auth.info", "-t", "sshd", accepted])
    forge(["logger", "-p", "auth.info", "--id=1", "-t", "sshd-session", accepted])
    forge(["logger", "-p", "auth.info", "-t", "su", su])
    forge(["logger", "-p", "auth.info", "-t", "sudo", sudo])
    forge(["logger", "-p", "auth.info", "-t", "login", "LOGIN ON tty1 BY root"])
    forge(["systemd-cat", "-t", "sshd", "echo", accepted])
    words = accepted.encode()
    forge(["/usr/bin/python3", "-c", NATIVE.replace("%s", words.decode())])
    # the program's own file, with other code in it
    for tag, text, program in (("su", su, "/usr/bin/su"), ("sudo", sudo, "/usr/bin/sudo"),
                               ("sshd", accepted, "/usr/sbin/sshd")):
        forge(NO_PRIVILEGES + [program], {"LD_PRELOAD": f"{work}/forge.so", "TAG": tag, "TEXT": text})
    # a real su, whose standard output is an entry's text: su's own entries are two, the others forged
    for _ in range(2):
        after = now()
        command = f"systemd-cat -t su su bob -c 'sleep 2; echo \"{su}\"; sleep 1.2; echo \"{su}\"'"
        child = pexpect.spawn(AS_ALICE[0], AS_ALICE[1:] + ["script", "-qc", command, "/dev/null"], timeout=20,
                              encoding="latin-1", cwd="/")
        child.delaybeforesend = 1.5  # the prompt goes to the journal
        child.sendline(steps.pw("bob"))
        child.expect(pexpect.EOF)
        child.close()
        ctx.attempt("su", "success", "alice", after, now(), method="password", target="bob")
    # what root writes is not forged, but neither is it sshd's
    subprocess.run(["logger", "-p", "auth.info", "-t", "sshd", "-i", accepted], check=True)
    subprocess.run(["logger", "-p", "user.info", "-t", "long", "x" * 6000], check=True)
    subprocess.run(["logger", "-p", "user.info", "-t", "bytes", b"caf\xe9"], check=True)


def main():
    if importlib.util.find_spec("paramiko") is None:
        print("python3-paramiko is not there: its steps are left out", file=sys.stderr)
        steps.RAW = lambda ctx, *args, **kw: None
    if shutil.which("cron") is None:
        steps.cron = lambda ctx: None
    rec = Recorder(sys.argv[1])
    rec.step("forged_journal", forged, sys.argv[1])
    steps.serial(rec)
    steps.parallel(rec)
    rec.write()


main()
