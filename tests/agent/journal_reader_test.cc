// The live reader against a real systemd-journald.
#include "agent/journal_reader.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>

#include <algorithm>

#include "agent/truncation_guard.h"
#include "plugins/limits.h"
#include "plugins/sources/json_record.h"
#include "plugins/sources/source.h"
#include "tests/support/journald.h"

namespace doorward {

extern const SourcePlugin kSourceJournald;

namespace {

class JournalReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = PrivateJournald::missing(); !why.empty()) GTEST_SKIP() << why;
    journald_ = std::make_unique<PrivateJournald>();
    if (!journald_->started()) GTEST_SKIP() << "no private journald can be started here";
  }

  [[nodiscard]] JournalReader open() const {
    Result<JournalReader> reader = JournalReader::open(journald_->journal());
    EXPECT_TRUE(reader.ok());
    return std::move(reader).value();
  }

  /// Waits as the daemon does until `count` messages have come.
  static std::vector<std::string> read(JournalReader& reader, std::size_t count) {
    std::vector<std::string> messages;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
      for (std::string_view entry = reader.next(); !entry.empty(); entry = reader.next()) {
        messages.push_back(message_of(entry));
        if (messages.size() == count) return messages;
      }
      wait(reader);
    }
    return messages;
  }
  static void wait(JournalReader& reader) {
    pollfd what{reader.descriptor(), reader.poll_events(), 0};
    EXPECT_LE(reader.timeout_ms(), kJournalLookMs);
    poll(&what, 1, reader.timeout_ms());
    EXPECT_TRUE(reader.process().ok());
  }
  static std::string message_of(std::string_view entry) {
    static JsonRecord record;
    EXPECT_TRUE(record.read(entry)) << entry;
    const JsonValue message = record.root()["MESSAGE"];
    if (message.is_text()) return std::string(message.text());
    std::vector<char> bytes(kLineBytesMax);
    const auto size = message.bytes(bytes);
    return size ? "bytes:" + std::string(bytes.data(), *size) : "none";
  }
  void sshd(const std::string& text) const { ASSERT_TRUE(journald_->syslog("sshd", text)); }

  std::unique_ptr<PrivateJournald> journald_;
};

using Messages = std::vector<std::string>;

TEST_F(JournalReaderTest, GivesLogonProgramsAlone) {
  JournalReader reader = open();
  // journald may still be making its first file.
  EXPECT_TRUE(wait_until([&] { return reader.process().ok() && reader.any_files(); }));
  EXPECT_TRUE(reader.next().empty());
  sshd("one");
  ASSERT_TRUE(journald_->syslog("cron", "not this"));
  ASSERT_TRUE(journald_->syslog("sudo", "two"));
  EXPECT_EQ(read(reader, 2), (Messages{"one", "two"}));
  ASSERT_TRUE(journald_->native("MESSAGE=three\nSYSLOG_IDENTIFIER=gdm-password]\n"));
  EXPECT_EQ(read(reader, 1), (Messages{"three"}));
  EXPECT_EQ(reader.counters().entries, 3U);
}

