"""The completions offer every command and option that --help prints, in bash by asking bash.

    completion_test.py DOORWARD_AGENT DOORWARD_SERVER FOLDER     the folder with doorward-agent.bash ...
"""
import pathlib
import shutil
import subprocess
import sys
import unittest

import help as program_help

PROGRAMS = {"doorward-agent": sys.argv.pop(1), "doorward-server": sys.argv.pop(1)}
FOLDER = pathlib.Path(sys.argv.pop(1))

ASK = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
"_${COMP_WORDS[0]//-/_}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def offered(*words, name="doorward-agent"):
    said = subprocess.run(["bash", "-c", ASK, "bash", str(FOLDER / f"{name}.bash"), name, *words],
                          check=True, capture_output=True, text=True)
    assert said.stderr == "", said.stderr
    return set(said.stdout.split())


def trees():
    """(name, path, options, commands below) of both programs."""
    for name, program in PROGRAMS.items():
        for path, (options, below) in program_help.tree(program).items():
            yield name, path, options, below


class Completion(unittest.TestCase):
    def test_bash_offers_every_command(self):
        for name, path, _, below in trees():
            if below:
                self.assertLessEqual({command for command, _ in below},
                                     offered(*path, "", name=name), path)

    def test_bash_offers_every_option_of_its_command_and_no_other(self):
        for name, path, options, _ in trees():
            flags = {flag for flags, _, _ in options for flag in flags}
            self.assertEqual(offered(*path, "-", name=name), flags, path)

    def test_bash_offers_the_words_that_an_option_takes(self):
        self.assertEqual(offered("replay", "--format", ""), {"ndjson", "text"})
        self.assertEqual(offered("replay", "--scores", "--source", "au"), {"auto", "auditd", "authlog"})

        self.assertEqual(offered("agents", "list", "--state", "", name="doorward-server"),
                         {"connected", "away", "never", "revoked"})

    def test_bash_leaves_files_to_its_default(self):
        self.assertEqual(offered("replay", ""), set())
        self.assertEqual(offered("replay", "--baseline-in", ""), set())
        self.assertEqual(offered("explain", "user.name=check", ""), set())

    def test_every_command_is_in_the_other_shells(self):
        for name, path, options, _ in trees():
            for shell in ["zsh", "fish"]:
                text = (FOLDER / f"{name}.{shell}").read_text()
                for word in list(path) + [flags[-1].lstrip("-") for flags, _, _ in options]:
                    self.assertIn(word, text, shell)

    def test_the_shells_read_them(self):
        for shell in ["bash", "zsh", "fish"]:
            for name in PROGRAMS if shutil.which(shell) else []:
                subprocess.run([shell, "-n", str(FOLDER / f"{name}.{shell}")], check=True)


if __name__ == "__main__":
    unittest.main()
