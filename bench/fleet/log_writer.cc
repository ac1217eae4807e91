#include "bench/fleet/log_writer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace doorward::fleet {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;
constexpr Time kLookBack = 30 * kSecond;  // lines may precede their attempt by less than this

const char* method_text(Method method) {
  switch (method) {
    case Method::publickey:
      return "publickey";
    case Method::password:
      return "password";
    case Method::keyboard:
      return "keyboard-interactive/pam";
  }
  return "password";
}

std::string uid_of(const World& world, std::uint32_t user) {
  return world.name(user) == "root" ? "0" : std::to_string(1000 + user);
}

}  // namespace

LogWriter::LogWriter(const World& world, const std::string& path)
    : world_(world),
      out_(path, std::ios::binary),
      rng_(Rng(world.config().seed).fork("log")),
      last_(world.config().start),
      next_cron_(world.config().start) {
  buffer_.reserve(kBufferBytes + 4096);
  for (std::size_t i = 0; i < world.hosts().size(); ++i) {
    HostState state;
    state.pid = 1000 + rng_.below(world.hosts()[i].small_pids ? 30000 : 3000000);
    state.seen = world.config().start;
    state.session = 1 + rng_.below(20000);
    state.logind = 400 + static_cast<std::uint32_t>(rng_.below(600));
    hosts_.push_back(state);
  }
}

std::uint64_t LogWriter::next_pid(std::uint32_t host, Time time) {
  HostState& state = hosts_[host];
  const Time idle = std::max<Time>(0, time - state.seen) / kSecond;
  state.seen = std::max(state.seen, time);
  state.pid += 1 + rng_.below(12) + static_cast<std::uint64_t>(idle) / 20;
  const std::uint64_t limit = world_.hosts()[host].small_pids ? 32768 : 4194304;
  if (state.pid >= limit) {
    state.pid = 300 + state.pid % limit;
  }
  return state.pid;
}

void LogWriter::say(Time time, std::uint32_t host, std::string text) {
  if (time >= world_.config().end()) {
    return;
  }
  pending_.push({std::max(time, world_.config().start), order_++, host, std::move(text)});
}

void LogWriter::say_sshd(Time time, std::uint32_t host, std::uint64_t pid,
                         const std::string& text) {
  const char* program = world_.hosts()[host].new_sshd ? "sshd-session[" : "sshd[";
  say(time, host, program + std::to_string(pid) + "]: " + text);
}

void LogWriter::write(const Attempt& attempt) {
  write_cron(attempt.time - kLookBack);
  flush_before(attempt.time - kLookBack);
  const std::uint64_t pid = next_pid(attempt.host, attempt.time);
  const std::string peer = text_of(attempt.from) + " port " + std::to_string(attempt.port);
  if (attempt.outcome == Outcome::probe) {
    write_probe(attempt, pid, peer);
    return;
  }
  write_failures(attempt, pid, peer);
  if (attempt.outcome == Outcome::success) {
    write_session(attempt, pid, peer);
  } else {
    write_end(attempt, pid, peer);
  }
}

void LogWriter::write_failures(const Attempt& attempt, std::uint64_t pid, const std::string& peer) {
  const std::uint32_t host = attempt.host;
  const std::string& name = world_.name(attempt.user);
  const bool invalid = attempt.outcome == Outcome::invalid;
  const std::string from = text_of(attempt.from);
  if (invalid) {
    say_sshd(attempt.time - 2 * kSecond, host, pid, "Invalid user " + name + " from " + peer);
  }
  std::string refused = "error: PAM: Authentication failure for ";
  refused.append(name).append(" from ").append(from);
  const std::string failed = std::string("Failed password for ") +
                             (invalid ? "invalid user " : "") + name + " from " + peer + " ssh2";
  // Folding keeps a campaign's lines apart, because each of its events is in the truth file.
  const bool folds = world_.hosts()[host].folds_repeats && attempt.campaign == kNoCampaign &&
                     attempt.failures >= 3;
  for (int i = 0; i < attempt.failures; ++i) {
    const Time at = attempt.time + i * attempt.gap;
    const Time asked = at - static_cast<Time>(rng_.uniform(1.4e6, 2.6e6));
    if (i == 0) {
      if (invalid) {
        say_sshd(asked, host, pid, "pam_unix(sshd:auth): check pass; user unknown");
      }
      say_sshd(asked + 90, host, pid,
               "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
               "rhost=" +
                   from + (invalid ? " " : "  user=" + name));
    } else if (invalid && !folds) {
      say_sshd(asked, host, pid, "pam_unix(sshd:auth): check pass; user unknown");
    }
    if (attempt.method == Method::keyboard) {
      say_sshd(at, host, pid, refused);
    } else if (!folds || i == 0) {
      say_sshd(at, host, pid, failed);
    } else if (i + 1 == attempt.failures) {
      say_sshd(at, host, pid,
               "message repeated " + std::to_string(i) + " times: [ " + failed + "]");
    }
  }
}

