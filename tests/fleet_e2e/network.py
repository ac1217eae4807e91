"""Two network namespaces with a cable between them that can be pulled: the server stays in this
one, agents live in the other. Needs root."""
import os
import subprocess


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True)


def why_no_network():
    """Why no namespaces can be made here; empty when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"dwtry{os.getpid()}"
    try:
        made = ip("netns", "add", name)
    except FileNotFoundError:
        return "there is no ip command"
    ip("netns", "del", name)
    if made.returncode != 0:
        return "network namespaces cannot be made here: " + made.stderr.strip()
    return ""


class CutNetwork:
    def __init__(self):
        self.name = f"dw{os.getpid() % 100000}"
        self.here, self.there = self.name + "a", self.name + "b"
        subnet = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
        self.server_address, self.agent_address = subnet + ".1", subnet + ".2"
        self.prefix = ["ip", "netns", "exec", self.name]

    def up(self, world):
        world.cleanups.append(self.down)
        for words in (["netns", "add", self.name],
                      ["link", "add", self.here, "type", "veth", "peer", "name", self.there,
                       "netns", self.name],
                      ["addr", "add", self.server_address + "/24", "dev", self.here],
                      ["link", "set", self.here, "up"],
                      ["-n", self.name, "addr", "add", self.agent_address + "/24", "dev", self.there],
                      ["-n", self.name, "link", "set", "lo", "up"],
                      ["-n", self.name, "link", "set", self.there, "up"]):
            ran = ip(*words)
            if ran.returncode != 0:
                raise AssertionError(f"ip {' '.join(words)}: {ran.stderr}")

    def link(self, state):
        ip("-n", self.name, "link", "set", self.there, state)

    def down(self):
        ip("link", "del", self.here)
        ip("netns", "del", self.name)
