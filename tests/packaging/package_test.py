"""The Debian packages: lintian, what is in them, the same bytes twice, and units that are locked down.

    package_test.py BUILD_FOLDER
"""
import gzip
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPOSURE_MAX = 1.5  # systemd-analyze security: 0 is locked down, 10 is not at all


def run(*words, **options):
    said = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    return said


def build(folder):
    """Both packages, into `folder`: {name: path}."""
    old = os.umask(0o022)
    said = run("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", "DEB", "-B", folder,
               env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"})
    os.umask(old)
    assert said.returncode == 0, said.stdout + said.stderr
    return {path.name.split("_")[0]: path for path in pathlib.Path(folder).glob("*.deb")}


def field(deb, name):
    return run("dpkg-deb", "-f", deb, name).stdout.strip()


def files(deb):
    """{path: mode} of what is no directory."""
    out = {}
    for line in run("dpkg-deb", "-c", deb).stdout.splitlines():
        mode, _, _, _, _, path = line.split(maxsplit=5)
        if mode[0] != "d":
            out[path.split(" -> ")[0][1:]] = mode
    return out


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.debs = build(cls.folder.name + "/first")
        cls.trees = {}
        for name, deb in cls.debs.items():
            cls.trees[name] = pathlib.Path(cls.folder.name) / name
            assert run("dpkg-deb", "-R", deb, cls.trees[name]).returncode == 0

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_lintian_has_nothing_to_say(self):
        said = run("lintian", "--allow-root", "--fail-on", "error,warning", *self.debs.values())
        self.assertEqual((said.returncode, said.stdout), (0, ""), said.stderr)

    def test_the_same_source_gives_the_same_bytes(self):
        again = build(self.folder.name + "/second")
        self.assertEqual(set(again), {"doorward-agent", "doorward-server"})
        for name, deb in again.items():
            first, second = (hashlib.sha256(path.read_bytes()).hexdigest()
                             for path in (self.debs[name], deb))
            self.assertEqual(first, second, name)

    def test_version_is_that_of_the_programs_and_the_changelog(self):
        changelog = (ROOT / "systemd/debian/changelog").read_text()
        for name, deb in self.debs.items():
            version = field(deb, "Version")
            said = run(self.trees[name] / "usr/bin" / name, "--version").stdout
            self.assertEqual(said.split()[1] + "-1", version)
            self.assertEqual(re.match(r"doorward \((.*?)\)", changelog).group(1), version)

    def test_configuration_is_conffiles(self):
        for name, tree in self.trees.items():
            conffiles = tree / "DEBIAN/conffiles"
            told = set(conffiles.read_text().split()) if conffiles.exists() else set()
            self.assertEqual(told, {path for path in files(self.debs[name]) if path.startswith("/etc")})

    def test_every_file_has_its_checksum(self):
        for name, tree in self.trees.items():
            sums = dict(reversed(line.split(maxsplit=1))
                        for line in (tree / "DEBIAN/md5sums").read_text().splitlines())
            there = {path[1:] for path, mode in files(self.debs[name]).items() if mode[0] == "-"}
            conffiles = {path for path in there if path.startswith("etc/")}
            self.assertEqual(set(sums) | conffiles, there)
            for path, checksum in sums.items():
                self.assertEqual(hashlib.md5((tree / path).read_bytes()).hexdigest(), checksum)

    def test_what_is_where(self):
        agent = files(self.debs["doorward-agent"])
        rules = {path.name for path in (ROOT / "plugins/rules").glob("*.toml")}
        self.assertGreaterEqual(len(rules), 28)
        self.assertEqual({os.path.basename(path) for path in agent
                          if path.startswith("/usr/share/doorward/rules/")}, rules)
        for path in ["/usr/bin/doorward-agent", "/usr/lib/systemd/system/doorward-agent.service",
                     "/usr/lib/sysusers.d/doorward.conf", "/usr/lib/tmpfiles.d/doorward.conf",
                     "/etc/doorward/agent.toml", "/etc/audit/plugins.d/doorward.conf",
                     "/etc/logrotate.d/doorward-agent", "/usr/share/man/man8/doorward-agent.8.gz",
                     "/usr/share/man/man5/doorward-agent.toml.5.gz",
                     "/usr/share/bash-completion/completions/doorward-agent",
                     "/usr/share/zsh/vendor-completions/_doorward-agent",
                     "/usr/share/fish/vendor_completions.d/doorward-agent.fish",
                     "/usr/share/doc/doorward-agent/copyright"]:
            self.assertIn(path, agent)
        for path, mode in agent.items():
            expected = {"/usr/bin/doorward-agent": "-rwxr-xr-x",
                        "/etc/audit/plugins.d/doorward.conf": "-rw-r-----"}.get(path, "-rw-r--r--")
            if mode[0] != "l":
                self.assertEqual(mode, expected, path)
        server = files(self.debs["doorward-server"])
        for path in ["/usr/bin/doorward-server", "/usr/lib/systemd/system/doorward-server.service",
                     "/usr/lib/sysusers.d/doorward-server.conf",
                     "/usr/lib/tmpfiles.d/doorward-server.conf", "/etc/doorward/server.toml",
                     "/etc/logrotate.d/doorward-server", "/usr/share/man/man8/doorward-server.8.gz",
                     "/usr/share/man/man5/doorward-server.toml.5.gz",
                     "/usr/share/bash-completion/completions/doorward-server",
                     "/usr/share/zsh/vendor-completions/_doorward-server",
                     "/usr/share/fish/vendor_completions.d/doorward-server.fish",
                     "/usr/share/doc/doorward-server/copyright"]:
            self.assertIn(path, server)
            self.assertEqual(server[path], "-rwxr-xr-x" if path.startswith("/usr/bin") else "-rw-r--r--")
        self.assertEqual(set(agent) & set(server), set())

    def test_libraries_are_depended_on(self):
        self.assertRegex(field(self.debs["doorward-agent"], "Depends"), r"libc6 .*libsodium23")
        for library in ["libsodium23", "libsqlite3-0", "libssl3", "libzstd1"]:
            self.assertIn(library, field(self.debs["doorward-server"], "Depends"))

    def test_gzip_tells_no_time(self):
        for tree in self.trees.values():
            for path in tree.rglob("*.gz"):
                self.assertEqual(path.read_bytes()[4:8], b"\0\0\0\0", path)
                self.assertGreater(len(gzip.decompress(path.read_bytes())), 100)

    def test_maintainer_scripts_are_shell(self):
        for tree in self.trees.values():
            for script in ["postinst", "prerm", "postrm"]:
                self.assertEqual(run("sh", "-n", tree / "DEBIAN" / script).stderr, "")

    def test_the_units_are_locked_down(self):
        for name, tree in self.trees.items():
            unit = tree / "usr/lib/systemd/system" / f"{name}.service"
            said = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
            figure = re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)
            print(f"{name}.service: exposure {figure.group(1)}", file=sys.stderr)
            self.assertLessEqual(float(figure.group(1)), EXPOSURE_MAX)

    def test_the_units_are_understood(self):
        for name, tree in self.trees.items():
            text = (tree / "usr/lib/systemd/system" / f"{name}.service").read_text()
            copy = tree / f"{name}.service"  # whose program is where it was unpacked
            copy.write_text(text.replace("/usr/bin/", f"{tree}/usr/bin/"))
            said = run("systemd-analyze", "verify", "--man=no", copy)
            self.assertEqual(said.stdout + said.stderr, "")

    def test_users_and_folders(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to give folders away")
        for name, user in [("doorward-agent", "doorward"), ("doorward-server", "doorward-server")]:
            tree = self.trees[name]
            (tree / "etc").mkdir(exist_ok=True)
            said = run("systemd-sysusers", f"--root={tree}", f"{user}.conf")
            self.assertEqual(said.returncode, 0, said.stderr)
            account = [line.split(":") for line in (tree / "etc/passwd").read_text().splitlines()]
            self.assertEqual([(a[0], a[6]) for a in account], [(user, "/usr/sbin/nologin")])
        tree = self.trees["doorward-agent"]
        said = run("systemd-tmpfiles", f"--root={tree}", "--create", "doorward.conf")
        self.assertEqual(said.returncode, 0, said.stderr)
        queue = (tree / "var/spool/doorward/audit").stat()
        group = int((tree / "etc/group").read_text().split(":")[2])
        self.assertEqual((queue.st_uid, queue.st_gid, queue.st_mode & 0o7777), (0, group, 0o750))
        tree = self.trees["doorward-server"]
        said = run("systemd-tmpfiles", f"--root={tree}", "--create", "doorward-server.conf")
        self.assertEqual(said.returncode, 0, said.stderr)
        backups = (tree / "var/backups/doorward-server").stat()
        user = int((tree / "etc/passwd").read_text().split(":")[2])
        self.assertEqual((backups.st_uid, backups.st_mode & 0o7777), (user, 0o700))

    def test_the_configuration_is_valid_as_shipped_and_with_all_its_examples(self):
        tree = self.trees["doorward-agent"]
        text = (tree / "etc/doorward/agent.toml").read_text()
        self.assertEqual([line for line in text.splitlines() if line and line[0] != "#"], [])
        # "#setting" is an example, "# words" are words; what an example names need not be there.
        examples = re.sub(r"^#(?=[a-z\[])", "", text, flags=re.M)
        examples = re.sub(r"^(databases|dir) = .*$", "", examples, flags=re.M)
        self.assertGreaterEqual(examples.count("\n["), 4)
        for words in (text, examples):
            config = tree / "agent.toml"
            config.write_text(words)
            said = run(tree / "usr/bin/doorward-agent", "check", "-c", config)
            self.assertEqual((said.returncode, said.stderr), (0, ""), words)

    def test_the_server_s_configuration_is_valid_as_shipped_and_with_all_its_examples(self):
        tree = self.trees["doorward-server"]
        text = (tree / "etc/doorward/server.toml").read_text()
        self.assertEqual([line for line in text.splitlines() if line and line[0] != "#"], [])
        examples = re.sub(r"^#(?=[a-z\[])", "", text, flags=re.M)
        examples = examples.replace("/var/log/doorward-server", str(tree))
        self.assertGreaterEqual(examples.count("\n["), 8)
        config = tree / "server.toml"
        program, said = tree / "usr/bin/doorward-server", {}
        for words in (text, examples):
            config.write_text(words)
            said[words] = run(program, "check", "-c", config)
            self.assertEqual((said[words].returncode, said[words].stderr), (0, ""), words)
        # What the examples say are the defaults, but for the output that they add.
        told = [re.sub(r"(?m)^output:.*\n", "", one.stdout) for one in said.values()]
        self.assertEqual(told[0], told[1])

    def test_the_server_says_what_is_missing_and_ends_so_that_the_unit_leaves_it(self):
        tree = self.trees["doorward-server"]
        config = tree / "empty.toml"
        config.write_text(f'[server]\ndata_dir = "{tree}/nothing"\nrun_dir = "{tree}"\n')
        said = run(tree / "usr/bin/doorward-server", "run", "-c", config)
        self.assertEqual(said.returncode, 1)
        self.assertIn("there is no server yet; make one: doorward-server init", said.stderr)
        unit = (tree / "usr/lib/systemd/system/doorward-server.service").read_text()
        self.assertIn("\nRestartPreventExitStatus=1\n", unit)

    def test_logrotate_understands_the_server_s_file(self):
        tree = self.trees["doorward-server"]
        config = tree / "rotate.conf"
        text = (tree / "etc/logrotate.d/doorward-server").read_text()
        text = text.replace("/var/log/doorward-server", str(tree))
        config.write_text(text.replace("su doorward-server doorward-server\n", "\n"))
        config.chmod(0o644)
        said = run("logrotate", "-s", tree / "status", config)
        self.assertEqual((said.returncode, said.stderr), (0, ""))

    def test_logrotate_understands_its_file_and_leaves_the_agent_s_own_size_alone(self):
        tree = self.trees["doorward-agent"]
        logs = tree / "logs"
        logs.mkdir()
        (logs / "alerts.ndjson").write_bytes(b"{}\n" * 1000)
        config = tree / "rotate.conf"
        text = (tree / "etc/logrotate.d/doorward-agent").read_text()
        text = text.replace("/var/log/doorward", str(logs)).replace("su doorward doorward\n", "\n")
        for size, rotated in [("256M", False), ("1k", True)]:
            config.write_text(text.replace("256M", size).replace("systemctl", "true"))
            config.chmod(0o644)
            said = run("logrotate", "-s", tree / "status", config)
            self.assertEqual((said.returncode, said.stderr), (0, ""))
            self.assertEqual((logs / "alerts.ndjson.1").exists(), rotated)


if __name__ == "__main__":
    unittest.main()