void LogWriter::write_end(const Attempt& attempt, std::uint64_t pid, const std::string& peer) {
  const std::uint32_t host = attempt.host;
  const std::string& name = world_.name(attempt.user);
  const std::string who =
      (attempt.outcome == Outcome::invalid ? "invalid user " : "authenticating user ") + name +
      " " + peer;
  const Time last = attempt.time + std::max(0, attempt.failures - 1) * attempt.gap;
  const Time at = last + static_cast<Time>(rng_.uniform(0.05e6, 1.6e6));
  if (attempt.failures >= 6) {
    say_sshd(last + 60, host, pid,
             "error: maximum authentication attempts exceeded for " +
                 std::string(attempt.outcome == Outcome::invalid ? "invalid user " : "") + name +
                 " from " + peer + " ssh2 [preauth]");
    say_sshd(last + 120, host, pid,
             "Disconnecting " + who + ": Too many authentication failures [preauth]");
  } else if (rng_.chance(0.45)) {
    say_sshd(at, host, pid,
             "Received disconnect from " + peer +
                 ":11: " + (rng_.chance(0.6) ? "Bye Bye" : "disconnected by user") + " [preauth]");
    say_sshd(at + 40, host, pid, "Disconnected from " + who + " [preauth]");
  } else {
    say_sshd(at, host, pid, "Connection closed by " + who + " [preauth]");
  }
  if (attempt.failures >= 2 && attempt.method != Method::keyboard) {
    const int more = attempt.failures - 1;
    say_sshd(at + 200, host, pid,
             "PAM " + std::to_string(more) + " more authentication failure" +
                 (more > 1 ? "s" : "") +
                 "; logname= uid=0 euid=0 tty=ssh ruser= rhost=" + text_of(attempt.from) +
                 (attempt.outcome == Outcome::invalid ? " " : "  user=" + name));
  }
}

void LogWriter::write_session(const Attempt& attempt, std::uint64_t pid, const std::string& peer) {
  const std::uint32_t host = attempt.host;
  const std::string& name = world_.name(attempt.user);
  HostState& state = hosts_[host];
  const Time at = attempt.success_time();
  std::string accepted = std::string("Accepted ") + method_text(attempt.method) + " for " + name +
                         " from " + peer + " ssh2";
  if (attempt.method == Method::publickey) {
    accepted += ": " + world_.key(attempt.key);
  }
  say_sshd(at, host, pid, accepted);
  say_sshd(at + 1500 + static_cast<Time>(rng_.below(3000)), host, pid,
           "pam_unix(sshd:session): session opened for user " + name +
               "(uid=" + uid_of(world_, attempt.user) + ") by (uid=0)");
  const std::string logind = "systemd-logind[" + std::to_string(state.logind) + "]: ";
  const std::string session = std::to_string(++state.session);
  say(at + 6000 + static_cast<Time>(rng_.below(9000)), host,
      logind + "New session " + session + " of user " + name + ".");
  // The connection's own child speaks for everybody but root.
  const std::uint64_t child = name == "root" ? pid : next_pid(host, attempt.time);
  const Time end = at + std::max<Time>(attempt.length, kSecond / 10);
  if (rng_.chance(0.94)) {
    say_sshd(end, host, child, "Received disconnect from " + peer + ":11: disconnected by user");
    say_sshd(end + 30, host, child, "Disconnected from user " + name + " " + peer);
  } else {
    say_sshd(end, host, child, "Connection closed by " + peer);  // the network went away
  }
  say_sshd(end + 900, host, pid, "pam_unix(sshd:session): session closed for user " + name);
  say(end + 4000, host,
      logind + "Session " + session + " logged out. Waiting for processes to exit.");
  say(end + 6500, host, logind + "Removed session " + session + ".");
  write_sudo(attempt);
}

