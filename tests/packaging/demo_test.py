"""scripts/demo, which ./quickstart ends with: a fleet on this machine, and nothing of it afterwards.

    demo_test.py FOLDER_OF_PROGRAMS
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAMS = pathlib.Path(sys.argv.pop(1)).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
# Times are those of the log. Numbers of different addresses are estimates under the fleet's key, which
# is another each time; what hangs on them (guessing, spraying, and all that comes of them) may alert a
# little earlier or later. These do not.
ALERTS = {"2026-01-26T14:40:20Z  unusual_logon", "2026-02-02T08:23:30Z  unusual_logon",
          "2026-02-05T19:52:58Z  unusual_logon", "2026-02-08T01:32:54Z  unusual_logon",
          "2026-02-08T01:45:09Z  unusual_logon", "2026-02-07T03:43:11Z  high_count_failures_for_user"}
WAIT_S = 150


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir="/tmp")

    def tearDown(self):
        self.folder.cleanup()

    def start(self, *words, out=subprocess.PIPE):
        # ctest may have been started with SIGINT ignored, which a shell cannot change.
        return subprocess.Popen([str(ROOT / "scripts/demo"), *words], stdout=out,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                                env={**os.environ, "TMPDIR": self.folder.name,
                                     "DOORWARD_PROGRAMS": str(PROGRAMS)})

    def processes(self):
        """Command lines of those that run on the demo's folder."""
        out = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if self.folder.name in words:
                out.append(words)
        return out

    def assert_nothing_is_left(self):
        self.assertEqual(os.listdir(self.folder.name), [])
        self.assertEqual(self.processes(), [])

    def test_an_agent_without_history_alerts_by_what_the_fleet_knows(self):
        demo = self.start()
        text = demo.communicate(timeout=WAIT_S)[0]
        self.assertEqual(demo.returncode, 0, text)
        # site-b had read nothing when it knew the same as site-a.
        self.assertIn("     events    0 success, 0 failure\n     baseline  2.1 % full", text)
        told = re.findall(r"(?m)^     (\S+Z)  score (\d+)  (\w+)$", text)
        self.assertLessEqual(ALERTS, {f"{time}  {rule}" for time, _, rule in told}, text)
        self.assertIn("multiple_rules_for_entity", {rule for _, _, rule in told})
        self.assertNotRegex(text, r"\b1 (alerts|hosts|users|times|deltas|agents)\b")
        self.assertNotRegex(text, r"\d\.\d+[Ee]\d")  # a score is a whole number
        self.assert_nothing_is_left()

    def test_ctrl_c_ends_and_removes_everything(self):
        path = pathlib.Path(self.folder.name) / "said"
        with open(path, "w", encoding="utf-8") as out:
            demo = self.start(out=out)
            until = time.monotonic() + WAIT_S
            while "site-b/agent.toml 2>" not in path.read_text():
                self.assertIsNone(demo.poll(), path.read_text())
                self.assertLess(time.monotonic(), until)
                time.sleep(0.05)
            os.killpg(demo.pid, signal.SIGINT)
            self.assertEqual(demo.wait(WAIT_S), 130)
        path.unlink()
        self.assert_nothing_is_left()

    def test_keep_leaves_it_up_and_says_how_to_end_it(self):
        demo = self.start("--keep")
        text = demo.communicate(timeout=WAIT_S)[0]
        self.assertEqual(demo.returncode, 0, text)
        self.assertEqual(len(self.processes()), 3, text)
        folder = re.search(r"(?m)^     D=(\S+); PATH", text).group(1)
        last = re.search(r"(?m)^     (kill .*; rm -rf \$D)$", text).group(1)
        line = re.search(r"(?m)^     (echo '2026-02-09T.*)$", text).group(1)
        look = re.search(r"(?m)^     (doorward-server alerts list .* --limit 1)$", text).group(1)
        try:
            words = f"D={folder}; PATH={PROGRAMS}:$PATH; "
            subprocess.run(["bash", "-c", words + line], check=True)
            until = time.monotonic() + WAIT_S
            said = ""
            while "2026-02-09 03:12:00" not in said:
                self.assertLess(time.monotonic(), until, said)
                time.sleep(0.1)
                said = subprocess.run(["bash", "-c", words + look], check=True, capture_output=True,
                                      text=True).stdout
            self.assertIn("tom.unger", said)
        finally:
            # Not by the shell's job: the programs have lost their parent.
            subprocess.run(["bash", "-c", f"D={folder}; {last}"], check=True)
        until = time.monotonic() + WAIT_S
        while self.processes() and time.monotonic() < until:
            time.sleep(0.05)
        subprocess.run(["rm", "-rf", folder], check=True)  # what they wrote at their end
        self.assert_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
