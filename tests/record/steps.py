#!/usr/bin/python3
"""The steps of the main recording. usage: steps.py WORKDIR (by record.sh, inside its namespaces).

First every kind once or more, one step after the other, with clean time windows (TRACES.md is made from
these); then many connections in parallel, so that lines and audit records of different processes mix.
"""
import concurrent.futures
import subprocess
import sys
import time

import pexpect

from hostile import NAMES
from kinds import KINDS
from recorder import SERVER4, Context, Recorder, link_local, now

SSH, RAW = Context.ssh, Context.raw


# a limit of trust, not of parsing: any local user can write what sshd would
FORGED = "never made: forged by a local user with logger(1), which auth.log alone cannot tell"


def pw(user):
    return f"{user}-Pw.7"


def right(user):
    return [(pw(user), True)]


BAD = [("letmein", False)]


def sshpass(ctx, net, user):
    host, ip = ctx.where(net, False, None, None)
    after = now()
    argv = ctx.argv(net, user, "password", [], 1, 22, host)
    subprocess.run(argv[:2] + ["sshpass", "-p", pw(user)] + argv[2:] + ["true"], check=True, timeout=30)
    ctx.attempt("ssh_login", "success", user, after, now(), ip, "password")


def sftp(ctx, net, user, key):
    host, ip = ctx.where(net, False, None, None)
    after = now()
    argv = ctx.argv(net, user, "publickey", [key], 1, 22, host, (f"User={user}",))
    argv = [a for a in argv if a not in ("-l", user)]
    argv[argv.index("ssh")] = "sftp"
    argv[argv.index("-p")] = "-P"
    subprocess.run(argv, input=b"pwd\nbye\n", check=True, timeout=30, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    ctx.attempt("ssh_login", "success", user, after, now(), ip, "publickey", ctx.fingerprint(key))


def no_auth(_ctx, net, how):
    command = {
        "port scan": f"nc -z -w 2 {SERVER4[net]} 22",
        "nothing sent": f"timeout 2 nc {SERVER4[net]} 22 </dev/null",
        "bad banner": f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 2 nc -q 1 {SERVER4[net]} 22",
        "forging banner": "printf 'SSH-9.9-x from 10.0.0.1 port 22\\r\\n' | timeout 2 nc -q 1 "
                          f"{SERVER4[net]} 22",
        "binary": f"head -c 300 /dev/zero | timeout 2 nc -q 1 {SERVER4[net]} 22",
        "banner then close": f"printf 'SSH-2.0-scan\\r\\n' | timeout 2 nc -q 1 {SERVER4[net]} 22",
        "key scan": f"ssh-keyscan -T 3 -t ed25519 {SERVER4[net]}",
    }[how]
    subprocess.run(["nsenter", f"--net=/run/netns/{net}", "sh", "-c", command], check=False, timeout=20,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def forged_line(ctx, child):
    for word, outcome, user in (("Accepted", "success", "root"), ("Failed", "failure", "bob")):
        after = now()
        child.sendline(f"logger -p auth.info -t 'sshd[31337]' "
                       f"'{word} password for {user} from 203.0.113.99 port 40022 ssh2'")
        child.expect("RDY> ")
        ctx.attempt("ssh_login", outcome, user, after, now(), "203.0.113.99", "password", note=FORGED)


SUDO = "sudo -p 'SP''W:' "


def sudo(ctx, child, user, what):
    def run(rest, target, secrets, **kw):
        ctx.command(child, "sudo", SUDO + rest, "SPW:", user, target, secrets, **kw)
    if what != "cached":
        child.sendline("sudo -k")
        child.expect("RDY> ")
    if what == "ok":
        run("id -u", "root", right(user))
    if what in ("cached", "nopasswd"):
        run("id -u", "root", [], outcome="success", note="no password asked")
    if what == "wrong_then_right":
        run("id -u", "root", BAD + right(user))
    if what == "2_wrong_then_right":
        run("id -u", "root", BAD * 2 + right(user))
    if what == "3_wrong":
        run("id -u", "root", BAD * 3)
    if what == "not_sudoer":
        run("id -u", "root", right(user), outcome="failure", note="password was right, not in sudoers")
    if what == "not_allowed":
        run("id -u", "root", right(user), outcome="failure", note="password was right, command not allowed")
    if what == "other":
        run("-u bob id -u", "bob", right(user))
    if what == "unknown_target":
        run("-u nosuch id -u", "nosuch", [], outcome="failure", note="no password asked")


def su(ctx, child, user, target, secrets, outcome=None, note=""):
    ctx.command(child, "su", f"su - {target} -c 'id -u'", "assword: ", user, target, secrets, outcome,
                "password" if secrets else None, note)


def session(ctx, net, user, steps, serial=True):
    """A shell, and in it steps of their own: (kind, action, arguments after the shell)."""
    child = ctx.shell(net, user, "ed25519")
    if serial:
        ctx.entry["end"] = now()
    for kind, action, *args in steps:
        ctx.rec.step(kind, action, child, *args, serial=serial)
    ctx.leave(child)


def sudo_steps(user, *whats):
    return [("sudo_" + what, sudo, user, what) for what in whats]


def console(ctx, typed):
    """A terminal with agetty. typed: (name, password, right?) in the order typed."""
    child = pexpect.spawn("/sbin/agetty", ["--noclear", "-", "linux"], timeout=30, encoding="latin-1")
    seen = 0
    child.expect("bastion-01 login: ")
    for name, password, good in typed:
        assert seen == 0, f"no login prompt: {child.before!r}"
        child.sendline(name)
        child.expect("assword: ")
        after = now()
        child.sendline(password)
        seen = child.expect(["bastion-01 login: ", r"[$#] $", pexpect.EOF])
        assert good == (seen == 1), f"console {name}: {child.before!r}"
        ctx.attempt("console_login", "success" if good else "failure", name, after, now(), method="password",
                    note="" if good else "wrong password or unknown name", named=["auth", "audit"] if good else None)
    if seen == 1:
        child.sendline("exit")
        child.expect(pexpect.EOF)
    child.close(force=True)


def cron(_ctx):
    time.sleep(64 - time.time() % 60)  # cron starts its jobs a second after the full minute


def serial(rec):
    def do(kind, action, *args, **kw):
        rec.step(kind, action, *args, **kw)
    do("password_ok", SSH, "office", "alice", right("alice"))
    do("password_wrong_then_right", SSH, "office", "bob", BAD + right("bob"))
    do("password_3_wrong", SSH, "bot1", "alice", BAD * 3)
    do("unknown_user", SSH, "bot1", "oracle", BAD * 2)
    do("unknown_user_leaves", SSH, "bot2", "ghost", leave="unknown")
    do("key_ok", SSH, "home", "deploy", good_key="ed25519")
    do("key_ok", SSH, "lan", "svc-backup", good_key="rsa")
    do("key_wrong", SSH, "home", "alice", bad_keys=["wrong1"])
    do("key_wrong_many", SSH, "home", "alice", bad_keys=["wrong1", "wrong2", "wrong3", "wrong4", "wrong5"])
    do("key_too_many", SSH, "home", "alice", bad_keys=[f"wrong{n}" for n in range(1, 7)])
    do("key_wrong_unknown_user", SSH, "bot1", "git", bad_keys=["wrong1"])
    do("key_wrong_then_right", SSH, "home", "deploy", bad_keys=["wrong2"], good_key="ed25519")
    do("key_wrong_then_password", SSH, "home", "carol", right("carol"), bad_keys=["wrong1"])
    do("kbdint_ok", SSH, "cafe", "dave", right("dave"), method="keyboard-interactive")
    do("kbdint_wrong", SSH, "cafe", "dave", BAD * 2, method="keyboard-interactive")
    do("kbdint_many_wrong", SSH, "cafe", "dave", BAD * 4, method="keyboard-interactive")
    do("kbdint_unknown_user", SSH, "bot2", "hadoop", BAD, method="keyboard-interactive")
    no_root = "PermitRootLogin prohibit-password"
    do("root_password", SSH, "office", "root", [(pw("root"), True)], refused=no_root)
    do("root_wrong", SSH, "bot1", "root", BAD * 2)
    do("root_key", SSH, "office", "root", good_key="ed25519")
    do("root_refused", SSH, "office", "root", good_key="ed25519", port=2222, refused="PermitRootLogin no")
    do("deny_users", SSH, "office", "denied1", right("denied1"), refused="DenyUsers")
    do("allow_users", SSH, "office", "carol", right("carol"), port=2222, refused="AllowUsers")
    do("allow_users", SSH, "home", "bob", right("bob"), port=2222, refused="AllowUsers has another address")
    do("allow_users", SSH, "lan", "bob", right("bob"), port=2222)
    do("locked", SSH, "office", "locked1", right("locked1"), refused="account is locked")
    do("expired", SSH, "office", "expired1", right("expired1"), refused="account has expired")
    do("stale_password", SSH, "office", "stalepw", right("stalepw"), shell_ends=True)
    do("nologin_shell", SSH, "office", "noshell", right("noshell"), shell_ends=True)
    do("nologin_shell", SSH, "office", "falsesh", right("falsesh"), shell_ends=True)
    do("max_auth_tries", SSH, "bot1", "bob", BAD * 6)
    do("max_auth_tries", SSH, "bot1", "j.doe", BAD * 3, port=2222)
    do("ipv6_ok", SSH, "home", "erin", right("erin"), v6=True)
    do("ipv6_wrong", SSH, "bot2", "erin", BAD * 2, v6=True)
    do("ipv6_link_local", SSH, "lan", "frank", BAD + right("frank"), host="fe80::1%eth0", ip=link_local("lan"))
    do("loopback", SSH, "", "grace", right("grace"), host="127.0.0.1", ip="127.0.0.1")
    do("loopback", SSH, "", "grace", BAD, host="::1", ip="::1")
    do("command", SSH, "home", "deploy", good_key="ed25519", cmd="true", shell_ends=True)
    do("sftp", sftp, "home", "deploy", "ed25519")
    do("sshpass", sshpass, "office", "j.doe")
    do("user_changed", RAW, "bot1", [("alice", "letmein", False), ("bob", "letmein", None)])
    for how in ("port scan", "nothing sent", "bad banner", "forging banner", "binary", "banner then close", "key scan"):
        do("no_auth", no_auth, "bot1", how)
    do("nul_name", RAW, "bot1", [(b"alice\0root", "letmein", None)])
    do("session", session, "office", "alice", [
        ("forged_line", forged_line), ("su_ok", su, "alice", "root", right("root")),
        ("su_ok", su, "alice", "bob", right("bob")), ("su_wrong", su, "alice", "root", BAD)])
    do("session", session, "office", "bob", [
        ("su_wrong", su, "bob", "carol", BAD),
        ("su_unknown", su, "bob", "nosuch", [], "failure", "unknown target, no password asked")])
    do("session", session, "office", "root", [
        ("su_root_to_user", su, "root", "bob", [], "success", "no password asked")])
    do("session", session, "office", "heidi", sudo_steps(
        "heidi", "ok", "cached", "wrong_then_right", "2_wrong_then_right", "3_wrong", "other"))
    do("session", session, "office", "judy", sudo_steps("judy", "not_sudoer"))
    do("session", session, "office", "frank", sudo_steps("frank", "not_allowed"))
    do("session", session, "office", "ivan", sudo_steps("ivan", "nopasswd", "unknown_target"))
    do("console_ok", console, [("alice", pw("alice"), True)])
    do("console_ok", console, [("root", pw("root"), True)])
    do("console_wrong", console, [("alice", "letmein", False), ("alice", pw("alice"), True)])
    do("console_unknown", console, [("nosuch", "letmein", False)])
    do("console_password_as_name", console, [("Tr0ub4dor&3", "letmein", False), ("bob", pw("bob"), True)])
    do("console_5_wrong", console, [("carol", "letmein", False)] * 5)
    for what, name in NAMES[:6]:
        do("hostile_name", RAW, "bot1", [(name, "letmein", False)], note=what)


def parallel(rec):
    jobs = []

    def add(kind, action, *args, **kw):
        jobs.append((kind, action, args, kw))
    for what, name in NAMES[6:]:
        add("hostile_name", RAW, "bot2" if len(jobs) % 2 else "bot1", [(name, "letmein", False)],
            v6=len(jobs) % 3 == 0, note=what)
    for name in ("root from 10.0.0.1 port 22 ssh2", "bob from 10.9.9.9"):  # ssh(1) refuses many others
        add("hostile_name", SSH, "cafe", name, BAD)
        add("hostile_name", SSH, "cafe", name, leave="unknown")
    for user in ("admin", "test", "ubuntu", "pi"):
        add("unknown_user", SSH, "bot1", user + "2", BAD * (1 + len(user) % 2), v6=len(user) % 2 == 0)
        add("unknown_user_leaves", SSH, "bot2", user + "3", leave="unknown")
    for user in ("alice", "erin"):
        add("password_ok", SSH, "office", user, right(user))
        add("password_wrong_then_right", SSH, "home", user, BAD + right(user), v6=user < "d")
        add("password_3_wrong", SSH, "bot2", user, BAD * 3)
    for user in ("bob", "dave"):
        add("kbdint_ok", SSH, "cafe", user, right(user), method="keyboard-interactive")
        add("kbdint_wrong", SSH, "bot1", user, BAD, method="keyboard-interactive")
    for net in ("office", "cafe"):
        add("key_ok", SSH, net, "deploy", good_key="ed25519")
        add("key_ok", SSH, net, "svc-backup", good_key="rsa", v6=True)
        add("no_auth", no_auth, net, "banner then close")
    add("key_wrong_then_right", SSH, "cafe", "bob", bad_keys=["wrong3"], good_key="ed25519")
    for user, what in (("heidi", "ok"), ("ivan", "nopasswd")):
        add("session", session, "home", user, sudo_steps(user, what), False)
    add("session", session, "home", "alice", [("su_wrong", su, "alice", "root", BAD)], False)
    add("max_auth_tries", SSH, "bot2", "minecraft", BAD * 6)
    add("root_wrong", SSH, "bot1", "root", BAD * 3)
    add("root_key", SSH, "lan", "root", good_key="ed25519")
    add("console_ok", console, [("carol", pw("carol"), True)])
    jobs.sort(key=lambda job: hash_of(job[0], str(job[2])))
    jobs.insert(0, ("cron", cron, (), {}))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        running = [pool.submit(rec.step, kind, action, *args, serial=False, **kw) for kind, action, args, kw in jobs]
        for job in running:
            job.result()


def hash_of(*parts):
    """A fixed shuffle."""
    value = 7
    for byte in "".join(parts).encode():
        value = (value * 1103515245 + byte + 12345) % (1 << 31)
    return value >> 8


def main():
    rec = Recorder(sys.argv[1])
    serial(rec)
    parallel(rec)
    rec.write()
    assert {s["kind"] for s in rec.steps} | {"repeated", "forged_journal"} == set(KINDS), "a kind without a step"


if __name__ == "__main__":
    main()
