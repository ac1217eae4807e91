// Recorded logs with the truth beside them: what was done comes out, exactly once, in every format.
#include <gtest/gtest.h>

#include "plugins/sources/authlog/stamp.h"
#include "tests/sources/authlog_feeder.h"
#include "tests/sources/authlog_json.h"

namespace doorward::testing_authlog {
namespace {

const std::string kFolder = DOORWARD_SOURCE_DIR "/tests/data/recorded/";

TimeUs time_of(const std::string& text) {
  authlog::StampReader reader{TimeZone{}};
  InputState input;
  return reader.read(text, input).time;
}

/// A name as sshd logs it: cut at the first ':' and '/', at 100 bytes, then escaped.
std::string as_logged(std::string name) {
  std::string out;
  for (const char c : name.substr(0, 100)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\a') {
      out += "\\a";
    } else if (byte < 0x20 || byte >= 0x7f) {
      for (const int shift : {6, 3, 0}) {
        if (shift == 6) out += '\\';
        out += static_cast<char>('0' + (byte >> shift & 7));
      }
    } else {
      out += c;
    }
  }
  return out;
}

/// Names that are not UTF-8 are in the truth with a code point for each byte.
std::string bytes_of(const std::string& utf8) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    const bool two = byte >= 0xC0 && i + 1 < utf8.size();
    out += two ? static_cast<char>((byte & 3) << 6 | (utf8[++i] & 0x3F)) : utf8[i];
  }
  return out;
}

struct Attempt {
  JsonRow row;
  std::string name;
  TimeUs after = 0;
  TimeUs before = 0;
  bool found = false;
};

bool is_key_failure(const JsonRow& row) {
  return row.at("method") == "publickey" && row.at("event.outcome") == "failure";
}

/// The attempts of which auth.log tells. Of keys that were refused sshd writes nothing at its
/// default log level but the end of the connection: keys before another attempt of the connection
/// leave no trace, keys alone leave one, however many there were. util-linux's su to a name that
/// does not exist leaves none. Of wrong passwords before the right one sudo tells nothing and PAM
/// the first.
std::vector<Attempt> visible_attempts(const std::string& path) {
  std::vector<JsonRow> rows = JsonReader(read_file(path)).objects();
  std::vector<Attempt> attempts;
  std::map<std::string, int> others;
  std::map<std::string, int> keys;
  std::map<std::string, int> wrong_before_right;
  for (JsonRow& row : rows) {
    if (!is_key_failure(row)) ++others[row["step"]];
  }
  for (JsonRow& row : rows) {
    const std::string& step = row["step"];
    if (row["visible"].find("[auth]") == std::string::npos || step.starts_with("su_unknown"))
      continue;
    if (step.starts_with("sudo_2_wrong_then_right") && row["event.action"] == "sudo" &&
        row["event.outcome"] == "failure" && ++wrong_before_right[step] > 1) {
      continue;
    }
    if (is_key_failure(row) && (others[row["step"]] > 0 || ++keys[row["step"]] > 1)) continue;
    Attempt attempt;
    attempt.row = row;
    attempt.name = row["account"].empty() ? row["user.name"] : row["account"];
    if (row["note"].find("not UTF-8") != std::string::npos) attempt.name = bytes_of(attempt.name);
    if (row["event.action"] == "ssh_login" && row["account"].empty()) {
      attempt.name = attempt.name.substr(0, attempt.name.find_first_of(":/"));
    }
    attempt.name = as_logged(attempt.name);
    attempt.after = time_of(row["after"]);
    attempt.before = time_of(row["before"]);
    attempts.push_back(attempt);
  }
  return attempts;
}