TEST_F(JournalReaderTest, RecordHasTheTrustedFields) {
  JournalReader reader = open();
  sshd("hello");
  std::string entry;
  ASSERT_TRUE(wait_until([&] {
    EXPECT_TRUE(reader.process().ok());
    entry = reader.next();
    return !entry.empty();
  }));
  JsonRecord record;
  ASSERT_TRUE(record.read(entry)) << entry;
  const JsonValue root = record.root();
  EXPECT_EQ(root["SYSLOG_IDENTIFIER"].text(), "sshd");
  EXPECT_EQ(root["_TRANSPORT"].text(), "syslog");
  EXPECT_EQ(root["_UID"].text(), "0");
  EXPECT_EQ(root["_PID"].text(), std::to_string(getpid()));
  EXPECT_EQ(std::string(root["_COMM"].text()) + "\n", read_file("/proc/self/comm"));
  EXPECT_EQ(root["_EXE"].text(), std::filesystem::read_symlink("/proc/self/exe").string());
  EXPECT_FALSE(root["_HOSTNAME"].text().empty());
  EXPECT_GT(root["_SOURCE_REALTIME_TIMESTAMP"].integer().value_or(0), 1'000'000'000'000'000);
  EXPECT_GE(root["__REALTIME_TIMESTAMP"].integer().value_or(0),
            root["_SOURCE_REALTIME_TIMESTAMP"].integer().value_or(0));
}

/// This test is not sshd: its records are read by the source, and not believed.
TEST_F(JournalReaderTest, SourceReadsTheRecords) {
  JournalReader reader = open();
  sshd("Accepted password for root from 203.0.113.99 port 40022 ssh2");
  const std::unique_ptr<Source> source = kSourceJournald.make({});
  struct Counter final : EventSink {
    void on_event(const Event&) override { ++events; }
    int events = 0;
  } counter;
  InputState input;
  ASSERT_TRUE(wait_until([&] {
    EXPECT_TRUE(reader.process().ok());
    const std::string_view entry = reader.next();
    if (entry.empty()) return false;
    const Stamp stamp = source->stamp(entry, input);
    EXPECT_NE(stamp.time, kNoTime);
    source->feed(entry, stamp, counter);
    return true;
  }));
  EXPECT_EQ(counter.events, 0);
  EXPECT_EQ(source->counters().untrusted, 1U);
}

TEST_F(JournalReaderTest, HostileBytesStayWhatTheyAre) {
  const Messages sent = {"quote \" and \\ and \x01 and \n and \x7f", "caf\xc3\xa9",
                         std::string("a\0b", 3), "", "{\"MESSAGE\":\"x\"}"};
  JournalReader reader = open();
  for (const std::string& text : sent) {
    ASSERT_TRUE(
        journald_->native("SYSLOG_IDENTIFIER=sshd\n" + PrivateJournald::field("MESSAGE", text)));
  }
  ASSERT_TRUE(journald_->native("SYSLOG_IDENTIFIER=sshd\n" +
                                PrivateJournald::field("MESSAGE", "no \xff\xfe UTF-8")));
  Messages expected = sent;
  expected.emplace_back("bytes:no \xff\xfe UTF-8");
  EXPECT_EQ(read(reader, expected.size()), expected);
}

TEST_F(JournalReaderTest, LongMessagesAreCut) {
  JournalReader reader = open();
  const std::string text(3 * kLineBytesMax, 'x');
  ASSERT_TRUE(
      journald_->native("SYSLOG_IDENTIFIER=sshd\n" + PrivateJournald::field("MESSAGE", text)));
  const Messages got = read(reader, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0], text.substr(0, kLineBytesMax));
  EXPECT_EQ(reader.counters().cut, 1U);
}

TEST_F(JournalReaderTest, PaddingCanBeRead) {
  JournalReader reader = open();
  sshd("padded");
  std::string_view entry;
  ASSERT_TRUE(wait_until([&] {
    EXPECT_TRUE(reader.process().ok());
    entry = reader.next();
    return !entry.empty();
  }));
  int sum = 0;
  for (std::size_t i = 0; i < kRecordPadding; ++i) sum += entry.data()[entry.size() + i];
  EXPECT_EQ(sum, static_cast<int>(kRecordPadding) * ' ');
}

TEST_F(JournalReaderTest, ResumesBehindTheCursor) {
  std::string cursor;
  {
    JournalReader reader = open();
    EXPECT_EQ(reader.cursor(), "");
    sshd("one");
    sshd("two");
    EXPECT_EQ(read(reader, 2), (Messages{"one", "two"}));
    cursor = reader.cursor();
  }
  sshd("three");
  sshd("four");
  JournalReader reader = open();
  ASSERT_TRUE(reader.resume(cursor).ok());
  EXPECT_EQ(reader.cursor(), cursor);
  EXPECT_EQ(read(reader, 2), (Messages{"three", "four"}));
  EXPECT_EQ(reader.counters().gaps, 0U);
  EXPECT_TRUE(reader.next().empty());
  EXPECT_FALSE(reader.resume("rubbish").ok());
  EXPECT_FALSE(reader.resume("").ok());
}