void LogWriter::write_probe(const Attempt& attempt, std::uint64_t pid, const std::string& peer) {
  const double kind = rng_.uniform();
  if (kind < 0.5) {
    say_sshd(attempt.time, attempt.host, pid, "Connection closed by " + peer + " [preauth]");
  } else if (kind < 0.75) {
    say_sshd(attempt.time, attempt.host, pid,
             "error: kex_exchange_identification: Connection closed by remote host");
    say_sshd(attempt.time + 50, attempt.host, pid, "Connection closed by " + peer);
  } else if (kind < 0.9) {
    say_sshd(attempt.time, attempt.host, pid,
             "banner exchange: Connection from " + peer + ": invalid format");
  } else {
    say_sshd(attempt.time, attempt.host, pid, "Connection reset by " + peer + " [preauth]");
  }
}

void LogWriter::write_sudo(const Attempt& attempt) {
  if (world_.config().sshd_only) {
    return;
  }
  static constexpr std::array<const char*, 5> kCommands{
      "/usr/bin/systemctl restart nginx", "/usr/bin/journalctl -u app", "/usr/bin/apt-get update",
      "/usr/bin/systemctl status app", "/usr/bin/tail -f /var/log/syslog"};
  const std::string& name = world_.name(attempt.user);
  Time at = attempt.success_time();
  for (int i = 0; i < attempt.sudo; ++i) {
    at += static_cast<Time>(rng_.exponential(120.0) * 1e6) + 5 * kSecond;
    const char* command = kCommands[rng_.below(kCommands.size())];
    std::string line = "sudo:  ";
    line.append(name).append(" : TTY=pts/").append(std::to_string(rng_.below(6)));
    line.append(" ; PWD=/home/").append(name).append(" ; USER=root ; COMMAND=").append(command);
    say(at, attempt.host, line);
    say(at + 300, attempt.host,
        "sudo: pam_unix(sudo:session): session opened for user root(uid=0) by " + name +
            "(uid=" + uid_of(world_, attempt.user) + ")");
    say(at + static_cast<Time>(rng_.exponential(4.0) * 1e6) + 9000, attempt.host,
        "sudo: pam_unix(sudo:session): session closed for user root");
  }
}

void LogWriter::write_useradd(Time time, std::uint32_t host, std::uint32_t user) {
  if (world_.config().sshd_only) {
    return;
  }
  const std::string uid = uid_of(world_, user);
  const std::string& name = world_.name(user);
  const std::string program = "useradd[" + std::to_string(next_pid(host, time)) + "]: ";
  say(time, host, program + "new group: name=" + name + ", GID=" + uid);
  say(time + 200, host,
      program + "new user: name=" + name + ", UID=" + uid + ", GID=" + uid + ", home=/home/" +
          name + ", shell=/bin/bash, from=/dev/pts/0");
}

// The hourly job of every host.
void LogWriter::write_cron(Time until) {
  if (world_.config().sshd_only) {
    return;
  }
  for (; next_cron_ <= until; next_cron_ += kHour) {
    flush_before(next_cron_ - kLookBack);
    for (std::uint32_t host = 0; host < hosts_.size(); ++host) {
      const Time at = next_cron_ + 17 * kMinute + kSecond + static_cast<Time>(rng_.below(900000));
      const std::string cron = "CRON[" + std::to_string(next_pid(host, at)) + "]: ";
      say(at, host,
          cron + "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)");
      say(at + 40000 + static_cast<Time>(rng_.below(900000)), host,
          cron + "pam_unix(cron:session): session closed for user root");
    }
  }
}

void LogWriter::flush_before(Time time) {
  while (!pending_.empty() && pending_.top().time < time) {
    emit(pending_.top());
    pending_.pop();
  }
}

void LogWriter::emit(const Line& line) {
  last_ = std::max(line.time, last_ + 1);
  const std::size_t before = buffer_.size();
  append_stamp(buffer_, last_);
  buffer_ += ' ';
  buffer_ += world_.hosts()[line.host].name;
  buffer_ += ' ';
  buffer_ += line.text;
  buffer_ += '\n';
  bytes_ += buffer_.size() - before;
  ++lines_;
  if (buffer_.size() >= kBufferBytes) {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
  }
}

bool LogWriter::finish() {
  write_cron(world_.config().end());
  flush_before(world_.config().end());
  out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  buffer_.clear();
  out_.close();
  return !out_.fail();
}

}  // namespace doorward::fleet
