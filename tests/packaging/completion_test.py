"""The completions offer every command and option that --help prints, in bash by asking bash.

    completion_test.py DOORWARD_AGENT FOLDER     the folder with completion.bash, .zsh, .fish
"""
import pathlib
import shutil
import subprocess
import sys
import unittest

import help as program_help

AGENT, FOLDER = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))

ASK = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_doorward_agent
printf '%s\n' "${COMPREPLY[@]}"
"""


def offered(*words):
    said = subprocess.run(["bash", "-c", ASK, "bash", str(FOLDER / "completion.bash"),
                           "doorward-agent", *words], check=True, capture_output=True, text=True)
    assert said.stderr == "", said.stderr
    return set(said.stdout.split())


class Completion(unittest.TestCase):
    def test_bash_offers_every_command(self):
        for path, (_, below) in program_help.tree(AGENT).items():
            if below:
                self.assertLessEqual({name for name, _ in below}, offered(*path, ""), path)

    def test_bash_offers_every_option_of_its_command_and_no_other(self):
        for path, (options, _) in program_help.tree(AGENT).items():
            names = {name for names, _, _ in options for name in names}
            self.assertEqual(offered(*path, "-"), names, path)

    def test_bash_offers_the_words_that_an_option_takes(self):
        self.assertEqual(offered("replay", "--format", ""), {"ndjson", "text"})
        self.assertEqual(offered("replay", "--scores", "--source", "au"), {"auto", "auditd", "authlog"})

    def test_bash_leaves_files_to_its_default(self):
        self.assertEqual(offered("replay", ""), set())
        self.assertEqual(offered("replay", "--baseline-in", ""), set())
        self.assertEqual(offered("explain", "user.name=check", ""), set())

    def test_every_command_is_in_the_other_shells(self):
        for shell in ["zsh", "fish"]:
            text = (FOLDER / f"completion.{shell}").read_text()
            for path, (options, _) in program_help.tree(AGENT).items():
                for word in list(path) + [names[-1].lstrip("-") for names, _, _ in options]:
                    self.assertIn(word, text, shell)

    def test_the_shells_read_them(self):
        for shell in ["bash", "zsh", "fish"]:
            if shutil.which(shell):
                subprocess.run([shell, "-n", str(FOLDER / f"completion.{shell}")], check=True)


if __name__ == "__main__":
    unittest.main()