bool fits(const Attempt& attempt, const Seen& event) {
  const JsonRow& row = attempt.row;
  // Traditional stamps have whole seconds. A line may tell of tries some seconds ago ("repeated").
  constexpr TimeUs kLateMax = 20 * kSecondUs;
  if (event.time < attempt.after - kSecondUs || event.time > attempt.before + kLateMax)
    return false;
  if (event.action != row.at("event.action")) return false;
  if (outcome_name(event.outcome) != row.at("event.outcome")) return false;
  if (event.ip != row.at("source.ip")) return false;
  if (event.effective != row.at("user.effective.name")) return false;
  if (!event.method.empty() && event.method != row.at("method")) return false;
  if (event.key != row.at("key_fingerprint")) return false;
  if (event.host != row.at("host.name")) return false;
  // login does not log names that do not exist: they may be passwords.
  const bool hidden = event.action == "console_login" && event.user == "UNKNOWN";
  return hidden || event.user == attempt.name;
}

/// True when a step explains an event without an attempt: clients that left, which in auth.log look
/// like clients whose key was refused.
bool left_without_trying(const std::vector<JsonRow>& steps, const Seen& event) {
  if (event.outcome != Outcome::failure || !event.method.empty()) return false;
  for (JsonRow step : steps) {
    const bool kind = step["kind"].ends_with("_leaves") || step["kind"].starts_with("key_wrong") ||
                      step["attempts"] == "0";
    if (kind && event.time >= time_of(step["start"]) - kSecondUs &&
        event.time <= time_of(step["end"]) + 2 * kSecondUs) {
      return true;
    }
  }
  return false;
}

void compare(const std::string& log, const std::string& truth) {
  const std::string text = read_file(kFolder + log);
  if (text.empty()) GTEST_SKIP() << kFolder << log << " is not there: nothing compared";
  std::vector<Attempt> attempts = visible_attempts(kFolder + truth);
  ASSERT_FALSE(attempts.empty());
  const std::vector<JsonRow> steps = JsonReader(read_file(kFolder + "steps.ndjson")).objects();
  Feeder feeder(std::stoi(attempts[0].row["after"].substr(0, 4)));
  for (const std::string_view line : lines_of(text)) feeder.feed(line);
  feeder.finish();
  EXPECT_EQ(feeder.counters().malformed, 0U);
  EXPECT_EQ(feeder.counters().no_stamp, 0U);

  std::stable_sort(feeder.events.begin(), feeder.events.end(),
                   [](const Seen& a, const Seen& b) { return a.time < b.time; });
  std::size_t forged = 0;
  for (const Seen& event : feeder.events) {
    if (event.address == "203.0.113.99") {
      ++forged;  // written with logger(1), which auth.log cannot tell
      continue;
    }
    // The attempt that ends first: no later event could take it.
    Attempt* best = nullptr;
    for (Attempt& attempt : attempts) {
      if (attempt.found || !fits(attempt, event)) continue;
      if (best == nullptr || attempt.before < best->before) best = &attempt;
    }
    if (best != nullptr) {
      best->found = true;
    } else {
      EXPECT_TRUE(left_without_trying(steps, event)) << "never made: " << event.original;
    }
  }
  for (const Attempt& attempt : attempts) {
    EXPECT_TRUE(attempt.found) << "not told: " << attempt.row.at("step") << " "
                               << attempt.row.at("event.outcome") << " " << attempt.name << " "
                               << attempt.row.at("after");
  }
  EXPECT_LE(forged, 2U);
}

TEST(AuthlogRecorded, Traditional) {
  compare("auth.log", "truth.ndjson");
}
TEST(AuthlogRecorded, Rfc3339) {
  compare("auth-rfc3339.log", "truth.ndjson");
}
TEST(AuthlogRecorded, Rfc5424) {
  compare("auth-rfc5424.log", "truth.ndjson");
}
TEST(AuthlogRecorded, Repeated) {
  compare("auth-repeated.log", "truth-repeated.ndjson");
}

TEST(AuthlogRecorded, FormatsTellTheSame) {
  const auto briefs = [](const std::string& log) {
    Feeder feeder;
    const std::string text = read_file(kFolder + log);
    for (const std::string_view line : lines_of(text)) feeder.feed(line);
    feeder.finish();
    return feeder.briefs();
  };
  EXPECT_EQ(briefs("auth.log"), briefs("auth-rfc3339.log"));
  EXPECT_EQ(briefs("auth.log"), briefs("auth-rfc5424.log"));
}

}  // namespace
}  // namespace doorward::testing_authlog
