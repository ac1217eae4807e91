// Makes lines of audit.log: what a busy host writes that has nothing to do with logons, and logons.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

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

/// What follows the head of a record, and its type.
struct AuditRecord {
  const char* type;
  std::string text;
};

/// The five to seven records of an event of a file watch and execve rule, enriched.
inline std::vector<AuditRecord> non_logon_event(Dice& dice) {
  static const char* const kPrograms[] = {"/usr/bin/cat", "/usr/bin/git", "/usr/sbin/nginx",
                                          "/usr/bin/python3.11",
                                          "/usr/lib/postgresql/15/bin/postgres"};
  std::vector<AuditRecord> out;
  const char* program = kPrograms[dice.next(5)];
  const std::uint32_t pid = 1000 + dice.next(30000), uid = 1000 + dice.next(20);
  const std::string number = std::to_string(uid), process = std::to_string(pid);
  out.push_back(
      {"SYSCALL",
       std::string("arch=c000003e syscall=") + (dice.next(2) ? "59" : "257") +
           " success=yes exit=0 a0=7ffe19b3f910 a1=7ffd2b3cd6f0 a2=4 a3=7ffd2b3cd404 items=2 "
           "ppid=" +
           std::to_string(pid - 1) + " pid=" + process + " auid=" + number + " uid=" + number +
           " gid=" + number + " euid=" + number + " suid=" + number + " fsuid=" + number +
           " egid=" + number + " sgid=" + number + " fsgid=" + number +
           " tty=(none) ses=19 comm=\"worker\" exe=\"" + program +
           "\" key=\"watch\"\x1d"
           "ARCH=x86_64 SYSCALL=execve AUID=\"user\" UID=\"user\" GID=\"user\"\n"});
  if (dice.next(2)) {
    out.push_back({"EXECVE", std::string("argc=3 a0=\"") + program +
                                 "\" a1=\"--config\" a2=\"/etc/app/" + number + ".toml\"\n"});
  }
  out.push_back({"CWD", "cwd=\"/var/lib/app/" + number + "\"\n"});
  for (int item = 0; item < 2; ++item) {
    out.push_back(
        {"PATH", "item=" + std::to_string(item) + " name=\"" +
                     (item == 0 ? program : "/lib64/ld-linux-x86-64.so.2") +
                     "\" inode=" + std::to_string(dice.next(9999999)) +
                     " dev=fe:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 "
                     "cap_fi=0 cap_fe=0 "
                     "cap_fver=0 cap_frootid=0\x1dOUID=\"root\" OGID=\"root\"\n"});
  }
  out.push_back({"PROCTITLE", "proctitle=2F7573722F62696E2F707974686F6E33002D6D00617070\n"});
  return out;
}

/// The records of one attempt at sshd as Debian writes them, enriched: two of a refused guess, the
/// seven of a session's begin and end.
inline std::vector<AuditRecord> logon_attempt(bool granted, const std::string& user,
                                              const std::string& address, const std::string& pid,
                                              const std::string& session) {
  const std::string before = "pid=" + pid + " uid=0 auid=4294967295 ses=4294967295 msg='op=";
  const std::string unset = "'\x1dUID=\"root\" AUID=\"unset\"\n";
  const std::string peer =
      " exe=\"/usr/sbin/sshd\" hostname=" + address + " addr=" + address + " terminal=ssh res=";
  if (!granted) {
    return {{"USER_AUTH", before + "PAM:authentication grantors=? acct=\"" + user + "\"" + peer +
                              "failed" + unset},
            {"USER_LOGIN", before + "login acct=\"" + user + "\"" + peer + "failed" + unset}};
  }
  const std::string during = "pid=" + pid + " uid=0 auid=1000 ses=" + session + " msg='op=";
  const std::string named = "'\x1dUID=\"root\" AUID=\"" + user + "\"\n";
  const std::string acct = " grantors=pam_permit,pam_cap acct=\"" + user + "\"" + peer + "success";
  return {{"USER_AUTH", before + "PAM:authentication" + acct + unset},
          {"USER_ACCT", before + "PAM:accounting" + acct + unset},
          {"CRED_ACQ", before + "PAM:setcred" + acct + unset},
          {"LOGIN",
           "pid=" + pid +
               " uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=" + session +
               " res=1\x1dUID=\"root\" OLD-AUID=\"unset\" AUID=\"" + user + "\"\n"},
          {"USER_START", during + "PAM:session_open" + acct + named},
          {"USER_END", during + "PAM:session_close" + acct + named},
          {"CRED_DISP", during + "PAM:setcred" + acct + named}};
}

