// Folders, many files and JSON records as one stream. The source here takes
// {"t":SECONDS,"u":"NAME"}.
#include "agent/input_set.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "agent/limits.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

class TinySource final : public Source {
 public:
  Stamp stamp(std::string_view line, InputState& /*input*/) override {
    const std::size_t at = line.find("\"t\":");
    Stamp stamp;
    std::int64_t seconds = 0;
    if (at == std::string_view::npos) return stamp;
    const char* digits = line.data() + at + 4;
    if (std::from_chars(digits, line.data() + line.size(), seconds).ec == std::errc()) {
      stamp.time = seconds * kSecondUs;
    }
    return stamp;
  }
  void advance(TimeUs /*now*/, EventSink& /*sink*/) override {}
  void save(StateWriter& /*out*/) const override {}
  void load(StateReader& /*in*/) override {}
  void feed(std::string_view line, const Stamp& stamp, EventSink& sink) override {
    ++counters_.lines;
    // A sanitizer tells when these are not there.
    for (std::size_t i = 0; i < kRecordPadding; ++i)
      behind_ = behind_ + line.data()[line.size() + i];
    if (stamp.time == kNoTime) {
      ++counters_.no_stamp;
      return;
    }
    Event event;
    event.time = stamp.time;
    event.outcome = Outcome::success;
    event.told = Told::cloudtrail;
    const std::size_t at = line.find("\"u\":\"");
    if (at != std::string_view::npos) {
      event[Field::user_name] = line.substr(at + 5, line.find('"', at + 5) - at - 5);
    }
    sink.on_event(event);
  }
  void finish(EventSink& /*sink*/) override {}
  [[nodiscard]] const SourceCounters& counters() const override { return counters_; }

 private:
  SourceCounters counters_;
  volatile char behind_ = 0;
};

const SourcePlugin kTiny = {
    "tiny",
    "a test's own",
    Told::cloudtrail,
    [](std::string_view head) { return head.starts_with('{') || head.starts_with('[') ? 100 : 0; },
    [](const SourceOptions&) -> std::unique_ptr<Source> { return std::make_unique<TinySource>(); },
    Framing::json_records};
constexpr std::array<const SourcePlugin*, 1> kPlugins = {&kTiny};

class Names final : public EventSink {
 public:
  void on_event(const Event& event) override {
    names.emplace_back(event[Field::user_name]);
    times.push_back(event.time);
  }
  std::vector<std::string> names;
  std::vector<TimeUs> times;
};

std::string record(int seconds, const std::string& user) {
  return "{\"t\":" + std::to_string(seconds) + ",\"u\":\"" + user + "\"}";
}

class InputSetTest : public testing::Test {
 protected:
  std::string folder(const std::string& name) const {
    std::filesystem::create_directories(folder_.path(name));
    return folder_.path(name);
  }
  std::string gzip(const std::string& name, const std::string& text) const {
    gzFile out = gzopen(folder_.path(name).c_str(), "wb");
    gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
    gzclose(out);
    return folder_.path(name);
  }
  InputSet open(const std::vector<std::string>& paths) const {
    InputOptions options;
    options.plugins = kPlugins;
    return {paths, options};
  }
  std::vector<std::string> read(InputSet& inputs) const {
    Names sink;
    inputs.read(sink, {});
    EXPECT_TRUE(std::is_sorted(sink.times.begin(), sink.times.end()));
    return sink.names;
  }
  TemporaryFolder folder_;
};

using Lines = std::vector<std::string>;

