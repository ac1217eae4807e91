"""The man pages are right to mandoc, tell of every command and option there is, and of none that is not.

    man_test.py DOORWARD_AGENT DOORWARD_SERVER
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

import help as program_help

AGENT, SERVER = sys.argv.pop(1), sys.argv.pop(1)
MAN = program_help.ROOT / "man"
# Commands with a page of their own; the others are in doorward-agent.8.
OWN_PAGE = {"replay": "doorward-agent-replay.8", "normalize": "doorward-agent-replay.8"}


def rendered(page):
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=200", str(MAN / page)], check=True,
                          capture_output=True, text=True).stdout
    return re.sub(r".\x08", "", text)


def has_option(text, option):
    return re.search(r"(?<![-\w])" + re.escape(option) + r"(?![-\w])", text) is not None


class ManPages(unittest.TestCase):
    def test_mandoc_has_nothing_to_say(self):
        for page in sorted(MAN.glob("*.[0-9]")):
            said = subprocess.run(["mandoc", "-T", "lint", str(page)], capture_output=True, text=True)
            # Our own pages are not installed where this runs, nor need other packages' be.
            lines = [line for line in (said.stdout + said.stderr).splitlines()
                     if "referenced manual not found" not in line and "mandoc.db" not in line]
            self.assertEqual(lines, [])

    def test_every_command_and_option_is_there(self):
        commands = program_help.tree(AGENT)
        self.assertGreaterEqual(len(commands), 13)
        missing = []
        for path, (options, _) in commands.items():
            overview = rendered("doorward-agent.8")
            if path and " ".join(path) not in overview and not (
                    len(path) == 1 and commands[path][1]):
                missing.append(f"{' '.join(path)}: doorward-agent.8")
            page = OWN_PAGE.get(path[0] if path else "", "doorward-agent.8")
            text = rendered(page)
            missing += [f"{' '.join(path)} {name}: {page}" for names, _, _ in options
                        for name in names if not has_option(text, name)]
        self.assertEqual(missing, [])

    def test_no_option_is_made_up(self):
        known = {name for options, _ in program_help.tree(AGENT).values()
                 for names, _, _ in options for name in names}
        for page in ["doorward-agent.8", "doorward-agent-replay.8"]:
            told = set(re.findall(r"(?<![-\w])--[a-z][-a-z]+", rendered(page)))
            self.assertEqual(told - known, set(), page)

    def test_the_server_page_is_complete(self):
        text = rendered("doorward-server.8")
        missing = []
        for path, (options, _) in program_help.tree(SERVER).items():
            missing += [" ".join(path)] if " ".join(path) not in text else []
            missing += [f"{' '.join(path)} {name}" for names, _, _ in options for name in names
                        if not has_option(text, name)]
        self.assertEqual(missing, [])

    def test_the_server_page_makes_no_option_up(self):
        known = {name for program in (SERVER, AGENT)
                 for options, _ in program_help.tree(program).values()
                 for names, _, _ in options for name in names}
        # With which an agent enrols.
        known |= {"--server", "--token"}
        told = set(re.findall(r"(?<![-\w])--[a-z][-a-z]+", rendered("doorward-server.8")))
        self.assertEqual(told - known, set())

    def test_the_configuration_of_the_example_is_valid(self):
        source = (MAN / "doorward-agent.toml.5").read_text()
        example = re.search(r"^\.Bd -literal.*?\n(.*?)^\.Ed", source, re.S | re.M).group(1)
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(folder + "/rules")
            example = example.replace("/etc/doorward/rules", folder + "/rules")
            path = folder + "/agent.toml"
            with open(path, "w", encoding="utf-8") as out:
                out.write(example)
            said = subprocess.run([AGENT, "check", "-c", path], capture_output=True, text=True)
            self.assertEqual((said.returncode, said.stderr), (0, ""), said.stdout)
            self.assertIn(" rules, 1 exception, 0 mistakes", said.stdout)


    def test_the_server_s_example_is_valid(self):
        source = (MAN / "doorward-server.toml.5").read_text()
        example = re.search(r"^\.Bd -literal.*?\n(.*?)^\.Ed", source, re.S | re.M).group(1)
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/server.toml"
            with open(path, "w", encoding="utf-8") as out:
                out.write(example.replace("/var/log/doorward-server", folder))
            said = subprocess.run([SERVER, "check", "-c", path], capture_output=True, text=True)
            self.assertEqual((said.returncode, said.stderr), (0, ""), said.stdout)
            self.assertIn("API: 0.0.0.0:7444\n", said.stdout)
            self.assertIn("\n0 mistakes\n", said.stdout)

    def test_every_setting_of_the_server_is_told_of_with_its_default(self):
        shipped = (program_help.ROOT / "systemd/server.toml").read_text()
        page = rendered("doorward-server.toml.5")
        guide = (program_help.ROOT / "docs/server.md").read_text()
        table, keys = None, 0
        for line in shipped.splitlines():
            if found := re.match(r"#\[+(\w+)\]+", line):
                table = found.group(1)
                self.assertIn(f"able{'s' if table == 'output' else ''} {table}", page)
            elif found := re.match(r"#(\w+) = (\"[^\"]*\"|\d+)", line):
                keys += 1
                key, default = found.groups()
                self.assertRegex(page, rf"(?m)^ +{key}\b")
                if table in ("output", "spool"):
                    continue
                self.assertIn(f"`{table}.{key}`", guide)
                if key not in ("name", "level"):
                    words = default.strip('"') if default[0] == '"' else f"{int(default):,}"
                    self.assertIn(words, page, key)
                    self.assertIn(words, guide, key)
        self.assertGreaterEqual(keys, 19)


if __name__ == "__main__":
    unittest.main()
