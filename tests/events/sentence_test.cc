// How an alert's sentence begins, for each kind of event.
#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

#include "plugins/alert.h"

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

}  // namespace
}  // namespace doorward
