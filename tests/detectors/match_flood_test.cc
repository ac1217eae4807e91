// Ten million addresses that somebody makes up push out nobody who matters, take no memory and cost
// no allocation. DOORWARD_FLOOD=10000000 runs the full number.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>

#include "tests/detectors/match_support.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

std::uint32_t flood_size() {
  const char* text = std::getenv("DOORWARD_FLOOD");
  return text == nullptr ? 1'000'000 : static_cast<std::uint32_t>(std::atoll(text));
}

/// Distinct public addresses: an odd multiplier permutes 24 bits, in four /8 that are nobody's
/// special purpose.
IpAddress forged(std::uint32_t i) {
  const std::uint32_t low = i * 2'654'435'761U & 0xFFFFFFU;
  IpAddress ip;
  ip.family = IpAddress::Family::v4;
  ip.bytes[0] = static_cast<std::uint8_t>(40 + (i >> 24));
  ip.bytes[1] = static_cast<std::uint8_t>(low >> 16);
  ip.bytes[2] = static_cast<std::uint8_t>(low >> 8);
  ip.bytes[3] = static_cast<std::uint8_t>(low);
  return ip;
}

TEST(MatchFlood, ForgedNetworkAlertsPushOutNobodyWhoMatters) {
  MatchRules match(match_rule(kPairTables));
  const std::size_t bytes = match.state.bytes();
  EXPECT_LE(bytes, std::size_t{4} << 20U);

  // One person signed in, one address was alerted on twice.
  ASSERT_FALSE(match.fires(sign_in("1.2.3.4", at(0))));
  ASSERT_FALSE(match.fires(network_alert("5.6.7.8", at(0))));
  ASSERT_FALSE(match.fires(network_alert("5.6.7.8", at(kMinuteUs))));

  const std::uint32_t size = flood_size();
  const std::uint64_t before = allocations();
  Event event = network_alert("9.9.9.9", at(0));
  std::uint32_t fired = 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    event.ip = forged(i);
    event.time = at(kHourUs) + static_cast<TimeUs>(i) * 5 * kHourUs / size;
    fired += match.fires(event) ? 1 : 0;
  }
  EXPECT_EQ(fired, 0U);
  EXPECT_EQ(allocations() - before, 0U);

  const Event last = network_alert("1.2.3.4", at(7 * kHourUs));
  EXPECT_TRUE(match.fires(last));
  EXPECT_EQ(match.said(last),
            "alice@example.com signed in from 1.2.3.4 7 h before \"SCAN SSH\" was raised on it");
  const Event other = sign_in("5.6.7.8", at(7 * kHourUs));
  EXPECT_TRUE(match.fires(other));
  // The flood's own newest is known as well.
  Event own = sign_in("9.9.9.9", at(7 * kHourUs));
  own.ip = forged(size - 1);
  EXPECT_TRUE(match.fires(own));

  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  RecordProperty("state_bytes", std::to_string(bytes));
  RecordProperty("max_rss_kib", std::to_string(usage.ru_maxrss));
  std::printf("flood of %u: state %zu KiB, peak resident %ld KiB\n", size, bytes / 1024,
              usage.ru_maxrss);
}

TEST(MatchFlood, PairsAllocateNothing) {
  MatchRules match(match_rule(kPairTables));
  const std::uint64_t before = allocations();
  int fired = 0;
  for (int i = 0; i < 1000; ++i) {
    Event alert = network_alert("9.9.9.9", at(i * kMinuteUs));
    alert.ip = forged(static_cast<std::uint32_t>(i / 2));
    fired += match.fires(alert) ? 1 : 0;
    Event event = sign_in("9.9.9.9", at(i * kMinuteUs));
    event.ip = forged(static_cast<std::uint32_t>(i / 2));
    fired += match.fires(event) ? 1 : 0;
  }
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_EQ(fired, 1000) << "each address: alert, sign-in, alert again, sign-in again";
}

}  // namespace
}  // namespace doorward