TEST_F(InputSetTest, ReadsEveryFormOfJson) {
  const Lines expected = {"a", "b", "c"};
  const std::string a = record(1, "a");
  const std::string b = record(2, "b");
  const std::string c = record(3, "c");
  const Lines forms = {a + "\n" + b + "\n" + c + "\n", "[\n" + a + ",\n" + b + ",\n" + c + "\n]\n",
                       "{\"Records\":[" + a + "," + b + "," + c + "]}",
                       "{\"records\":[" + a + "]}\n{\"records\":[" + b + "," + c + "]}\n"};
  for (const std::string& form : forms) {
    InputSet plain = open({folder_.write("plain", form)});
    EXPECT_EQ(read(plain), expected) << form;
    InputSet packed = open({gzip("packed.gz", form)});
    EXPECT_EQ(read(packed), expected) << form;
    EXPECT_TRUE(packed.all_records());
    EXPECT_EQ(packed.lines(), 3U);
    EXPECT_TRUE(packed.errors().empty());
  }
}

TEST_F(InputSetTest, GivesTheSameOfABigFileAndItsGzip) {
  // Longer than the read buffer, with records that lie across its end, on one line and with
  // records that are long.
  std::string text = "{\"Records\":[";
  Lines expected;
  for (int i = 0; i < 4000; ++i) {
    const std::string user =
        "u" + std::to_string(i) + std::string(i % 500 == 0 ? 200'000 : i % 997, 'x');
    text += (i > 0 ? "," : "") + record(i, user);
    expected.push_back(user);
  }
  text += "]}";
  InputSet plain = open({folder_.write("big.json", text)});
  EXPECT_EQ(read(plain), expected);
  InputSet packed = open({gzip("big.json.gz", text)});
  EXPECT_EQ(read(packed), expected);
  EXPECT_TRUE(packed.errors().empty());
}

TEST_F(InputSetTest, NamesWhatItSkipsWithFileAndLine) {
  const std::string path = folder_.write(
      "damaged.json", record(1, "a") + "\noops\n" + record(2, std::string(2 << 20, 'x')) + "\n" +
                          record(3, "b") + "\n{\"u\":\"no time\"}\n{\"t\":4,\n" + record(5, "c") +
                          "\n{\"t\":6,\"u\":\"cut");
  InputSet inputs = open({path});
  EXPECT_EQ(read(inputs), (Lines{"a", "b", "c"}));
  const InputFaults& faults = inputs.faults();
  EXPECT_EQ(faults.long_records, 1U);
  EXPECT_EQ(faults.malformed, 2U);
  EXPECT_EQ(faults.unnamed, 0U);
  EXPECT_EQ(faults.named, (Lines{path + ":2: not JSON, skipped to the next line",
                                 path + ":3: record longer than 1 MiB, skipped",
                                 path + ":5: record without a readable time",
                                 path + ":6: JSON breaks off, skipped to the next line"}));
  ASSERT_EQ(inputs.errors().size(), 1U);
  EXPECT_EQ(inputs.errors()[0].message(),
            path + ":8: truncated: the file ends inside the JSON that begins here");
}

TEST_F(InputSetTest, ATruncatedGzipIsToldAsSuch) {
  std::string text = "{\"Records\":[" + record(1, "first");
  for (int i = 0; i < 40'000; ++i) text += "," + record(i + 2, std::to_string(i * 7919LL));
  const std::string path = gzip("cut.json.gz", text + "]}");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  InputSet inputs = open({path});
  EXPECT_GT(read(inputs).size(), 10'000U);
  ASSERT_EQ(inputs.errors().size(), 1U);
  EXPECT_EQ(inputs.errors()[0].message(), path + ":1: truncated gzip: ends in mid-stream");
}

TEST_F(InputSetTest, TakesTheLogsOfAFolderAndBelow) {
  const std::string root = folder("AWSLogs");
  folder("AWSLogs/1/CloudTrail/eu-north-1/2026/11/20");
  folder("AWSLogs/1/CloudTrail-Digest/eu-north-1");
  folder("AWSLogs/.hidden");
  const std::string day = "AWSLogs/1/CloudTrail/eu-north-1/2026/11/20/";
  folder_.write(day + "b.json", "{\"Records\":[" + record(1, "1") + "," + record(4, "4") + "]}");
  gzip(day + "a.json.gz", "{\"Records\":[" + record(3, "3") + "]}");
  folder_.write("AWSLogs/top.json", record(2, "2"));
  folder_.write(day + ".c.json", record(9, "hidden"));
  folder_.write(day + "d.json.tmp", record(9, "tmp"));
  folder_.write(day + "e.json.part", record(9, "part"));
  folder_.write("AWSLogs/.hidden/f.json", record(9, "below hidden"));
  folder_.write("AWSLogs/1/CloudTrail-Digest/eu-north-1/g.json", record(9, "digest"));
  folder_.write(day + "1_CloudTrail-Digest_x.json", record(9, "digest"));
  std::filesystem::create_symlink(folder_.write("elsewhere.json", record(9, "link")),
                                  folder_.path(day + "link.json"));
  ASSERT_EQ(mkfifo(folder_.path(day + "pipe.json").c_str(), 0600), 0);
  folder_.write(day + "empty.json", "");
  InputSet inputs = open({root});
  EXPECT_EQ(read(inputs), (Lines{"1", "2", "3", "4"}));
  EXPECT_TRUE(inputs.errors().empty());
  EXPECT_EQ(inputs.files(), 4U);
}

TEST_F(InputSetTest, NamesWhatItCannotReadInAFolderAndReadsTheRest) {
  const std::string root = folder("logs");
  folder_.write("logs/a.json", record(1, "a"));
  folder_.write("logs/b.json", "no log");
  folder_.write("logs/c.json", record(2, "c"));
  const std::string secret = folder_.write("logs/secret.json", record(3, "secret"));
  const std::string closed = folder("logs/closed");
  chmod(secret.c_str(), 0);
  chmod(closed.c_str(), 0);
  const bool may_read_all = access(secret.c_str(), R_OK) == 0;
  InputSet inputs = open({root});
  Lines errors;
  for (const Error& error : inputs.errors()) errors.push_back(error.message());
  std::sort(errors.begin(), errors.end());
  const std::string unknown =
      root + "/b.json:1: does not look like any log known here (tiny); name it with --source";
  if (may_read_all) {
    EXPECT_EQ(errors, (Lines{unknown}));
    EXPECT_EQ(read(inputs), (Lines{"a", "c", "secret"}));
  } else {
    EXPECT_EQ(errors, (Lines{unknown, closed + ": cannot read the folder: Permission denied",
                             secret + ": cannot open: Permission denied"}));
    EXPECT_EQ(read(inputs), (Lines{"a", "c"}));
  }
  chmod(closed.c_str(), 0700);
}

TEST_F(InputSetTest, NamesAHundredErrorsAndCountsTheRest) {
  Lines paths;
  for (int i = 0; i < 250; ++i) paths.push_back(folder_.path("none" + std::to_string(i)));
  InputSet inputs = open(paths);
  ASSERT_EQ(inputs.errors().size(), kNamedErrorsMax + 1);
  EXPECT_EQ(inputs.errors().back().message(), "and 150 more inputs like these");
}

/// Lets no more files be open than the merge and the test itself need.
class FewDescriptors {
 public:
  FewDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(STDIN_FILENO);
    close(next);
    rlimit few = before_;
    // One for a folder that is being listed; two that UBSan takes to look at an object's type.
    few.rlim_cur = static_cast<rlim_t>(next) + kOpenFilesMax + 3;
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(InputSetTest, MergesThousandsOfFilesOneAfterTheOther) {
  const std::string root = folder("many");
  Lines expected;
  // Named in an order that has nothing to do with their times; each overlaps its neighbours.
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "many/" + std::to_string(i * 7919LL % 3000) + ".json";
    std::string text = "{\"Records\":[";
    for (int j = 0; j < 3; ++j) {
      text += (j > 0 ? "," : "") + record(i * 2 + j * 3, std::to_string(i * 2 + j * 3));
    }
    if (i % 2 == 0) {
      folder_.write(name, text + "]}");
    } else {
      gzip(name, text + "]}");
    }
    for (int j = 0; j < 3; ++j) expected.push_back(std::to_string(i * 2 + j * 3));
  }
  std::sort(expected.begin(), expected.end(),
            [](const std::string& a, const std::string& b) { return std::stoi(a) < std::stoi(b); });
  const FewDescriptors few;
  InputSet inputs = open({root});
  EXPECT_EQ(inputs.files(), 3000U);
  EXPECT_EQ(read(inputs), expected);
  EXPECT_TRUE(inputs.errors().empty());
  EXPECT_EQ(inputs.lines(), 9000U);
  EXPECT_EQ(inputs.bytes_consumed(), inputs.bytes_total());
}

TEST_F(InputSetTest, ReadsMoreOverlappingFilesThanMayBeOpenNearlyInOrder) {
  const std::string root = folder("wide");
  constexpr int kFiles = 3 * static_cast<int>(kOpenFilesMax);
  constexpr int kRecords = 60;
  std::size_t expected = 0;
  for (int i = 0; i < kFiles; ++i) {
    std::string text;
    for (int j = 0; j < kRecords; ++j) text += record(j * 10 + i % 10, "u") + "\n";
    const std::string name = "wide/" + std::to_string(i);
    if (i % 4 == 0) {
      gzip(name, text);
    } else {
      folder_.write(name, text);
    }
    expected += kRecords;
  }
  const FewDescriptors few;
  InputSet inputs = open({root});
  Names sink;
  inputs.read(sink, {});
  EXPECT_EQ(sink.names.size(), expected);
  EXPECT_TRUE(inputs.errors().empty());
  TimeUs newest = kNoTime;
  for (const TimeUs time : sink.times) {
    EXPECT_GE(time, newest == kNoTime ? kNoTime : newest - kRunAheadUs);
    newest = std::max(newest, time);
  }
}

TEST_F(InputSetTest, SaysWhenAClosedFileIsGoneOrAnother) {
  const std::string root = folder("gone");
  constexpr int kFiles = static_cast<int>(kOpenFilesMax) + 10;
  for (int i = 0; i < kFiles; ++i) {
    // The latest come first and have to be closed for the others.
    folder_.write("gone/" + std::to_string(1000 + i), record(1000 - i, std::to_string(1000 - i)));
  }
  InputSet inputs = open({root});
  std::filesystem::remove(folder_.path("gone/1000"));
  folder_.write("other", record(1, "other"));
  std::filesystem::rename(folder_.path("other"), folder_.path("gone/1001"));
  std::filesystem::resize_file(folder_.path("gone/1002"), 3);
  const Lines names = read(inputs);
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kFiles - 3));
  EXPECT_EQ(names.back(), "997");
  Lines errors;
  for (const Error& error : inputs.errors()) errors.push_back(error.message());
  EXPECT_EQ(errors, (Lines{root + "/1002:1: was cut while it was read",
                           root + "/1001: was replaced by another file while it was read",
                           root + "/1000: cannot open: No such file or directory"}));
}

TEST_F(InputSetTest, GoesOnWithWhatIsAdded) {
  InputSet inputs = open({folder_.write("a", record(1, "a"))});
  Names sink;
  inputs.read_on(sink, {});
  EXPECT_EQ(sink.names, (Lines{"a"}));
  inputs.add({folder_.write("c", record(3, "c")), folder_.write("b", record(2, "b"))});
  inputs.read_on(sink, {});
  inputs.finish(sink);
  EXPECT_EQ(sink.names, (Lines{"a", "b", "c"}));
  EXPECT_EQ(inputs.files(), 3U);
  EXPECT_EQ(inputs.lines(), 3U);
}

}  // namespace
}  // namespace doorward
