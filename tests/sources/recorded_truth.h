// The recorded truth (tests/data/recorded/README.md) and whether what was told is exactly that.
//
// Events and attempts must match one to one: each event tells of an attempt that agrees with it in
// everything that the logs which told it can show, and each attempt that these logs show is told
// once. Whatever is left over on either side is a difference.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/time_text.h"
#include "tests/sources/told.h"
#include "tests/support/json.h"

namespace doorward::recorded {

using Logs = doorward::Told;
using telling::Told;

inline const std::string kFolder = DOORWARD_SOURCE_DIR "/tests/data/recorded/";
/// The logs that are in both sets.
constexpr Logs common(Logs a, Logs b) {
  return static_cast<Logs>(static_cast<std::uint8_t>(a) & static_cast<std::uint8_t>(b));
}
inline constexpr Logs kBothLogs = Logs::authlog | Logs::auditd;
inline constexpr char kHost[] = "bastion-01";
inline constexpr int kYear = 2026;

/// One line of truth.ndjson.
class Row {
 public:
  explicit Row(const std::string& json) {
    const std::vector<JsonRow> objects = JsonReader(json).objects();
    if (!objects.empty()) values_ = objects.front();
  }
  /// Null and absent are empty; a list is "[a][b]".
  [[nodiscard]] std::string operator[](const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? std::string() : found->second;
  }
  [[nodiscard]] TimeUs time(const std::string& key) const {
    return parse_time((*this)[key]).value_or(kNoTime);
  }

 private:
  JsonRow values_;
};

/// One attempt that was made (or, if forged, claimed).
struct Attempt {
  std::string action, outcome, target, ip, host, method, key, step;
  std::string account;        ///< the name as sshd sees it, in bytes
  bool exists = false;        ///< there is such an account
  bool forged = false;        ///< never made: an ordinary user wrote its line
  bool refused = false;       ///< there is, and sshd was told not to let it in
  Logs visible = Logs::none;  ///< logs that show the attempt
  Logs named = Logs::none;    ///< logs that show its user's name
  TimeUs after = kNoTime;
  TimeUs before = kNoTime;
  TimeUs last = kNoTime;  ///< `before` of the last attempt of its step with the same outcome

  [[nodiscard]] std::string brief() const {
    return action + " " + outcome + " " + account + " " + ip + " (" + step + ") at " +
           std::to_string(after);
  }
};

/// A name that is no UTF-8 stands in the file with a code point for each byte.
inline std::string bytes_of_code_points(const std::string& utf8) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80 || i + 1 == utf8.size()) {
      out += utf8[i];
    } else {
      out += static_cast<char>((byte & 0x03) << 6 | (utf8[++i] & 0x3F));
    }
  }
  return out;
}

inline Logs logs_in(const std::string& list) {
  Logs logs = Logs::none;
  if (list.find("[auth]") != std::string::npos) logs = logs | Logs::authlog;
  if (list.find("[audit]") != std::string::npos) logs = logs | Logs::auditd;
  return logs;
}

/// The accounts of the recorded host (users() of tests/record/record.sh).
inline bool is_account(std::string_view name) {
  static constexpr std::string_view kAccounts[] = {
      "root",    "alice",    "bob",     "carol",      "dave",    "erin",   "frank",
      "grace",   "j.doe",    "deploy",  "svc-backup", "heidi",   "ivan",   "judy",
      "locked1", "expired1", "stalepw", "denied1",    "noshell", "falsesh"};
  return std::find(std::begin(kAccounts), std::end(kAccounts), name) != std::end(kAccounts);
}

/// The attempts of a truth file that a reader of `logs` can tell.
inline std::vector<Attempt> read_truth(const std::string& name, Logs logs) {
  std::vector<Attempt> attempts;
  for (const std::string& line : telling::read_lines(kFolder + name)) {
    const Row row(line);
    Attempt attempt;
    attempt.action = row["event.action"];
    attempt.outcome = row["event.outcome"];
    attempt.target = row["user.effective.name"];
    attempt.ip = row["source.ip"];
    attempt.host = row["host.name"];
    attempt.method = row["method"];
    attempt.key = row["key_fingerprint"];
    attempt.step = row["step"];
    attempt.visible = common(logs_in(row["visible"]), logs);
    attempt.named = common(logs_in(row["named"]), logs);
    attempt.account = row["account"].empty() ? row["user.name"] : row["account"];
    if (row["note"].find("not UTF-8") != std::string::npos) {
      attempt.account = bytes_of_code_points(attempt.account);
    }
    attempt.exists = is_account(attempt.account);
    attempt.forged = row["kind"] == "forged_line";
    attempt.refused = row["kind"] == "deny_users" || row["kind"] == "allow_users";
    attempt.after = row.time("after");
    attempt.before = row.time("before");
    if (attempt.visible != Logs::none) attempts.push_back(attempt);
  }
  for (Attempt& attempt : attempts) {
    for (const Attempt& other : attempts) {
      if (other.step != attempt.step || other.outcome != attempt.outcome) continue;
      attempt.last = std::max(attempt.last, other.before);
    }
  }
  return attempts;
}

/// As sshd writes bytes into the log.
inline std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    char octal[8];
    if (c == '\\') {
      out += "\\\\";
    } else if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else if (c == '\n' || c == '\t' || c == '\r' || c == '\a') {
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : "\\a";
    } else {
      std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(byte));
      out += octal;
    }
  }
  return out;
}

