// A policy folder: what it may hold, every mistake with its file and line, and what changes.
#include "plugins/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "plugins/policy/diff.h"
#include "plugins/policy/folder.h"
#include "plugins/policy/line_diff.h"
#include "plugins/policy/validate.h"
#include "tests/policy/policy_files.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Policy, IsReadWhole) {
  std::vector<Error> mistakes;
  const Policy policy = parse_policy(office_policy(), mistakes, "/p");
  EXPECT_THAT(words_of(mistakes), IsEmpty());
  EXPECT_EQ(policy.budget_per_day, 2);
  ASSERT_EQ(policy.overrides.size(), 2U);
  EXPECT_EQ(policy.overrides[0].id, "rare_hour_for_user");
  EXPECT_FALSE(policy.overrides[0].enabled);
  EXPECT_EQ(policy.overrides[1].threshold, 70);
  EXPECT_EQ(policy.overrides[1].strength, 2);
  EXPECT_EQ(policy.overrides[1].discount, 0.4);
  EXPECT_EQ(policy.overrides[1].where, "/p/policy.toml:7");
  EXPECT_EQ(policy.delta_s, 30);
  EXPECT_EQ(policy.heartbeat_s, 15);
  EXPECT_EQ(policy.rules.at(0).file, "/p/rules/root_on_gate.toml");
  EXPECT_EQ(policy.rule_ids.at(0), "root_on_gate");
  EXPECT_EQ(policy.exceptions.at(0).file, "/p/exceptions/vpn.toml");
  EXPECT_TRUE(policy.exceptions.at(0).of_policy);
  EXPECT_FALSE(policy.has_inputs || policy.has_input || policy.has_geo);
  EXPECT_THAT(words_of(validate_policy(office_policy())), IsEmpty());
}

TEST(Policy, NoFilesAreAPolicyToo) {
  EXPECT_THAT(words_of(validate_policy({})), IsEmpty());
}

struct Wrong {
  const char* line;
  const char* said;
};

class PolicyToml : public testing::TestWithParam<Wrong> {};

