// Set files: what is read, what is refused, and what happens when they change.
#include "plugins/set_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <string>

#include "plugins/limits.h"
#include "plugins/rule_set.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

constexpr TimeUs kNow = 1'800'000'000 * kSecondUs;

/// Files in memory with a clock of their own.
class MemoryLoader final : public FileLoader {
 public:
  void write(const std::string& path, const std::string& text, TimeUs time) {
    files_[path] = {text, {time, text.size(), 1}};
  }
  void remove(const std::string& path) { files_.erase(path); }
  Result<FileVersion> version(const std::string& path) override {
    if (!files_.contains(path)) return Error{path, "cannot read: gone"};
    return files_[path].second;
  }
  Result<std::string> read(const std::string& path, std::size_t bytes_max) override {
    ++reads;
    if (!files_.contains(path)) return Error{path, "cannot read: gone"};
    if (files_[path].first.size() > bytes_max) return Error{path, "larger than 4 MiB"};
    return files_[path].first;
  }
  int reads = 0;

 private:
  std::map<std::string, std::pair<std::string, FileVersion>> files_;
};

std::vector<std::string> mistakes_of(std::string_view text, ValueKind kind) {
  ValueList values(kind);
  std::vector<Error> mistakes;
  read_set(text, "f.txt", values, mistakes);
  std::vector<std::string> out;
  for (const Error& mistake : mistakes) out.push_back(mistake.message());
  return out;
}

TEST(SetFile, HasAValueALine) {
  ValueList values(ValueKind::address);
  std::vector<Error> mistakes;
  read_set("\xEF\xBB\xBF# exits\r\n\n198.51.100.0/24\r\n  2001:db8::/48\t# Berlin\n203.0.113.7#\n",
           "f.txt", values, mistakes);
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_EQ(mistakes[0].message(),
            "f.txt:5: \"203.0.113.7#\": expected an address or a prefix such as 10.0.0.0/8");
  EXPECT_EQ(values.size(), 2U);
  EXPECT_TRUE(values.matches(*IpAddress::parse("198.51.100.255")));
  EXPECT_TRUE(values.matches(*IpAddress::parse("2001:db8::ffff")));

  ValueList names(ValueKind::text);
  read_set("alice\nsvc-*\n=odd*\nc#sharp # a user\nlast", "f.txt", names, mistakes);
  EXPECT_EQ(mistakes.size(), 1U);
  for (const char* name : {"alice", "svc-x", "odd*", "c#sharp", "last"}) {
    EXPECT_TRUE(names.matches(std::string_view(name))) << name;
  }
  EXPECT_FALSE(names.matches(std::string_view("oddly")));
}

TEST(SetFile, MistakesHaveTheirLineAndAnEnd) {
  EXPECT_EQ(mistakes_of("a\n!b\n", ValueKind::text),
            std::vector<std::string>{"f.txt:2: a set file holds plain values; write ! and @ in the "
                                     "condition, or = before a value that begins so"});
  EXPECT_EQ(mistakes_of(std::string("a\n\0b\n", 5), ValueKind::text),
            std::vector<std::string>{"f.txt:2: control characters; not a text file?"});
  EXPECT_EQ(mistakes_of(std::string(kSetValueBytesMax + 1, 'a'), ValueKind::text).size(), 1U);
  std::string garbage;
  for (int i = 0; i < 5000; ++i) garbage += "\x01\x02\xff\n";
  const std::vector<std::string> mistakes = mistakes_of(garbage, ValueKind::address);
  ASSERT_EQ(mistakes.size(), kSetMistakesMax + 1);
  EXPECT_EQ(mistakes.back(), "f.txt: and 4990 more lines like these");
  std::string many;
  for (std::size_t i = 0; i < kSetValuesMax + 3; ++i) many += std::to_string(i) + "\n";
  EXPECT_EQ(mistakes_of(many, ValueKind::text),
            (std::vector<std::string>{"f.txt:100001: more than 100000 values",
                                      "f.txt:100002: more than 100000 values",
                                      "f.txt:100003: more than 100000 values"}));
}

