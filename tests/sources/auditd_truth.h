// The recorded truth (tests/data/recorded/truth.ndjson) and whether what was told is the same.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sources/auditd_support.h"

namespace doorward::auditd_test {

/// One attempt that was made.
struct Attempt {
  std::string action, outcome, target, ip, method, step, kind, visible;
  std::string account;  ///< the name as sshd sees it, in bytes
  bool named_in_audit = false;
  bool named_in_auth = false;
  TimeUs after = kNoTime;
  TimeUs before = kNoTime;
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

inline bool mentions(const std::string& list, std::string_view word) {
  return list.find('"' + std::string(word) + '"') != std::string::npos;
}

inline std::vector<Attempt> read_truth(const std::string& path) {
  std::vector<Attempt> attempts;
  for (const std::string& line : read_lines(path)) {
    const Row row(line);
    Attempt attempt;
    attempt.action = row["event.action"];
    attempt.outcome = row["event.outcome"];
    attempt.target = row["user.effective.name"];
    attempt.ip = row["source.ip"];
    attempt.method = row["method"];
    attempt.step = row["step"];
    attempt.kind = row["kind"];
    attempt.visible = row["visible"];
    attempt.account = row["account"].empty() ? row["user.name"] : row["account"];
    if (row["note"].find("not UTF-8") != std::string::npos) {
      attempt.account = bytes_of_code_points(attempt.account);
    }
    const std::string named = row["named"].empty() ? attempt.visible : row["named"];
    attempt.named_in_audit = mentions(named, "audit");
    attempt.named_in_auth = mentions(named, "auth");
    attempt.after = row.time("after");
    attempt.before = row.time("before");
    attempts.push_back(attempt);
  }
  return attempts;
}

/// The truth counts every key that was offered. The project counts connections in which nothing but keys
/// was refused, once (design.md 3.1: the records of one process make one attempt): a client goes through
/// the keys of its agent, and five of them are not five guesses. Keys before a success or a guess of the same
/// connection are no failure at all. A step with keys is one connection.
inline std::vector<Attempt> with_keys_as_connections(const std::vector<Attempt>& attempts) {
  const auto is_key = [](const Attempt& attempt) {
    return attempt.method == "publickey" && attempt.outcome == "failure";
  };
  std::vector<Attempt> out;
  for (const Attempt& attempt : attempts) {
    if (is_key(attempt)) {
      const bool beside_others =
          std::any_of(attempts.begin(), attempts.end(), [&](const Attempt& other) {
            return other.step == attempt.step && !is_key(other);
          });
      const bool repeated = std::any_of(out.begin(), out.end(), [&](const Attempt& other) {
        return other.step == attempt.step && is_key(other);
      });
      if (beside_others || repeated) continue;
    }
    out.push_back(attempt);
  }
  return out;
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

inline bool name_agrees(const Attempt& attempt, const Told& told) {
  if (told.user == attempt.account.substr(0, 32) || told.user == attempt.account) return true;
  if (told.user == escaped(attempt.account.substr(0, 100))) return true;
  const bool in_audit = has(told.logs, doorward::Told::auditd) && attempt.named_in_audit;
  const bool in_auth = has(told.logs, doorward::Told::authlog) && attempt.named_in_auth;
  return !in_audit && !in_auth && (told.user.empty() || told.user == "UNKNOWN");
}

inline bool agrees(const Attempt& attempt, const Told& told, TimeUs slack) {
  if (told.action != attempt.action || outcome_name(told.outcome) != attempt.outcome) return false;
  if (told.time < attempt.after - slack || told.time > attempt.before + slack) return false;
  if (attempt.ip != (told.ip.valid() ? told.ip_text() : "")) return false;
  if (!told.target.empty() && told.target != attempt.target) return false;
  return name_agrees(attempt, told);
}

/// Gives each event to the attempt that it tells of: that which ends first of those that agree. What is
/// left over on either side is described.
inline std::vector<std::string> differences(const std::vector<Attempt>& attempts,
                                            std::vector<Told> events, TimeUs slack,
                                            std::vector<const Attempt*>* matched = nullptr) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Told& a, const Told& b) { return a.time < b.time; });
  std::vector<bool> used(attempts.size());
  std::vector<std::string> out;
  for (const Told& event : events) {
    std::size_t best = attempts.size();
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      if (used[i] || !agrees(attempts[i], event, slack)) continue;
      if (best == attempts.size() || attempts[i].before < attempts[best].before) best = i;
    }
    if (best == attempts.size()) {
      out.push_back("told, never made: " + event.brief() + " at " + std::to_string(event.time));
    } else {
      used[best] = true;
    }
    if (matched != nullptr) matched->push_back(best == attempts.size() ? nullptr : &attempts[best]);
  }
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (used[i]) continue;
    out.push_back("made, never told: " + attempts[i].action + " " + attempts[i].outcome + " " +
                  attempts[i].account + " " + attempts[i].ip + " (" + attempts[i].step + ") at " +
                  std::to_string(attempts[i].after));
  }
  return out;
}

}  // namespace doorward::auditd_test
