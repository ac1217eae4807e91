// A fleet's policy on the agent's disk: whole or not at all, whatever happens in between.
#include "agent/fleet/policy_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "plugins/policy/folder.h"
#include "plugins/state_archive.h"
#include "tests/policy/policy_files.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Store : public testing::Test {
 protected:
  std::unique_ptr<PolicyStore> open() {
    Result<std::unique_ptr<PolicyStore>> store = PolicyStore::open(state_.dir());
    EXPECT_TRUE(store.ok());
    return std::move(store).value();
  }

  /// As the daemon: takes what it is given, and remembers.
  PolicyStore::TryIt takes() {
    return [this](const std::string& folder) -> Status {
      tried_.push_back(folder);
      return {};
    };
  }

  static PolicyTexts budget(const std::string& per_day) {
    return {{"policy.toml", "[alerts]\nbudget_per_day = " + per_day + "\n"}};
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(state_.path("policy"))) {
      out.push_back(entry.path().filename().string());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  [[nodiscard]] std::uint64_t version_on_disk() const {
    const Result<std::optional<StoredPolicy>> read = read_current_policy(state_.dir());
    return read && read.value() ? read.value()->version : 0;
  }

  TemporaryFolder state_;
  std::vector<std::string> tried_;
};

TEST_F(Store, KeepsWhatTheServerSentAndTheAgentTook) {
  EXPECT_EQ(version_on_disk(), 0U);
  {
    const auto store = open();
    EXPECT_EQ(store->version(), 0U);
    ASSERT_TRUE(store->offer(7, office_policy(), takes()).ok());
    EXPECT_EQ(store->version(), 7U);
    ASSERT_EQ(tried_.size(), 1U);
    const Result<PolicyTexts> tried = read_policy_folder(tried_[0]);
    ASSERT_TRUE(tried.ok());
    EXPECT_EQ(tried.value(), office_policy());
  }
  const Result<std::optional<StoredPolicy>> read = read_current_policy(state_.dir());
  ASSERT_TRUE(read.ok() && read.value());
  EXPECT_EQ(read.value()->version, 7U);
  EXPECT_EQ(read.value()->texts, office_policy());
  EXPECT_EQ(read.value()->folder, tried_[0]);
  EXPECT_EQ(open()->version(), 7U);
  struct stat facts {};
  ASSERT_EQ(stat((tried_[0] + "/rules").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0700U);
  ASSERT_EQ(stat((tried_[0] + "/rules/root_on_gate.toml").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(Store, TheSameVersionAgainIsNotTriedAgain) {
  const auto store = open();
  ASSERT_TRUE(store->offer(1, budget("1"), takes()).ok());
  ASSERT_TRUE(store->offer(1, budget("1"), takes()).ok());
  EXPECT_EQ(tried_.size(), 1U);
  // Another group's first version is another policy.
  ASSERT_TRUE(store->offer(1, budget("2"), takes()).ok());
  EXPECT_EQ(tried_.size(), 2U);
  EXPECT_EQ(read_current_policy(state_.dir()).value()->texts, budget("2"));
}

TEST_F(Store, WhatTheAgentRefusesLeavesTheOneBefore) {
  const auto store = open();
  ASSERT_TRUE(store->offer(1, budget("1"), takes()).ok());
  const auto refuses = [&](const std::string& folder) -> Status {
    EXPECT_TRUE(fs::exists(folder + "/policy.toml"));
    EXPECT_EQ(version_on_disk(), 1U);
    return Error{folder + "/policy.toml:3", "databases: cannot open\x1B[2J /geo.mmdb"};
  };
  const Status offered = store->offer(2, budget("2"), refuses);
  ASSERT_FALSE(offered.ok());
  EXPECT_EQ(store->version(), 1U);
  EXPECT_EQ(store->refused(), 2U);
  EXPECT_THAT(store->reason(), HasSubstr("/policy.toml:3: databases: cannot open?[2J /geo.mmdb"));
  EXPECT_EQ(version_on_disk(), 1U);
  EXPECT_EQ(names().size(), 2U);  // version 1 and current
  ASSERT_TRUE(store->offer(3, budget("3"), takes()).ok());
  EXPECT_EQ(store->refused(), 0U);
  EXPECT_EQ(store->reason(), "");
}

TEST_F(Store, MistakesAreRefusedBeforeAnythingIsWritten) {
  const auto store = open();
  PolicyTexts texts = office_policy();
  text_of(texts, "policy.toml") += "[rules.rare_planet]\n[rules.rare_moon]\n";
  EXPECT_FALSE(store->offer(4, texts, takes()).ok());
  EXPECT_EQ(store->refused(), 4U);
  EXPECT_EQ(store->reason(), "policy.toml:15: rules: no rule \"rare_planet\" (and 1 more)");
  EXPECT_FALSE(store->offer(5, {{"../../escape.toml", ""}}, takes()).ok());
  EXPECT_FALSE(store->offer(0, budget("1"), takes()).ok());
  EXPECT_THAT(tried_, IsEmpty());
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_FALSE(fs::exists(state_.path("escape.toml")));
}

TEST_F(Store, KeepsThreeVersions) {
  const auto store = open();
  for (int i = 1; i <= 6; ++i) {
    ASSERT_TRUE(
        store->offer(static_cast<std::uint64_t>(i), budget(std::to_string(i)), takes()).ok());
    // Names tell them apart when the clock does not.
    const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(10 - i);
    fs::last_write_time(tried_.back(), long_ago);
  }
  const std::vector<std::string> left = names();
  ASSERT_EQ(left.size(), kPolicyVersionsKept + 1);
  EXPECT_TRUE(left[0].starts_with("4-") && left[1].starts_with("5-") && left[2].starts_with("6-"));
}

TEST_F(Store, ADamagedFileIsSetAsideAndTheServersIsTakenAgain) {
  {
    const auto store = open();
    ASSERT_TRUE(store->offer(7, office_policy(), takes()).ok());
  }
  for (const char* damage : {"version", "file", "extra", "missing"}) {
    const std::string current = state_.path("policy/current");
    const std::string kept = read_file(current);
    const std::string folder = tried_.back();
    if (damage == std::string("version")) {
      std::ofstream(current) << "doorward policy 7 beef\n";
    } else if (damage == std::string("file")) {
      std::ofstream(folder + "/policy.toml", std::ios::app) << "\n";
    } else if (damage == std::string("extra")) {
      std::ofstream(folder + "/sets/more.txt") << "x\n";
    } else {
      fs::remove(folder + "/sets/vpn.txt");
    }
    EXPECT_FALSE(read_current_policy(state_.dir()).ok()) << damage;
    const auto store = open();
    EXPECT_EQ(store->version(), 0U) << damage;
    EXPECT_THAT(store->take_warnings(),
                ElementsAre(HasSubstr("No policy of the fleet is in force until the server")));
    EXPECT_THAT(store->take_warnings(), IsEmpty());
    EXPECT_TRUE(fs::exists(current + ".damaged"));
    EXPECT_FALSE(fs::exists(current));
    ASSERT_TRUE(store->offer(7, office_policy(), takes()).ok()) << damage;
    EXPECT_EQ(version_on_disk(), 7U) << damage;
    EXPECT_EQ(read_file(current), kept);
  }
}

TEST_F(Store, ACutWriteIsCleanedUp) {
  {
    const auto store = open();
    ASSERT_TRUE(store->offer(1, budget("1"), takes()).ok());
  }
  fs::create_directories(state_.path("policy/2-01234567.tmp/rules"));
  state_.write("policy/2-01234567.tmp/rules/a.toml", "half");
  const auto store = open();
  EXPECT_EQ(store->version(), 1U);
  EXPECT_EQ(names().size(), 2U);
}

TEST_F(Store, OneThatThisAgentCannotUseIsNotInForceAndSaysWhy) {
  // As after an update of the agent that knows a rule no more.
  const std::string text = "[rules.rare_planet]\n";
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  out.text("policy.toml");
  out.text(text);
  std::array<unsigned char, 32> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(), nullptr, 0);
  std::array<char, 65> digits{};
  sodium_bin2hex(digits.data(), digits.size(), hash.data(), hash.size());
  const std::string name = "policy/7-" + std::string(digits.data()).substr(0, 8);
  fs::create_directories(state_.path(name));
  state_.write(name + "/policy.toml", text);
  state_.write("policy/current", "doorward policy 7 " + std::string(digits.data()) + "\n");
  const Result<std::optional<StoredPolicy>> read = read_current_policy(state_.dir());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message(), "policy.toml:1: rules: no rule \"rare_planet\"");
  const auto store = open();
  EXPECT_EQ(store->version(), 0U);
  EXPECT_EQ(store->refused(), 7U);
  EXPECT_EQ(store->reason(), "policy.toml:1: rules: no rule \"rare_planet\"");
  EXPECT_THAT(store->take_warnings(),
              ElementsAre("policy 7 of the fleet is not in force: policy.toml:1: rules: no rule "
                          "\"rare_planet\""));
  EXPECT_TRUE(fs::exists(state_.path("policy/current")));
}

TEST_F(Store, WhenCurrentCannotBeWrittenTheOneBeforeIsPutBack) {
  const auto store = open();
  ASSERT_TRUE(store->offer(1, budget("1"), takes()).ok());
  const std::string before = tried_.back();
  // A folder in its place: no rename over it.
  const std::string current = state_.path("policy/current");
  fs::remove(current);
  fs::create_directories(current + "/full");
  EXPECT_FALSE(store->offer(2, budget("2"), takes()).ok());
  EXPECT_EQ(store->version(), 1U);
  EXPECT_EQ(store->refused(), 2U);
  ASSERT_EQ(tried_.size(), 3U);
  EXPECT_EQ(tried_[2], before);
}

}  // namespace
}  // namespace doorward
