#include "plugins/prometheus_page.h"

#include <gtest/gtest.h>

namespace doorward {
namespace {

TEST(PrometheusPage, SamplesFollowTheirFamilysHelpAndType) {
  std::string out;
  PrometheusPage page(out, "doorward_");
  page.family("events_total", "counter", "Logon attempts, by outcome.")
      .sample(std::uint64_t{8414}, "outcome", "success")
      .sample(std::uint64_t{0}, "outcome", "failure");
  page.family("baseline_fill_ratio", "gauge", "Share in use.").sample(0.25);
  EXPECT_EQ(out,
            "# HELP doorward_events_total Logon attempts, by outcome.\n"
            "# TYPE doorward_events_total counter\n"
            "doorward_events_total{outcome=\"success\"} 8414\n"
            "doorward_events_total{outcome=\"failure\"} 0\n"
            "# HELP doorward_baseline_fill_ratio Share in use.\n"
            "# TYPE doorward_baseline_fill_ratio gauge\n"
            "doorward_baseline_fill_ratio 0.25\n");
}

TEST(PrometheusPage, ALabelCannotEndItsLine) {
  std::string out;
  PrometheusPage page(out, "");
  page.family("lines", "gauge", "Lines.");
  out.clear();
  page.sample(1.0, "input", "/var/log/\"a\\b\nlines 5");
  EXPECT_EQ(out, "lines{input=\"/var/log/\\\"a\\\\b\\nlines 5\"} 1\n");
}

TEST(PrometheusPage, CountsAreWrittenInFull) {
  std::string out;
  PrometheusPage page(out, "");
  page.family("bytes", "gauge", "Bytes.");
  out.clear();
  page.sample(std::uint64_t{123'456'789'012'345});
  page.sample(1'770'000'000.5);
  EXPECT_EQ(out, "bytes 123456789012345\nbytes 1770000000.5\n");
}

}  // namespace
}  // namespace doorward