/// `events` events that have nothing to do with logons.
inline std::string non_logon_lines(std::size_t events) {
  Dice dice;
  std::string out;
  std::uint64_t ms = 1'700'000'000'000;
  for (std::uint32_t serial = 1000; serial < 1000 + events; ++serial) {
    ms += dice.next(20);
    for (const AuditRecord& record : non_logon_event(dice)) {
      out += audit_head(record.type, ms, serial) + record.text;
    }
  }
  return out;
}

/// `attempts` attempts at sshd from all over, three guesses refused for each logon. Nothing but
/// records of logons.
inline std::string logon_lines(std::size_t attempts) {
  Dice dice;
  std::string out;
  std::uint64_t ms = 1'700'000'000'000;
  std::uint32_t serial = 1000;
  for (std::size_t i = 0; i < attempts; ++i) {
    ms += dice.next(200);
    const std::string user = "user" + std::to_string(dice.next(300));
    std::string address = "10." + std::to_string(dice.next(4));
    address += "." + std::to_string(dice.next(256));
    address += "." + std::to_string(dice.next(256));
    for (const AuditRecord& record :
         logon_attempt(i % 4 == 0, user, address, std::to_string(1000 + i % 30000),
                       std::to_string(100 + i))) {
      out += audit_head(record.type, ms, ++serial) + record.text;
    }
  }
  return out;
}

/// `lines` lines of which every 50th is a record of a logon, as 300 people log on over days: from
/// three addresses each, one attempt in four mistyped, a minute or two between two attempts and the
/// noise of other processes between the records of one.
inline std::string mixed_lines(std::size_t lines) {
  constexpr std::size_t kEvery = 50;
  Dice dice;
  std::string out;
  std::uint64_t ms = 1'700'000'000'000;
  std::uint32_t serial = 1000;
  std::size_t attempts = 0;
  std::vector<AuditRecord> noise, attempt;
  std::size_t noise_at = 0, attempt_at = 0;
  std::uint32_t noise_serial = 0;
  std::uint64_t noise_ms = 0;
  for (std::size_t line = 1; line <= lines; ++line) {
    if (line % kEvery == 0) {
      if (attempt_at == attempt.size()) {
        ms += 1000 * dice.next(240);
        const std::uint32_t user = dice.next(300);
        const std::string name = "user" + std::to_string(user);
        const std::string address =
            "10." + std::to_string(dice.next(3)) + ".7." + std::to_string(user % 250);
        const bool granted = dice.next(4) != 0;
        attempt = logon_attempt(granted, name, address, std::to_string(40'000 + attempts % 20'000),
                                std::to_string(100 + attempts));
        attempt_at = 0;
        ++attempts;
      }
      const AuditRecord& record = attempt[attempt_at++];
      out += audit_head(record.type, ms, ++serial) + record.text;
      continue;
    }
    if (noise_at == noise.size()) {
      noise = non_logon_event(dice);
      noise_at = 0;
      noise_serial = ++serial;
      ms += dice.next(20);
      noise_ms = ms;
    }
    const AuditRecord& record = noise[noise_at++];
    out += audit_head(record.type, noise_ms, noise_serial) + record.text;
  }
  return out;
}

}  // namespace doorward::bench