class SetFilesTest : public testing::Test {
 protected:
  std::shared_ptr<const SetFile> open(const std::string& path) {
    return files_.open(path, "/etc/doorward/agent.toml", ValueKind::text,
                       [&](const std::string& what) { said_.push_back(what); });
  }
  std::size_t reload(TimeUs now) {
    mistakes_.clear();
    return files_.reload_if_changed(now, mistakes_);
  }
  static bool has(const std::shared_ptr<const SetFile>& file, const char* text) {
    return file->values.matches(std::string_view(text));
  }

  MemoryLoader loader_;
  SetFiles files_{loader_};
  std::vector<std::string> said_;
  std::vector<Error> mistakes_;
};

TEST_F(SetFilesTest, AreReadOnceAndFromTheFolderOfWhoNamesThem) {
  loader_.write("/etc/doorward/vpn.txt", "a\n", kNow);
  const auto file = open("vpn.txt");
  ASSERT_TRUE(file);
  EXPECT_EQ(open("/etc/doorward/vpn.txt"), file);
  EXPECT_EQ(open("../doorward/vpn.txt"), file);
  EXPECT_EQ(loader_.reads, 1);
  EXPECT_EQ(files_.size(), 1U);
  EXPECT_TRUE(has(file, "a"));
  EXPECT_FALSE(open("other.txt"));
  EXPECT_FALSE(open(""));
  EXPECT_EQ(said_, (std::vector<std::string>{"/etc/doorward/other.txt: cannot read: gone",
                                             "expected the path of a set file after @"}));
}

TEST_F(SetFilesTest, ANewVersionReplacesTheOldOnceItIsSettled) {
  loader_.write("/f", "a\n", kNow);
  const auto file = open("/f");
  EXPECT_EQ(reload(kNow + kSetCheckUs), 0U);
  EXPECT_EQ(loader_.reads, 1) << "what did not change is not read";
  const TimeUs changed = kNow + 2 * kSetCheckUs;
  loader_.write("/f", "b\n", changed);
  EXPECT_EQ(reload(changed + kSetSettleUs - 1), 0U) << "it may be half written";
  EXPECT_TRUE(has(file, "a"));
  EXPECT_EQ(reload(changed + kSetSettleUs), 0U) << "looked at a moment ago";
  EXPECT_EQ(reload(changed + kSetSettleUs - 1 + kSetCheckUs), 1U);
  EXPECT_TRUE(has(file, "b"));
  EXPECT_FALSE(has(file, "a"));
  EXPECT_TRUE(mistakes_.empty());
  // A stamp ahead of the clock is not waited for.
  loader_.write("/f", "c\n", changed + 100 * kSetCheckUs);
  EXPECT_EQ(reload(changed + 3 * kSetCheckUs), 1U);
  EXPECT_TRUE(has(file, "c"));
}

TEST_F(SetFilesTest, ABrokenVersionKeepsTheOldAndIsReportedOnce) {
  loader_.write("/f", "a\n", kNow);
  const auto file = open("/f");
  loader_.write("/f", "!b\n", kNow + 1);
  EXPECT_EQ(reload(kNow + kSetCheckUs), 0U);
  ASSERT_EQ(mistakes_.size(), 2U);
  EXPECT_EQ(mistakes_[1].message(),
            "/f: the new version is not used; what was read before stays in force");
  EXPECT_TRUE(has(file, "a"));
  EXPECT_FALSE(has(file, "b"));
  EXPECT_EQ(reload(kNow + 2 * kSetCheckUs), 0U);
  EXPECT_TRUE(mistakes_.empty());
  loader_.write("/f", std::string(kSetFileBytesMax + 1, 'a'), kNow + 2);
  EXPECT_EQ(reload(kNow + 3 * kSetCheckUs), 0U);
  EXPECT_EQ(mistakes_.size(), 2U);
  EXPECT_TRUE(has(file, "a"));
  loader_.remove("/f");
  EXPECT_EQ(reload(kNow + 4 * kSetCheckUs), 0U);
  ASSERT_EQ(mistakes_.size(), 1U);
  EXPECT_EQ(mistakes_[0].message(), "/f: cannot read: gone; what was read before stays in force");
  EXPECT_EQ(reload(kNow + 5 * kSetCheckUs), 0U);
  EXPECT_TRUE(mistakes_.empty());
  EXPECT_TRUE(has(file, "a"));
  loader_.write("/f", "c\n", kNow + 3);
  EXPECT_EQ(reload(kNow + 6 * kSetCheckUs), 1U);
  EXPECT_TRUE(has(file, "c"));
  // The clock was set back: checks go on.
  loader_.write("/f", "d\n", kNow - kSetSettleUs);
  EXPECT_EQ(reload(kNow), 1U);
}

