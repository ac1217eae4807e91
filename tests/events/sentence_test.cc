// How an alert's sentence begins, for each kind of event.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "plugins/alert.h"
#include "plugins/detectors/detector.h"

namespace doorward {
namespace {

using Fields = std::initializer_list<std::pair<Field, std::string_view>>;

std::string sentence(Outcome outcome, Fields fields) {
  Event event;
  event.outcome = outcome;
  for (const auto& [field, text] : fields) event[field] = text;
  Evidence primary;
  primary.p_value = 0.001;
  const Alert alert{event, primary, {}, 36, 1};
  std::string text = alert_sentence(alert);
  constexpr std::string_view kEnd = " (p = 0.001, score 36)";
  EXPECT_TRUE(text.ends_with(kEnd)) << text;
  text.resize(text.size() - kEnd.size());
  return text;
}

constexpr Outcome kGood = Outcome::success;
constexpr Outcome kBad = Outcome::failure;

TEST(Sentence, Logons) {
  EXPECT_EQ(sentence(kGood, {{Field::user_name, "alice"},
                             {Field::host_name, "web-01"},
                             {Field::source_address, "192.0.2.1"}}),
            "alice logged on to web-01 from 192.0.2.1");
  EXPECT_EQ(sentence(kBad, {{Field::user_name, "alice"},
                            {Field::host_name, "web-01"},
                            {Field::event_category, "authentication"}}),
            "alice failed to log on to web-01");
  EXPECT_EQ(sentence(kGood, {{Field::user_name, "alice"},
                             {Field::user_effective_name, "root"},
                             {Field::host_name, "web-01"}}),
            "alice became root on web-01");
  EXPECT_EQ(sentence(kGood, {{Field::source_address, "192.0.2.1"}}),
            "this user logged on from 192.0.2.1");
}

TEST(Sentence, CloudSignIns) {
  EXPECT_EQ(sentence(kGood, {{Field::user_name, "alice"},
                             {Field::event_category, "authentication"},
                             {Field::cloud_account, "tenant"},
                             {Field::source_address, "192.0.2.1"}}),
            "alice signed in from 192.0.2.1");
  EXPECT_EQ(sentence(kBad, {{Field::user_name, "alice"},
                            {Field::cloud_account, "tenant"},
                            {Field::source_address, "192.0.2.1"}}),
            "alice failed to sign in from 192.0.2.1");
}

TEST(Sentence, CallsMailAndNetworkAlerts) {
  EXPECT_EQ(sentence(kGood, {{Field::user_name, "alice"},
                             {Field::event_category, "api"},
                             {Field::event_action, "CreateUser"},
                             {Field::cloud_account, "1234"},
                             {Field::source_address, "192.0.2.1"}}),
            "alice ran CreateUser in account 1234 from 192.0.2.1");
  EXPECT_EQ(sentence(kBad, {{Field::user_name, "alice"},
                            {Field::event_category, "iam"},
                            {Field::event_action, "CreateUser"},
                            {Field::cloud_account, "1234"}}),
            "alice failed to run CreateUser in account 1234");
  EXPECT_EQ(sentence(kGood, {{Field::user_name, "alice"},
                             {Field::event_category, "email"},
                             {Field::event_action, "MailItemsAccessed"},
                             {Field::source_address, "192.0.2.1"}}),
            "alice read mail (MailItemsAccessed) from 192.0.2.1");
  EXPECT_EQ(sentence(kBad, {{Field::user_name, "alice"},
                            {Field::event_category, "email"},
                            {Field::event_action, "MailItemsAccessed"}}),
            "alice failed to read mail (MailItemsAccessed)");
  EXPECT_EQ(sentence(Outcome::unknown, {{Field::rule_name, "EXAMPLE ssh scanner"},
                                        {Field::event_category, "intrusion_detection"},
                                        {Field::event_action, "allowed"},
                                        {Field::source_address, "203.0.113.66"}}),
            "EXAMPLE ssh scanner was raised on 203.0.113.66");
  EXPECT_EQ(sentence(Outcome::unknown, {{Field::rule_name, "EXAMPLE shell"},
                                        {Field::event_category, "process"},
                                        {Field::user_name, "alice"}}),
            "EXAMPLE shell was raised on alice");
}

/// Says what it looked at.
class Saying final : public Detector {
 public:
  void score(const ScoreInput& /*input*/, Evidence& /*out*/) const override {}
  [[nodiscard]] std::string phrase(const Evidence& evidence,
                                   const Event& /*event*/) const override {
    return evidence.level[0].by.name() + " of " + evidence.level[0].partition.name();
  }
};

/// The sentence of parts written as (partition, by), the first the strongest.
std::string parts_told(std::initializer_list<std::pair<const char*, const char*>> parts) {
  static const Saying saying;
  std::vector<Evidence> evidence;
  for (const auto& [partition, by] : parts) {
    Evidence one;
    one.applies = true;
    one.detector = &saying;
    one.p_value = 0.001 * static_cast<double>(evidence.size() + 1);
    one.levels = 1;
    one.level[0].partition = *View::from_name(partition);
    one.level[0].by = *View::from_name(by);
    evidence.push_back(one);
  }
  Event event;
  event.outcome = Outcome::success;
  event[Field::user_name] = "alice";
  const std::string text = alert_sentence({event, evidence[0], evidence, 36, 1});
  const std::size_t from = text.find(": ") + 2;
  return text.substr(from, text.find(" (p =") - from);
}

// Rules that look at one thing from nearer and farther say it once, by the strongest of them.
TEST(Sentence, TellsEachThingOnce) {
  EXPECT_EQ(parts_told({{"user.name", "source.ip/net"},
                        {"user.name", "source.ip"},
                        {"user.name", "hour_of_day"},
                        {"user.name", "hour_of_week"},
                        {"user.name", "doorward.method"},
                        {"user.name", "credential"}}),
            "source.ip/net of user.name, hour_of_day of user.name, doorward.method of user.name");
  EXPECT_EQ(parts_told({{"host.name", "user.name"}, {"user.name", "host.name"}}),
            "user.name of host.name");
  EXPECT_EQ(parts_told({{"fleet", "user.name"}, {"host.name", "user.name"}}), "user.name of fleet");
  // A network's habit is another thing than a user's, and what is no such thing is always told.
  EXPECT_EQ(parts_told({{"user.name", "host.name"},
                        {"source.ip/wide", "host.name"},
                        {"cloud.account.id", "error.code"},
                        {"user.id", "event.action"}}),
            "host.name of user.name, host.name of source.ip/wide, error.code of cloud.account.id, "
            "event.action of user.id");
}

}  // namespace
}  // namespace doorward