/// auth.log has the first 100 bytes of a name, escaped; audit.log the first 32. Where neither of
/// the logs that told has it, it is empty or login's UNKNOWN.
inline bool name_agrees(const Attempt& attempt, const Told& told) {
  const Logs named = common(told.logs, attempt.named);
  if (has(named, Logs::authlog) && told.user == escaped(attempt.account.substr(0, 100)))
    return true;
  if (has(named, Logs::auditd) && told.user == attempt.account.substr(0, 32)) return true;
  return named == Logs::none && (told.user.empty() || told.user == "UNKNOWN");
}

/// auth.log names the methods of sshd alone, and no key that was refused; audit.log no key at all.
inline std::string method_shown(const Attempt& attempt, Logs logs) {
  const bool key = attempt.method == "publickey";
  const bool in_auth = attempt.action == "ssh_login" && !(key && attempt.outcome == "failure");
  if (has(logs, Logs::authlog) && in_auth) return attempt.method;
  return has(logs, Logs::auditd) && !key ? attempt.method : "";
}

/// What the logs say of the account. sshd's audit record has one word for names that are no
/// accounts and for accounts that may not log on, and login's comes after the failure was told.
inline bool called_invalid(const Attempt& attempt, Logs logs) {
  if (has(logs, Logs::authlog)) return !attempt.exists;
  return attempt.action == "ssh_login" && attempt.outcome == "failure" &&
         (!attempt.exists || attempt.refused);
}

/// How far the stamps of a log may lie outside the time of the attempt.
struct Clock {
  TimeUs early = 0;
  TimeUs late = 0;
  /// rsyslog held repeated messages back: one line tells of several attempts. When it comes, their
  /// events from another log may have gone on without it, and name that log alone.
  bool repeated = false;
};

inline bool agrees(const Attempt& attempt, const Told& told, const Clock& clock) {
  // A line that tells of several attempts bears the time of the last; sudo has no other.
  const bool several = told.logs == Logs::authlog && (clock.repeated || attempt.action == "sudo");
  const TimeUs before = several ? attempt.last : attempt.before;
  if (told.time < attempt.after - clock.early || told.time > before + clock.late) return false;
  if (told.action != attempt.action || outcome_name(told.outcome) != attempt.outcome) return false;
  if (told.host != attempt.host) return false;
  if (attempt.ip != (told.ip.valid() ? told.ip_text() : "")) return false;
  if (told.logs == Logs::none || common(told.logs, attempt.visible) != told.logs) return false;
  if (!clock.repeated && told.logs != attempt.visible) return false;
  const bool in_auth = has(told.logs, Logs::authlog);
  // audit.log does not say whom a refused sudo was to become.
  if (told.target != attempt.target && (in_auth || !told.target.empty())) return false;
  if (told.method != method_shown(attempt, told.logs)) return false;
  if ((told.account == kInvalidAccount) != called_invalid(attempt, told.logs)) return false;
  if (told.key != (in_auth ? attempt.key : "")) return false;
  return name_agrees(attempt, told);
}

/// Matches events to attempts one to one, as many as can be, by augmenting paths: taking the first
/// that agrees could leave over an event whose only attempt another took.
class Matching {
 public:
  Matching(const std::vector<Attempt>& attempts, const std::vector<Told>& events,
           const Clock& clock)
      : event_of_(attempts.size(), kNone) {
    for (const Told& event : events) {
      candidates_.emplace_back();
      for (std::size_t i = 0; i < attempts.size(); ++i) {
        if (agrees(attempts[i], event, clock)) candidates_.back().push_back(i);
      }
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
      std::vector<bool> seen(attempts.size());
      if (place(i, seen)) continue;
      differences_.push_back("told, never made: " + events[i].brief() + " at " +
                             std::to_string(events[i].time) + ": " + events[i].original);
    }
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      if (event_of_[i] == kNone) {
        differences_.push_back("made, never told: " + attempts[i].brief());
      }
    }
  }

  [[nodiscard]] const std::vector<std::string>& differences() const { return differences_; }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  bool place(std::size_t event, std::vector<bool>& seen) {
    for (const std::size_t attempt : candidates_[event]) {
      if (seen[attempt]) continue;
      seen[attempt] = true;
      if (event_of_[attempt] == kNone || place(event_of_[attempt], seen)) {
        event_of_[attempt] = event;
        return true;
      }
    }
    return false;
  }

  std::vector<std::vector<std::size_t>> candidates_;
  std::vector<std::size_t> event_of_;
  std::vector<std::string> differences_;
};

inline std::vector<std::string> differences(const std::vector<Attempt>& attempts,
                                            const std::vector<Told>& events, const Clock& clock) {
  return Matching(attempts, events, clock).differences();
}

/// Fails with one line for each difference.
inline void expect_exactly(const std::vector<Attempt>& attempts, const std::vector<Told>& events,
                           const Clock& clock) {
  ASSERT_FALSE(attempts.empty()) << "nothing recorded in " << kFolder;
  for (const std::string& difference : differences(attempts, events, clock)) {
    ADD_FAILURE() << difference;
  }
  EXPECT_EQ(events.size(), attempts.size());
}

}  // namespace doorward::recorded
