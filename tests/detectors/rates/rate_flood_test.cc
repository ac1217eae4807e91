// Strangers who come once can neither fill the memory nor hide an attack.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/detectors/rates/rate_stand.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

/// Events of a flood; more by DOORWARD_FLOOD, by hand.
int flood_size() {
  const char* size = std::getenv("DOORWARD_FLOOD");
  return size == nullptr ? 1'000'000 : std::atoi(size);
}

std::size_t resident_kib() {
  std::FILE* file = std::fopen("/proc/self/status", "r");
  std::array<char, 256> line{};
  std::size_t kib = 0;
  while (file != nullptr && std::fgets(line.data(), line.size(), file) != nullptr) {
    std::sscanf(line.data(), "VmRSS: %zu kB", &kib);
  }
  if (file != nullptr) std::fclose(file);
  return kib;
}

struct Flooded {
  int found_after = 0;  ///< tries of the spraying at which password_spraying fired; 0: never
  std::uint64_t allocated = 0;
  std::size_t grown_kib = 0;
  int false_alerts = 0;
};

/// The built-in rules on rates.
RuleSet rate_rules() {
  std::vector<RuleText> texts;
  for (const RuleText& text : builtin_rules()) {
    if (text.toml.find("detector = \"high_") != std::string::npos) texts.push_back(text);
  }
  return rules_of(texts);
}

/// A flood of different names from different addresses, `length` long. In its middle one address
/// tries 60 users, ten seconds apart. Every second name of the flood is an account.
Flooded flood(TimeUs length) {
  const RuleSet rules = rate_rules();
  RateStand stand(rules);
  const int size = flood_size();
  Flooded out;
  int tries = 0;
  const TimeUs attack = start_time() + length / 2;
  std::array<char, 24> name{};
  std::uint64_t allocated = 0;
  std::size_t resident = 0;
  for (int i = 0; i < size; ++i) {
    if (i == size / 10) {
      allocated = allocations();
      resident = resident_kib();
    }
    const TimeUs time = start_time() + length / size * i;
    if (tries < 60 && time >= attack + tries * 10 * kSecondUs) {
      std::snprintf(name.data(), name.size(), "person%d", tries++);
      Event event = attempt(time, name.data(), "203.0.113.9", "jump-01", Outcome::failure);
      stand.take(event);
      if (out.found_after == 0 && stand.fired("password_spraying")) out.found_after = tries;
      continue;
    }
    std::snprintf(name.data(), name.size(), "forged%d", i);
    Event event = attempt(time, name.data(), {}, "jump-01", Outcome::failure);
    event.ip = *IpAddress::parse("2001:db8::");
    for (std::size_t byte = 0; byte < 4; ++byte) {
      event.ip.bytes[12 + byte] = static_cast<std::uint8_t>(static_cast<unsigned>(i) >> (8 * byte));
    }
    if (i % 2 == 0) event[Field::account] = "invalid";
    stand.take(event);
    for (const char* id : {"password_spraying", "account_spraying", "distributed_guessing",
                           "high_count_failures_for_user"}) {
      out.false_alerts += stand.fired(id) ? 1 : 0;
    }
  }
  out.allocated = allocations() - allocated;
  out.grown_kib = std::max(resident_kib(), resident) - resident;
  std::printf("found after %d tries, %zu KiB more resident than after a tenth\n", out.found_after,
              out.grown_kib);
  return out;
}

TEST(RateFlood, ASprayingIsFoundInAFloodOfADay) {
  const Flooded flooded = flood(kDayUs);
  EXPECT_GT(flooded.found_after, 0);
  EXPECT_LE(flooded.found_after, 40);
  EXPECT_EQ(flooded.false_alerts, 0);
  EXPECT_EQ(flooded.allocated, 0U);
}

TEST(RateFlood, ASprayingIsFoundInAFloodOfAnHour) {
  const Flooded flooded = flood(kHourUs);
  EXPECT_GT(flooded.found_after, 0);
  EXPECT_LE(flooded.found_after, 40);
  EXPECT_EQ(flooded.false_alerts, 0);
  EXPECT_EQ(flooded.allocated, 0U);
}

TEST(RateFlood, LiveStateOfAllRulesIsBounded) {
  const RuleSet rules = rules_of({builtin_rules().begin(), builtin_rules().end()});
  std::size_t rates = 0;
  const LiveState state = rules.make_state();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const bool rate =
        rules.rule(i).detector == "high_count" || rules.rule(i).detector == "high_distinct";
    if (rate) rates += state.of(i).size();
  }
  std::printf("live state: rates %zu KiB, all rules %zu KiB\n", rates >> 10, state.bytes() >> 10);
  EXPECT_GT(rates, 0U);
  EXPECT_LE(rates, std::size_t{6} << 20);
}

}  // namespace
}  // namespace doorward
