"""The machine under test, from inside: commands, waiting, users, and the network that attackers come from."""
import concurrent.futures
import os
import pwd
import subprocess
import time

OUTSIDE = "outside"          # the network namespace from which everybody logs on
HERE = "10.99.0.1"           # the address of this host there
PASSWORD = "correct horse battery staple"
KEYS = "/opt/test/keys"
LOGONS_AT_ONCE = 3           # of each at_once(); sshd turns some away from the tenth on (MaxStartups)


def run(*words, check=True, **options):
    said = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if check and said.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: exit {said.returncode}: {said.stdout}")
    return said.stdout.strip()


def wait_for(what, condition, seconds=30):
    """Polls until condition() is true, and gives what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def make_network(addresses):
    """A cable to another namespace that has all of `addresses`."""
    run("ip", "netns", "add", OUTSIDE)
    run("ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1", "netns", OUTSIDE)
    run("ip", "address", "add", f"{HERE}/24", "dev", "cable0")
    run("ip", "link", "set", "cable0", "up")
    run("ip", "-n", OUTSIDE, "address", "add", "10.99.0.2/24", "dev", "cable1")
    run("ip", "-n", OUTSIDE, "link", "set", "cable1", "up")
    for address in addresses:
        run("ip", "-n", OUTSIDE, "address", "add", f"{address}/32", "dev", "cable1")
        run("ip", "route", "add", f"{address}/32", "via", "10.99.0.2", "dev", "cable0")


def make_user(name):
    """An account with PASSWORD and a key of its own; gives the key's fingerprint."""
    run("useradd", "--create-home", "--shell", "/bin/sh", name)
    run("sh", "-c", f"echo '{name}:{PASSWORD}' | chpasswd")
    os.makedirs(KEYS, mode=0o700, exist_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{KEYS}/{name}")
    account = pwd.getpwnam(name)
    folder = f"{account.pw_dir}/.ssh"
    os.mkdir(folder, 0o700)
    run("cp", f"{KEYS}/{name}.pub", f"{folder}/authorized_keys")
    run("chown", "-R", name, folder)
    return run("ssh-keygen", "-lf", f"{KEYS}/{name}.pub").split()[1]


def ssh(user, address, password=None):
    """One connection; with a password, one try of it, else with the user's key. True: got in."""
    words = ["ip", "netns", "exec", OUTSIDE, "ssh", "-F", "none", "-b", address, "-T", "-q",
             "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
             "-o", "ConnectTimeout=20", "-o", "NumberOfPasswordPrompts=1"]
    environment = dict(os.environ)
    if password is None:
        words += ["-o", "PasswordAuthentication=no", "-o", "IdentitiesOnly=yes", "-i",
                  f"{KEYS}/{user}"]
    else:
        words += ["-o", "PubkeyAuthentication=no", "-o", "KbdInteractiveAuthentication=no"]
        environment |= {"SSH_ASKPASS": "/opt/test/askpass", "SSH_ASKPASS_REQUIRE": "force",
                        "TRY": password}
    done = subprocess.run(words + [f"{user}@{HERE}", "true"], env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def at_once(attempts):
    """Makes ssh(*attempt) of all, a few at a time; gives how many got in."""
    with concurrent.futures.ThreadPoolExecutor(LOGONS_AT_ONCE) as pool:
        return sum(pool.map(lambda attempt: ssh(*attempt), attempts))


def make_askpass():
    with open("/opt/test/askpass", "w", encoding="utf-8") as out:
        out.write('#!/bin/sh\nprintf "%s\\n" "$TRY"\n')
    os.chmod("/opt/test/askpass", 0o755)


def property_of(unit, name):
    return run("systemctl", "show", "--value", "-p", name, unit)


def files():
    """Every path that a package could leave."""
    out = set()
    # What runs beside the test writes there; nothing of a package is meant to stay in it either way.
    moving = {"/proc", "/sys", "/dev", "/run", "/tmp", "/opt/test", "/var/tmp", "/var/log/journal",
              "/var/lib/apt", "/var/cache/apt", "/var/lib/dpkg/triggers", "/var/lib/systemd"}
    for folder, folders, names in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in moving]
        out |= {os.path.join(folder, name) for name in folders + names}
    return out