TEST_F(SetFilesTest, HaveALimit) {
  for (std::size_t i = 0; i <= kSetFilesMax; ++i) {
    loader_.write("/f" + std::to_string(i), "a\n", kNow);
    EXPECT_EQ(static_cast<bool>(open("/f" + std::to_string(i))), i < kSetFilesMax);
  }
  EXPECT_EQ(said_, std::vector<std::string>{"more than 64 set files"});
}

TEST(DiskLoader, ReadsPlainFilesOnly) {
  const TemporaryFolder folder;
  DiskLoader loader;
  const std::string path = folder.write("f", "abc\n");
  EXPECT_EQ(loader.read(path, 4).value(), "abc\n");
  EXPECT_EQ(loader.version(path).value().size, 4U);
  EXPECT_FALSE(loader.read(path, 3).ok());
  EXPECT_FALSE(loader.read(folder.path("none"), 4).ok());
  EXPECT_FALSE(loader.read(folder.dir(), 4).ok());
  EXPECT_FALSE(loader.read("/dev/zero", 4).ok());
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(loader.read(folder.path("pipe"), 4).error().what, "not a plain file");
  // 100 MB that take no room on the disk.
  const std::string large = folder.write("large", "");
  std::filesystem::resize_file(large, 100'000'000);
  EXPECT_EQ(loader.read(large, kSetFileBytesMax).error().what, "larger than 4 MiB");
}

TEST(SetFiles, RulesCanNameThem) {
  const TemporaryFolder folder;
  folder.write("exits.txt", "198.51.100.0/24\n");
  const std::span<const RuleText> builtin = builtin_rules();
  const auto rare_user = std::find_if(builtin.begin(), builtin.end(), [](const RuleText& rule) {
    return rule.file == "rules/rare_user.toml";
  });
  ASSERT_NE(rare_user, builtin.end());
  RuleText text = *rare_user;
  const std::size_t at = text.toml.find("[when]\n");
  ASSERT_NE(at, std::string::npos);
  text.toml.insert(at + 7, "source.ip = \"!@exits.txt\"\n");
  text.file = folder.path("rule.toml");
  DiskLoader loader;
  SetFiles files(loader);
  std::vector<Error> mistakes;
  const RuleSet rules(std::span(&text, 1), HashKey{}, mistakes, &files);
  ASSERT_TRUE(mistakes.empty()) << mistakes[0].message();
  Event event;
  event.outcome = Outcome::success;
  event[Field::event_action] = "ssh_login";
  event[Field::user_name] = "alice";
  event.ip = *IpAddress::parse("198.51.100.7");
  EventKeys keys;
  EXPECT_EQ(rules.prepare(event, keys), 0U);
  event.ip = *IpAddress::parse("198.51.101.7");
  EXPECT_EQ(rules.prepare(event, keys), 1U);
  const RuleSet without(std::span(&text, 1), HashKey{}, mistakes);
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_NE(mistakes[0].message().find("source.ip: set files (\"@...\") cannot be used here"),
            std::string::npos);
}

}  // namespace
}  // namespace doorward
