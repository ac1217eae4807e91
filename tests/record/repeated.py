#!/usr/bin/python3
"""The short recording with rsyslog's $RepeatedMsgReduction on. usage: repeated.py WORKDIR (by record.sh)."""
import sys

from recorder import Context, Recorder


def main():
    rec = Recorder(sys.argv[1], "-repeated")
    bad = [("guess", False)]
    for net, user, tries in (("bot1", "root", 4), ("bot2", "alice", 3), ("bot1", "bob", 2), ("bot2", "carol", 1),
                             ("bot1", "ghost", 3)):
        rec.step("repeated", Context.ssh, net, user, bad * tries)
    rec.step("repeated", Context.ssh, "office", "dave", bad * 3 + [("dave-Pw.7", True)])
    rec.step("repeated", Context.ssh, "office", "dave", [("dave-Pw.7", True)])
    rec.write()


main()