TEST_F(JournalReaderTest, BeginsWhereItIsTold) {
  sshd("old");
  JournalReader reader = open();
  EXPECT_EQ(read(reader, 1), (Messages{"old"}));
  JournalReader later = open();
  ASSERT_TRUE(later.begin_at_now().ok());
  sshd("new");
  EXPECT_EQ(read(later, 1), (Messages{"new"}));
  ASSERT_TRUE(later.begin_at_oldest().ok());
  EXPECT_EQ(read(later, 2), (Messages{"old", "new"}));
  ASSERT_TRUE(later.begin_since(0).ok());
  EXPECT_EQ(read(later, 2), (Messages{"old", "new"}));
  ASSERT_TRUE(later.begin_since(std::int64_t{4'000'000'000} * kSecondUs).ok());
  EXPECT_TRUE(later.next().empty());
}

TEST_F(JournalReaderTest, NowOfAJournalWithoutLogons) {
  JournalReader reader = open();
  ASSERT_TRUE(reader.begin_at_now().ok());
  sshd("first");
  EXPECT_EQ(read(reader, 1), (Messages{"first"}));
}

TEST_F(JournalReaderTest, FollowsRotationAndVacuum) {
  JournalReader reader = open();
  Messages expected;
  Messages got;
  const auto collect = [&](std::size_t count) {
    const Messages more = read(reader, count);
    got.insert(got.end(), more.begin(), more.end());
  };
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 20; ++i) {
      expected.push_back(std::to_string(round) + "." + std::to_string(i));
      sshd(expected.back());
    }
    // Some are read before the rotation, the others after it.
    collect(round % 2 == 0 ? 20 : 7);
    ASSERT_TRUE(journald_->rotate());
    if (round % 2 != 0) collect(13);
    if (round == 3) {
      ASSERT_TRUE(journald_->vacuum());
    }
  }
  EXPECT_EQ(got, expected);
  wait(reader);
  EXPECT_TRUE(reader.next().empty());
  EXPECT_GT(reader.counters().invalidated, 0U);
  EXPECT_EQ(reader.counters().unreadable, 0U);
}

TEST_F(JournalReaderTest, CursorOutlivesItsFile) {
  JournalReader reader = open();
  sshd("one");
  EXPECT_EQ(read(reader, 1), (Messages{"one"}));
  ASSERT_TRUE(journald_->rotate());
  ASSERT_TRUE(journald_->vacuum());
  ASSERT_TRUE(wait_until([&] {
    EXPECT_TRUE(reader.process().ok());
    return reader.counters().invalidated > 0;
  }));
  const std::string cursor = reader.cursor();
  ASSERT_FALSE(cursor.empty());
  sshd("two");
  sshd("three");
  EXPECT_EQ(read(reader, 2), (Messages{"two", "three"}));

  JournalReader other = open();
  ASSERT_TRUE(other.resume(cursor).ok());
  EXPECT_EQ(other.counters().gaps, 1U);
  EXPECT_EQ(read(other, 2), (Messages{"two", "three"}));
}

TEST_F(JournalReaderTest, DamagedFileIsNoEnd) {
  sshd("one");
  {
    JournalReader reader = open();
    EXPECT_EQ(read(reader, 1), (Messages{"one"}));
  }
  ASSERT_TRUE(journald_->rotate());
  sshd("two");
  {
    JournalReader reader = open();
    EXPECT_EQ(read(reader, 2), (Messages{"one", "two"}));
  }
  for (const std::string& file : journald_->files()) {
    if (file.find('@') == std::string::npos) continue;
    // Everything behind the header's first words.
    const std::string bytes = read_file(file);
    std::ofstream(file, std::ios::binary | std::ios::in | std::ios::out)
        .seekp(300)
        .write(std::string(bytes.size() - 300, '\xA5').data(),
               static_cast<std::streamsize>(bytes.size() - 300));
  }
  JournalReader reader = open();
  const Messages got = read(reader, 1);
  ASSERT_FALSE(got.empty());
  EXPECT_EQ(got.back(), "two");
}

/// As a vacuum does on a file system without holes, while the file is mapped.
TEST_F(JournalReaderTest, TruncatedFileIsNoEnd) {
  for (int i = 0; i < 50; ++i) sshd("old");
  JournalReader reader = open();
  EXPECT_EQ(read(reader, 5).size(), 5U);
  ASSERT_TRUE(journald_->rotate());
  sshd("new");
  for (const std::string& file : journald_->files()) {
    if (file.find('@') != std::string::npos) std::filesystem::resize_file(file, 0);
  }
  std::vector<std::string> got;
  EXPECT_TRUE(wait_until([&] {
    EXPECT_TRUE(reader.process().ok());
    for (std::string_view entry = reader.next(); !entry.empty(); entry = reader.next()) {
      got.push_back(message_of(entry));
    }
    return !got.empty() && got.back() == "new";
  }));
}

TEST(TruncationGuard, PagesThatAreGoneAreZeros) {
  const TemporaryFolder folder;
  const std::string path = folder.write("file", std::string(20'000, 'x'));
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto* bytes =
      static_cast<const volatile char*>(mmap(nullptr, 20'000, PROT_READ, MAP_SHARED, file, 0));
  ASSERT_NE(bytes, MAP_FAILED);
  close(file);
  const TruncationGuard guard;
  EXPECT_EQ(bytes[100], 'x');
  EXPECT_EQ(TruncationGuard::count(), 0);
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(bytes[100], 0);
  EXPECT_EQ(bytes[9000], 0);
  EXPECT_EQ(TruncationGuard::count(), 2);
}

TEST(TruncationGuardDeathTest, ElsewhereItIsTheEnd) {
  EXPECT_EXIT(
      {
        { const TruncationGuard guard; }
        std::raise(SIGBUS);
      },
      testing::KilledBySignal(SIGBUS), "");
}

TEST(JournalReader, FolderThatIsNotThere) {
  const Result<JournalReader> reader = JournalReader::open("/nonexistent/journal");
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().where, "/nonexistent/journal");
}

TEST(JournalReader, EmptyFolder) {
  const TemporaryFolder folder;
  Result<JournalReader> reader = JournalReader::open(folder.dir());
  ASSERT_TRUE(reader.ok());
  EXPECT_FALSE(reader.value().any_files());
  EXPECT_TRUE(reader.value().next().empty());
  EXPECT_TRUE(reader.value().begin_at_now().ok());
}

}  // namespace
}  // namespace doorward
