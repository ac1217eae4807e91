// Makes lines of audit.log: what a busy host writes that has nothing to do with logons, and logons.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace doorward::bench {

/// A linear congruential generator: the same lines on every machine.
class Dice {
 public:
  std::uint32_t next(std::uint32_t below) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<std::uint32_t>(state_ >> 33) % below;
  }

 private:
  std::uint64_t state_ = 20240607;
};

/// "type=NAME msg=audit(SECONDS.MILLIS:SERIAL): "
inline std::string audit_head(const char* type, std::uint64_t ms, std::uint32_t serial) {
  char head[96];
  std::snprintf(head, sizeof head, "type=%s msg=audit(%llu.%03u:%u): ", type,
                static_cast<unsigned long long>(ms / 1000), static_cast<unsigned>(ms % 1000),
                serial);
  return head;
}

/// `events` events of a file watch and execve rule, five to seven records each, enriched.
inline std::string non_logon_lines(std::size_t events) {
  static const char* const kPrograms[] = {"/usr/bin/cat", "/usr/bin/git", "/usr/sbin/nginx",
                                          "/usr/bin/python3.11",
                                          "/usr/lib/postgresql/15/bin/postgres"};
  Dice dice;
  std::string out;
  std::uint64_t ms = 1'700'000'000'000;
  for (std::uint32_t serial = 1000; serial < 1000 + events; ++serial) {
    ms += dice.next(20);
    const char* program = kPrograms[dice.next(5)];
    const std::uint32_t pid = 1000 + dice.next(30000), uid = 1000 + dice.next(20);
    const std::string number = std::to_string(uid), process = std::to_string(pid);
    out +=
        audit_head("SYSCALL", ms, serial) +
        "arch=c000003e syscall=" + (dice.next(2) ? "59" : "257") +
        " success=yes exit=0 a0=7ffe19b3f910 a1=7ffd2b3cd6f0 a2=4 a3=7ffd2b3cd404 items=2 ppid=" +
        std::to_string(pid - 1) + " pid=" + process + " auid=" + number + " uid=" + number +
        " gid=" + number + " euid=" + number + " suid=" + number + " fsuid=" + number +
        " egid=" + number + " sgid=" + number + " fsgid=" + number +
        " tty=(none) ses=19 comm=\"worker\" exe=\"" + program +
        "\" key=\"watch\"\x1d"
        "ARCH=x86_64 SYSCALL=execve AUID=\"user\" UID=\"user\" GID=\"user\"\n";
    if (dice.next(2)) {
      out += audit_head("EXECVE", ms, serial) + "argc=3 a0=\"" + program +
             "\" a1=\"--config\" a2=\"/etc/app/" + number + ".toml\"\n";
    }
    out += audit_head("CWD", ms, serial) + "cwd=\"/var/lib/app/" + number + "\"\n";
    for (int item = 0; item < 2; ++item) {
      out += audit_head("PATH", ms, serial) + "item=" + std::to_string(item) + " name=\"" +
             (item == 0 ? program : "/lib64/ld-linux-x86-64.so.2") +
             "\" inode=" + std::to_string(dice.next(9999999)) +
             " dev=fe:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 "
             "cap_fe=0 "
             "cap_fver=0 cap_frootid=0\x1dOUID=\"root\" OGID=\"root\"\n";
    }
    out += audit_head("PROCTITLE", ms, serial) +
           "proctitle=2F7573722F62696E2F707974686F6E33002D6D00617070\n";
  }
  return out;
}

/// `attempts` attempts at sshd, three guesses refused for each logon, as Debian writes them,
/// enriched. Nothing but records of logons.
inline std::string logon_lines(std::size_t attempts) {
  Dice dice;
  std::string out;
  std::uint64_t ms = 1'700'000'000'000;
  std::uint32_t serial = 1000;
  for (std::size_t i = 0; i < attempts; ++i) {
    ms += dice.next(200);
    const std::string pid = std::to_string(1000 + i % 30000);
    const std::string user = "user" + std::to_string(dice.next(300));
    const std::string address = "10." + std::to_string(dice.next(4)) + "." +
                                std::to_string(dice.next(256)) + "." +
                                std::to_string(dice.next(256));
    const std::string before = "pid=" + pid + " uid=0 auid=4294967295 ses=4294967295 msg='op=";
    const std::string unset = "'\x1dUID=\"root\" AUID=\"unset\"\n";
    const std::string peer =
        " exe=\"/usr/sbin/sshd\" hostname=" + address + " addr=" + address + " terminal=ssh res=";
    const auto add = [&](const char* type, const std::string& text) {
      out += audit_head(type, ms, ++serial) + text;
    };
    if (i % 4 != 0) {
      add("USER_AUTH",
          before + "PAM:authentication grantors=? acct=\"" + user + "\"" + peer + "failed" + unset);
      add("USER_LOGIN", before + "login acct=\"" + user + "\"" + peer + "failed" + unset);
      continue;
    }
    const std::string session = std::to_string(100 + i);
    const std::string during = "pid=" + pid + " uid=0 auid=1000 ses=" + session + " msg='op=";
    const std::string named = "'\x1dUID=\"root\" AUID=\"" + user + "\"\n";
    const std::string acct =
        " grantors=pam_permit,pam_cap acct=\"" + user + "\"" + peer + "success";
    add("USER_AUTH", before + "PAM:authentication" + acct + unset);
    add("USER_ACCT", before + "PAM:accounting" + acct + unset);
    add("CRED_ACQ", before + "PAM:setcred" + acct + unset);
    add("LOGIN", "pid=" + pid +
                     " uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=" +
                     session + " res=1\x1dUID=\"root\" OLD-AUID=\"unset\" AUID=\"" + user + "\"\n");
    add("USER_START", during + "PAM:session_open" + acct + named);
    add("USER_END", during + "PAM:session_close" + acct + named);
    add("CRED_DISP", during + "PAM:setcred" + acct + named);
  }
  return out;
}

}  // namespace doorward::bench
