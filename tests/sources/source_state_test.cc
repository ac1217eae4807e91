// A source that is saved and loaded goes on as if nothing had been.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "plugins/limits.h"
#include "tests/sources/json_support.h"
#include "tests/sources/state_support.h"

namespace doorward {
extern const SourcePlugin kSourceAuthlog;
extern const SourcePlugin kSourceAuditd;

namespace state_test {
namespace {

using Lines = std::vector<std::string>;

struct Log {
  std::string name;
  const SourcePlugin* plugin;
  Lines lines;
};

std::unique_ptr<Source> make(const SourcePlugin& plugin) {
  SourceOptions options;
  options.host_name = "bastion-01";
  return plugin.make(options);
}

InputState first_state() {
  InputState state;
  state.year = 2016;
  return state;
}

void feed(Source& source, const std::string& line, InputState& state, EventSink& sink) {
  source.feed(line, source.stamp(line, state), sink);
}

/// Many processes at a time: tables that are full, names that are long, lists of every kind.
Lines auth_flood() {
  Lines lines;
  std::mt19937 random(1);
  for (int i = 0; i < 12'000; ++i) {
    const int second = i / 40;
    char stamp[32];
    std::snprintf(stamp, sizeof stamp, "Feb  9 21:%02d:%02d", second / 60, second % 60);
    const std::string pid = std::to_string(1000 + random() % 4000);
    const std::string head = std::string(stamp) + " web-1 sshd[" + pid + "]: ";
    const std::string name = random() % 50 == 0 ? std::string(1300, 'x') : "u" + pid;
    const std::string from = " from 203.0.113." + std::to_string(random() % 250) + " port 22";
    switch (random() % 8) {
      case 0:
      case 1:
      case 2:
      case 3:
        lines.push_back(head + "Invalid user " + name + from);
        break;
      case 4:
        lines.push_back(head + "error: PAM: Authentication failure for " + name +
                        " from 192.0.2.1");
        break;
      case 5:
        lines.push_back(head + "Failed password for invalid user " + name + from + " ssh2");
        break;
      case 6:
        lines.push_back(std::string(stamp) + " web-1 sudo: pam_unix(sudo:auth): authentication " +
                        "failure; logname= uid=1 euid=0 tty=x ruser=" + name + " rhost= user=x");
        break;
      default:
        lines.push_back(std::string(stamp) + " web-1 last message repeated 2 times");
        break;
    }
  }
  return lines;
}

Lines audit_flood() {
  Lines lines;
  std::mt19937 random(2);
  for (int i = 0; i < 12'000; ++i) {
    const std::string pid = std::to_string(1000 + random() % 4000);
    const std::string ses = std::to_string(random() % 9000);
    const std::string ip = "203.0.113." + std::to_string(random() % 20);
    const std::string head = "msg=audit(" + std::to_string(1'455'000'000 + i / 100) + "." +
                             std::to_string(100 + random() % 900) + ":" + std::to_string(i) +
                             "): pid=" + pid + " uid=0 ";
    const std::string tail =
        " exe=\"/usr/sbin/sshd\" hostname=" + ip + " addr=" + ip + " terminal=ssh res=";
    const std::string none = "auid=4294967295 ses=4294967295 msg='";
    switch (random() % 8) {
      case 0:
      case 1:
        lines.push_back("type=USER_AUTH " + head + none +
                        "op=PAM:authentication grantors=? acct=\"u" + std::to_string(random() % 9) +
                        "\"" + tail + "failed'");
        break;
      case 2:
      case 3:
        lines.push_back("type=USER_LOGIN " + head + none + "op=login acct=\"(unknown)\"" + tail +
                        "failed'");
        break;
      case 4:
        lines.push_back("type=USER_AUTH " + head + none +
                        "op=PAM:authentication grantors=pam_unix acct=\"u1\"" + tail + "success'");
        break;
      case 5:
        lines.push_back("type=USER_START " + head + "auid=1001 ses=" + ses +
                        " msg='op=PAM:session_open grantors=x acct=\"u1\"" + tail + "success'" +
                        "\x1dUID=\"root\" AUID=\"u1\"");
        break;
      case 6:
        lines.push_back("type=USER_ERR " + head + none + "op=PAM:bad_ident grantors=? acct=\"?\"" +
                        tail + "failed'");
        break;
      default:
        lines.push_back("type=USER_CMD " + head + "auid=1001 ses=" + ses +
                        " msg='cwd=\"/\" cmd=\"id\" exe=\"/usr/bin/sudo\" terminal=x res=success'");
        break;
    }
  }
  return lines;
}

void add_folder(std::vector<Log>& logs, const std::string& folder, const SourcePlugin& plugin,
                int depth) {
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string path = entry.path().string();
    if (path.ends_with(".log") || path.ends_with(".ndjson") ||
        (path.ends_with(".json") && !path.ends_with("-expected.json"))) {
      paths.push_back(path);
    }
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const std::string text = read_file(path);
    logs.push_back(
        {path, &plugin, depth == 0 ? lines_of(text) : testing_json::records_of(text, depth)});
  }
}

std::vector<Log> all_logs() {
  std::vector<Log> logs;
  const std::string recorded = DOORWARD_SOURCE_DIR "/tests/data/recorded/";
  for (const char* name :
       {"auth.log", "auth-rfc3339.log", "auth-rfc5424.log", "auth-repeated.log"}) {
    logs.push_back({name, &kSourceAuthlog, lines_of(read_file(recorded + name))});
  }
  for (const char* name : {"audit.log", "audit-repeated.log"}) {
    logs.push_back({name, &kSourceAuditd, lines_of(read_file(recorded + name))});
  }
  logs.push_back({"auth flood", &kSourceAuthlog, auth_flood()});
  logs.push_back({"audit flood", &kSourceAuditd, audit_flood()});
  for (const SourcePlugin* plugin : testing_json::kJsonSources) {
    logs.push_back({std::string(plugin->name), plugin,
                    testing_json::records_of(read_file(testing_json::data_file(*plugin)))});
  }
  return logs;
}

/// Logs of others, where they are at hand.
std::vector<Log> corpora() {
  const std::string folder = DOORWARD_SHARED_DIR "/corpora/";
  std::vector<Log> logs;
  add_folder(logs, folder + "authlog", kSourceAuthlog, 0);
  add_folder(logs, folder + "auditd", kSourceAuditd, 0);
  add_folder(logs, folder + "cloudtrail", kSourceCloudtrail, 1);
  add_folder(logs, folder + "entra", kSourceEntra, 1);
  add_folder(logs, folder + "m365", kSourceM365, 1);
  return logs;
}

bool same(const SourceCounters& a, const SourceCounters& b) {
  return a.lines == b.lines && a.other == b.other && a.no_stamp == b.no_stamp &&
         a.malformed == b.malformed && a.cut_fields == b.cut_fields &&
         a.closed_early == b.closed_early && a.repeats_capped == b.repeats_capped;
}

/// Splits the log; both parts together must tell what the whole does.
void expect_the_same_when_split(const Log& log, std::size_t splits) {
  const auto source = make(*log.plugin);
  std::vector<Bytes> states;
  std::vector<InputState> inputs;
  std::vector<std::size_t> told;
  const std::vector<std::size_t> points = split_points(log.lines.size(), splits);
  Wholes wanted;
  InputState input = first_state();
  for (std::size_t i = 0, next = 0; i <= log.lines.size(); ++i) {
    if (next < points.size() && points[next] == i) {
      ++next;
      states.push_back(save(*source));
      inputs.push_back(input);
      told.push_back(wanted.events.size());
    }
    if (i < log.lines.size()) feed(*source, log.lines[i], input, wanted);
  }
  const Bytes end = save(*source);
  source->finish(wanted);

  for (std::size_t at = 0; at < points.size(); ++at) {
    const auto fresh = make(*log.plugin);
    ASSERT_TRUE(load(*fresh, states[at])) << log.name << " at " << points[at];
    ASSERT_EQ(save(*fresh), states[at]) << log.name << " at " << points[at];
    Wholes seen;
    InputState state = inputs[at];
    for (std::size_t i = points[at]; i < log.lines.size(); ++i) {
      feed(*fresh, log.lines[i], state, seen);
    }
    ASSERT_EQ(save(*fresh), end) << log.name << " at " << points[at];
    fresh->finish(seen);
    ASSERT_TRUE(same(fresh->counters(), source->counters())) << log.name << " at " << points[at];
    ASSERT_EQ(seen.events.size(), wanted.events.size() - told[at])
        << log.name << " at " << points[at];
    ASSERT_TRUE(std::equal(seen.events.begin(), seen.events.end(),
                           wanted.events.begin() + static_cast<std::ptrdiff_t>(told[at])))
        << log.name << " at " << points[at];
  }
}

TEST(SourceState, SplitAnywhere) {
  for (const Log& log : all_logs()) {
    EXPECT_FALSE(log.lines.empty()) << log.name;
    expect_the_same_when_split(log, log.lines.size() > 5000 ? 60 : 1000);
  }
}

TEST(SourceState, CorporaSplitAnywhere) {
  const std::vector<Log> logs = corpora();
  if (logs.empty()) GTEST_SKIP() << "the corpora are not in " DOORWARD_SHARED_DIR "/corpora";
  for (const Log& log : logs) expect_the_same_when_split(log, log.lines.size() > 5000 ? 100 : 300);
}

/// A restart after every line.
TEST(SourceState, ManyRestarts) {
  for (const Log& log : all_logs()) {
    if (log.lines.size() > 5000) continue;
    Wholes wanted;
    const auto whole_run = make(*log.plugin);
    InputState input = first_state();
    for (const std::string& line : log.lines) feed(*whole_run, line, input, wanted);
    whole_run->finish(wanted);
    Wholes seen;
    auto source = make(*log.plugin);
    input = first_state();
    for (const std::string& line : log.lines) {
      feed(*source, line, input, seen);
      const Bytes state = save(*source);
      source = make(*log.plugin);
      ASSERT_TRUE(load(*source, state)) << log.name;
    }
    source->finish(seen);
    EXPECT_EQ(seen.events, wanted.events) << log.name;
  }
}

TEST(SourceState, IdleIsSmall) {
  for (const SourcePlugin* plugin : testing_json::kJsonSources) {
    EXPECT_EQ(save(*make(*plugin)).size(), 65U) << plugin->name;
  }
  EXPECT_LE(save(*make(kSourceAuthlog)).size(), 100U);
  EXPECT_LE(save(*make(kSourceAuditd)).size(), 100U);
}

/// Of what is open at most; the bound of a state file.
TEST(SourceState, FullIsBounded) {
  for (const Log& log : all_logs()) {
    const auto source = make(*log.plugin);
    Wholes sink;
    InputState input = first_state();
    std::size_t most = 0;
    for (std::size_t i = 0; i < log.lines.size(); ++i) {
      feed(*source, log.lines[i], input, sink);
      if (i % 500 == 0) most = std::max(most, save(*source).size());
    }
    EXPECT_LE(most, 6U * 1024 * 1024) << log.name;
    RecordProperty(log.name, static_cast<int>(most));
  }
}

/// Lines that no state may turn into more than their events.
void feed_some(const Log& log, Source& source, std::size_t lines) {
  Wholes sink;
  InputState input = first_state();
  const std::size_t from = log.lines.size() / 2;
  for (std::size_t i = from; i < std::min(from + lines, log.lines.size()); ++i) {
    feed(source, log.lines[i], input, sink);
  }
  source.advance(TimeUs{1} << 59, sink);
  source.finish(sink);
}

TEST(SourceState, DamagedBytes) {
  std::mt19937 random(3);
  for (const Log& log : all_logs()) {
    const Bytes nothing = save(*make(*log.plugin));
    const auto source = make(*log.plugin);
    Wholes sink;
    InputState input = first_state();
    for (std::size_t i = 0; i < log.lines.size() / 2; ++i) {
      feed(*source, log.lines[i], input, sink);
    }
    const Bytes state = save(*source);
    for (const std::size_t size : split_points(state.size() - 1, 300)) {
      const auto fresh = make(*log.plugin);
      EXPECT_FALSE(load(*fresh, Bytes(state.begin(), state.begin() + static_cast<long>(size))));
      EXPECT_EQ(save(*fresh), nothing) << log.name << " cut to " << size;
    }
    for (int i = 0; i < 500; ++i) {
      const auto fresh = make(*log.plugin);
      const Bytes bytes = garbled(state, random);
      StateReader in(bytes);
      fresh->load(in);
      // What happens to make sense is believed, also when it is shorter than it was.
      if (!in.ok()) {
        EXPECT_EQ(save(*fresh), nothing) << log.name;
      }
      feed_some(log, *fresh, 20);
    }
  }
}

/// Other bytes stand behind those of a source: it takes its own, and says when they are none.
TEST(SourceState, TakesItsOwnBytesOnly) {
  for (const Log& log : all_logs()) {
    Bytes bytes = save(*make(*log.plugin));
    bytes.push_back(42);
    StateReader in(bytes);
    make(*log.plugin)->load(in);
    EXPECT_TRUE(in.ok());
    std::uint8_t left = 0;
    in(left);
    EXPECT_EQ(left, 42);
    EXPECT_TRUE(in.done());
    bytes.front() = 77;  // a version that is not known
    EXPECT_FALSE(load(*make(*log.plugin), bytes));
  }
}

/// To be told of the time before a line comes changes nothing that the line would not.
TEST(SourceState, AdvanceIsPartOfFeed) {
  std::vector<Log> logs = all_logs();
  for (Log& log : corpora()) logs.push_back(std::move(log));
  for (const Log& log : logs) {
    Wholes wanted;
    Wholes seen;
    const auto plain = make(*log.plugin);
    const auto told = make(*log.plugin);
    InputState input = first_state();
    InputState same_input = first_state();
    for (const std::string& line : log.lines) {
      feed(*plain, line, input, wanted);
      const Stamp stamp = told->stamp(line, same_input);
      told->advance(stamp.time, seen);
      told->feed(line, stamp, seen);
    }
    EXPECT_EQ(save(*told), save(*plain)) << log.name;
    EXPECT_EQ(seen.events, wanted.events) << log.name;
  }
}

/// What is overdue goes out although no line comes.
TEST(SourceState, AdvanceClosesWhatIsOverdue) {
  const auto auth = make(kSourceAuthlog);
  Wholes sink;
  InputState input = first_state();
  const std::string line =
      "2026-02-09T21:19:40Z web-1 sshd[7]: Invalid user bob from 203.0.113.9 port 22";
  const TimeUs time = auth->stamp(line, input).time;
  feed(*auth, line, input, sink);
  auth->advance(kNoTime, sink);
  auth->advance(time + kAttemptTimeMaxUs, sink);
  EXPECT_EQ(sink.events.size(), 0U);
  auth->advance(time + kAttemptTimeMaxUs + 1, sink);
  EXPECT_EQ(sink.events.size(), 1U);

  const auto audit = make(kSourceAuditd);
  const std::string guess =
      "type=USER_AUTH msg=audit(1770671980.000:1): pid=7 uid=0 auid=4294967295 ses=4294967295 "
      "msg='op=PAM:authentication grantors=? acct=\"bob\" exe=\"/usr/sbin/sshd\" "
      "hostname=203.0.113.9 addr=203.0.113.9 terminal=ssh res=failed'";
  feed(*audit, guess, input, sink);
  const TimeUs guessed = audit->stamp(guess, input).time;
  audit->advance(kNoTime, sink);
  audit->advance(guessed - 7200 * kSecondUs, sink);  // another log is that far behind
  audit->advance(guessed + 15 * kSecondUs - 1, sink);
  EXPECT_EQ(sink.events.size(), 1U);
  audit->advance(guessed + 15 * kSecondUs, sink);
  EXPECT_EQ(sink.events.size(), 2U);
}

}  // namespace
}  // namespace state_test
}  // namespace doorward