TEST_P(PolicyToml, MistakesHaveFileAndLine) {
  const PolicyTexts texts = {{"policy.toml", std::string("\n") + GetParam().line + "\n"}};
  EXPECT_THAT(words_of(validate_policy(texts)), ElementsAre(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, PolicyToml,
    testing::Values(
        Wrong{"[alerts]\nbudget_per_day = 0",
              "policy.toml:3: budget_per_day: expected a number from 0.01 to 10000"},
        Wrong{"[alerts]\nbudget = 1", "policy.toml:3: budget: no such setting here"},
        Wrong{"[rules.rare_planet]\nenabled = false",
              "policy.toml:2: rules: no rule \"rare_planet\""},
        Wrong{"[rules.rare_host_for_user]\nthreshold = \"high\"",
              "policy.toml:3: threshold: expected a number from 0 to 101"},
        Wrong{"[rules.rare_host_for_user]\ndiscount = 1.5",
              "policy.toml:3: discount: expected a number from 0.01 to 0.99"},
        Wrong{"[rules.rare_host_for_user]\nseverity = \"high\"",
              "policy.toml:3: severity: no such setting here"},
        Wrong{"[rules]\ndir = \"/tmp\"", "policy.toml:3: dir: expected a table"},
        Wrong{"[intervals]\ndelta_s = 0",
              "policy.toml:3: delta_s: expected a whole number from 1 to 3600"},
        Wrong{"[baseline]\nmemory_mib = 4096",
              "policy.toml:2: baseline: its size is the server's: [baseline] memory_mib of "
              "server.toml"},
        Wrong{"[inputs]\njournald = \"maybe\"",
              "policy.toml:3: journald: expected one of auto, yes, no, not \"maybe\""},
        Wrong{"[inputs]\nclock = \"log\"",
              "policy.toml:2: inputs: clock is for recorded logs on one host; it stands in "
              "agent.toml"},
        Wrong{"[[input]]\npath = \"auth.log\"", "policy.toml:3: path: expected an absolute path"},
        Wrong{"[agent]\nname = 1", "policy.toml:3: name: no such setting here"},
        Wrong{"[state]\ndir = \"/\"", "policy.toml:2: state: no such setting here"},
        Wrong{"[[exception]]\nname = \"a\"", "policy.toml:2: exception: no such setting here"}));

TEST(Policy, ASyntaxErrorHasItsLine) {
  const std::vector<Error> mistakes = validate_policy({{"policy.toml", "[alerts]\nbudget ==\n"}});
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_EQ(mistakes[0].where, "policy.toml:2");
}

TEST(Policy, MistakesOfRulesAndExceptionsAndSetsAreNamedWhereTheyAre) {
  PolicyTexts texts = office_policy();
  text_of(texts, "exceptions/vpn.toml").replace(kVpnToml.find("vpn.txt"), 7, "lan.txt");
  text_of(texts, "rules/root_on_gate.toml").replace(kOwnRule.find("\"high\""), 6, "\"loud\"");
  text_of(texts, "sets/vpn.txt") += "!10.0.0.1\n";
  EXPECT_THAT(words_of(validate_policy(texts)),
              testing::UnorderedElementsAre(
                  HasSubstr("sets/vpn.txt:4: a set file holds plain values"),
                  HasSubstr("rules/root_on_gate.toml:6: severity: expected low, medium"),
                  HasSubstr("exceptions/vpn.toml:4: source.ip: sets/lan.txt: no such file in the "
                            "policy")));
}

TEST(Policy, ConditionsReachNothingBesideThePolicysSets) {
  for (const char* path : {"/etc/passwd", "../../../etc/passwd", "../policy.toml", "vpn.toml"}) {
    PolicyTexts texts = office_policy();
    text_of(texts, "exceptions/vpn.toml").replace(kVpnToml.find("../sets/vpn.txt"), 15, path);
    const std::vector<Error> mistakes = validate_policy(texts);
    ASSERT_EQ(mistakes.size(), 1U) << path;
    EXPECT_THAT(mistakes[0].message(), HasSubstr("no such file in the policy")) << path;
  }
}

TEST(Policy, ExamplesOfItsRulesArePlayed) {
  PolicyTexts texts = office_policy();
  std::string& rule = text_of(texts, "rules/root_on_gate.toml");
  rule.replace(rule.find("expect = \"alert\""), 16, "expect = \"quiet\"");
  EXPECT_THAT(
      words_of(validate_policy(texts)),
      ElementsAre("rules/root_on_gate.toml:19: example \"root on the gate\" of root_on_gate: "
                  "expected quiet, got an alert (score 80, threshold 50)"));
  EXPECT_THAT(words_of(review_policy(texts, 0, PolicyExamples::leave).mistakes), IsEmpty());
  // An override is meant to change what fires; the example is held against the file.
  texts = office_policy();
  text_of(texts, "policy.toml") += "[rules.root_on_gate]\nthreshold = 99\n";
  EXPECT_THAT(words_of(validate_policy(texts)), IsEmpty());
}

TEST(Policy, ExamplesThatWouldTakeTooLongAreRefused) {
  PolicyTexts texts = office_policy();
  for (int i = 0; i < 3; ++i) {
    text_of(texts, "rules/root_on_gate.toml") +=
        "[[test]]\nname = \"t\"\nexpect = \"alert\"\n[[test.history]]\ncount = 100000\n"
        "every = \"1s\"\n\"@timestamp\" = 2026-01-05T09:10:00Z\nuser.name = \"root\"\n"
        "[test.event]\n\"@timestamp\" = 2026-03-05T09:10:00Z\nuser.name = \"root\"\n";
  }
  EXPECT_THAT(words_of(validate_policy(texts)),
              ElementsAre("rules/root_on_gate.toml: the examples of the policy's rules have 300004 "
                          "events together; at most 200000"));
}

TEST(Policy, DoubtfulExceptionsAndRulesWithoutExamplesAreWarnings) {
  PolicyTexts texts = office_policy();
  std::string& rule = text_of(texts, "rules/root_on_gate.toml");
  rule.resize(rule.find("[[test]]"));
  const TimeUs in_2031 = std::int64_t{1'925'000'000} * 1'000'000;
  const PolicyFindings findings = review_policy(texts, in_2031);
  EXPECT_THAT(words_of(findings.mistakes), IsEmpty());
  EXPECT_THAT(words_of(findings.warnings),
              ElementsAre(HasSubstr("exceptions/vpn.toml:1: exception vpn-egress (it-network) "
                                    "expired at 2030-02-01T00:00:00Z"),
                          "rules/root_on_gate.toml: rule root_on_gate has no [[test]]"));
}

TEST(Policy, OneRuleInTwoFilesIsAMistake) {
  PolicyTexts texts = office_policy();
  texts.push_back({"rules/z.toml", kOwnRule});
  EXPECT_THAT(words_of(validate_policy(texts)),
              ElementsAre("rules/z.toml: rule root_on_gate is in rules/root_on_gate.toml already"));
}

TEST(Policy, FilesHaveTheirNamesAndLimits) {
  for (const char* good :
       {"policy.toml", "rules/a.toml", "exceptions/a-b_c.9.toml", "sets/v.txt"}) {
    EXPECT_TRUE(check_policy_name(good).ok()) << good;
  }
  for (const char* bad :
       {"", "policy.tom", "POLICY.toml", "rules/A.toml", "rules/.toml", "rules/..toml",
        "rules/../x.toml", "rules/a/b.toml", "/rules/a.toml", "rules/a.txt", "sets/a.toml",
        "rule/a.toml", "rules/a b.toml", "rules/\xC3\xA4.toml", "../policy.toml", "rules/"}) {
    EXPECT_FALSE(check_policy_name(bad).ok()) << bad;
  }
  EXPECT_FALSE(check_policy_name("sets/" + std::string(100, 'a') + ".txt").ok());
  EXPECT_THAT(words_of(validate_policy({{"sets/a.txt", ""}, {"sets/a.txt", ""}})),
              ElementsAre("sets/a.txt: is there twice"));
  const std::string large(kPolicyFileBytesMax + 1, '#');
  EXPECT_THAT(words_of(validate_policy({{"sets/a.txt", large}})),
              ElementsAre("sets/a.txt: larger than 1 MiB"));
  PolicyTexts many;
  for (int i = 0; i < 5; ++i) {
    many.push_back({"sets/" + std::to_string(i) + ".txt", std::string(kPolicyFileBytesMax, '#')});
  }
  EXPECT_THAT(words_of(validate_policy(many)),
              ElementsAre("all files together are larger than 4 MiB"));
  many.assign(kPolicyFilesMax + 1, {"sets/a.txt", ""});
  EXPECT_THAT(words_of(validate_policy(many)), ElementsAre("more than 256 files"));
}

TEST(Policy, OnlyTextIsTaken) {
  for (const std::string& bytes :
       {std::string("a\n\0", 3), std::string("a\n\x1B[2J"), std::string("a\n\xFF"),
        std::string("a\n\xED\xA0\x80"), std::string("a\n\xC0\xAF"),
        std::string("a\n\xF4\x90\x80\x80"), std::string("a\n\xE2\x82")}) {
    const std::vector<Error> mistakes = validate_policy({{"sets/a.txt", bytes}});
    ASSERT_EQ(mistakes.size(), 1U) << bytes;
    EXPECT_EQ(mistakes[0].where, "sets/a.txt:2");
  }
  EXPECT_THAT(words_of(validate_policy({{"sets/a.txt", "z\xC3\xBCrich\r\n\xF0\x9F\x98\x80\n"}})),
              IsEmpty());
}

TEST(Policy, MoreMistakesThanAnyoneReadsAreCounted) {
  std::string toml;
  for (int i = 0; i < 300; ++i) toml += "[rules.none_" + std::to_string(i) + "]\n";
  const std::vector<Error> mistakes = validate_policy({{"policy.toml", toml}});
  ASSERT_EQ(mistakes.size(), kPolicyMistakesMax + 1);
  EXPECT_EQ(mistakes.back().message(), "and 250 more");
}

class Folder : public testing::Test {
 protected:
  Folder() {
    for (const char* below : {"rules", "exceptions", "sets", ".git"}) {
      std::filesystem::create_directory(folder_.path(below));
    }
    for (const PolicyText& text : office_policy()) folder_.write(text.name, text.text);
  }
  TemporaryFolder folder_;
};

TEST_F(Folder, IsReadInOrderWithoutGitAndReadme) {
  folder_.write(".git/config", "x");
  folder_.write("README.md", "x");
  folder_.write("rules/README.md", "x");
  const Result<PolicyTexts> texts = read_policy_folder(folder_.dir());
  ASSERT_TRUE(texts.ok()) << texts.error().message();
  EXPECT_EQ(texts.value(), office_policy());
}

TEST_F(Folder, AMistypedNameIsNotLeftOutSilently) {
  folder_.write("rules/mine.tml", "x");
  const Result<PolicyTexts> texts = read_policy_folder(folder_.dir());
  ASSERT_FALSE(texts.ok());
  EXPECT_THAT(texts.error().message(), HasSubstr("/rules/mine.tml: expected policy.toml, rules/"));
}

TEST_F(Folder, LinksMayNotLeadOut) {
  const std::string secret = folder_.path("../doorward-secret-" + std::to_string(getpid()));
  std::ofstream(secret) << "secret";
  std::filesystem::create_symlink(secret, folder_.path("sets/secret.txt"));
  Result<PolicyTexts> texts = read_policy_folder(folder_.dir());
  ASSERT_FALSE(texts.ok());
  EXPECT_THAT(texts.error().message(), HasSubstr("a symbolic link that leads out of the policy"));
  std::filesystem::remove(folder_.path("sets/secret.txt"));
  std::filesystem::remove(secret);
  // Within the folder they may.
  std::filesystem::create_symlink("vpn.txt", folder_.path("sets/again.txt"));
  texts = read_policy_folder(folder_.dir());
  ASSERT_TRUE(texts.ok()) << texts.error().message();
  EXPECT_EQ(texts.value()[3].name, "sets/again.txt");
  std::filesystem::remove_all(folder_.path("rules"));
  std::filesystem::create_directory_symlink("/etc", folder_.path("rules"));
  EXPECT_FALSE(read_policy_folder(folder_.dir()).ok());
}

TEST_F(Folder, WhatIsTooLargeOrNoFileIsRefused) {
  folder_.write("sets/large.txt", std::string(kPolicyFileBytesMax + 1, 'x'));
  EXPECT_THAT(read_policy_folder(folder_.dir()).error().message(), HasSubstr("larger than 1 MiB"));
  std::filesystem::remove(folder_.path("sets/large.txt"));
  std::filesystem::create_directory(folder_.path("sets/deep.txt"));
  EXPECT_THAT(read_policy_folder(folder_.dir()).error().message(), HasSubstr("not a plain file"));
  EXPECT_THAT(read_policy_folder(folder_.path("none")).error().message(),
              HasSubstr("cannot read the policy: No such file"));
}

TEST(LineDiff, ShowsWhatChangedAmongWhatDidNot) {
  EXPECT_EQ(line_diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(line_diff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(line_diff("a\n", ""), "@@ -1,1 +0,0 @@\n-a\n");
  EXPECT_EQ(line_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  // Two differences far apart are two pieces, near ones are one.
  EXPECT_EQ(line_diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n"),
            "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
  EXPECT_EQ(line_diff("a\n1\n2\nb\n", "1\n2\n"), "@@ -1,4 +1,2 @@\n-a\n 1\n 2\n-b\n");
  EXPECT_EQ(line_diff("\x1B[2J\n", ""), "@@ -1,1 +0,0 @@\n-?[2J\n");
}

TEST(LineDiff, OfManyLinesIsBounded) {
  std::string a;
  std::string b;
  for (int i = 0; i < 5000; ++i) {
    a += "a" + std::to_string(i) + "\n";
    b += "b" + std::to_string(i) + "\n";
  }
  const std::string diff = line_diff("same\n" + a + "end\n", "same\n" + b + "end\n");
  EXPECT_EQ(lines_of(diff).size(), 1U + 1 + 5000 + 5000 + 1);
}

TEST(PolicyDiff, TellsEachChangeInASentence) {
  PolicyTexts after = office_policy();
  std::string& toml = text_of(after, "policy.toml");
  toml.replace(toml.find("budget_per_day = 2"), 18, "budget_per_day = 0.5");
  toml.replace(toml.find("enabled = false"), 15, "threshold = 62");
  toml.replace(toml.find("discount = 0.4\n"), 15, "");
  text_of(after, "sets/vpn.txt") = "# the exits\n2001:db8:77::/48\n192.0.2.1\n203.0.113.0/28\n";
  text_of(after, "rules/root_on_gate.toml") += "# end\n";
  text_of(after, "exceptions/new.toml") = "[[exception]]\nname = \"b\"\n";
  const PolicyDiff diff = diff_policies(office_policy(), after);
  EXPECT_THAT(diff.summary,
              ElementsAre("alerts budget_per_day 2 -> 0.5",
                          "rule rare_host_for_user: discount 0.4 -> as in its file",
                          "rule rare_hour_for_user: enabled",
                          "rule rare_hour_for_user: threshold as in its file -> 62",
                          "rule root_on_gate: changed, rules/root_on_gate.toml",
                          "exception b: added", "sets/vpn.txt: 2 values added, 1 removed"));
  EXPECT_THAT(diff.text, HasSubstr("--- (none)\n+++ exceptions/new.toml\n@@ -0,0 +1,2 @@\n"));
  EXPECT_THAT(diff.text, HasSubstr("--- policy.toml\n+++ policy.toml\n@@ -1,13 +1,12 @@\n"
                                   " [alerts]\n-budget_per_day = 2\n+budget_per_day = 0.5\n"));
}

TEST(PolicyDiff, OfTheSameSaysNothingAndOfCommentsOnlyShowsThem) {
  const PolicyDiff same = diff_policies(office_policy(), office_policy());
  EXPECT_THAT(same.summary, IsEmpty());
  EXPECT_EQ(same.text, "");
  PolicyTexts after = office_policy();
  text_of(after, "policy.toml") += "# reviewed\n";
  const PolicyDiff comment = diff_policies(office_policy(), after);
  EXPECT_THAT(comment.summary, IsEmpty());
  EXPECT_THAT(comment.text, HasSubstr("+# reviewed\n"));
}

TEST(PolicyDiff, OfABuiltInRuleThatIsReplaced) {
  const PolicyTexts one = {{"rules/x.toml", "id = \"rare_user\"\n"}};
  EXPECT_THAT(diff_policies({}, one).summary,
              ElementsAre("rule rare_user: replaced by rules/x.toml"));
  EXPECT_THAT(diff_policies(one, {}).summary,
              ElementsAre("rule rare_user: the built-in one again"));
}

}  // namespace
}  // namespace doorward
