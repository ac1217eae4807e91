// A page of metrics for Prometheus (text format 0.0.4):
//
//   # HELP doorward_events_total Logon attempts, by outcome.
//   # TYPE doorward_events_total counter
//   doorward_events_total{outcome="success"} 8414
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace doorward {

/// Writes one page, family by family.
class PrometheusPage {
 public:
  /// Appends to `out`, which must outlive the page. Each family's name begins with `prefix`.
  PrometheusPage(std::string& out, std::string_view prefix) : out_(out), prefix_(prefix) {}

  /// Begins a family; its samples follow. `type`: counter or gauge. `help`: one line without a
  /// backslash.
  PrometheusPage& family(std::string_view name, std::string_view type, std::string_view help);
  /// One sample of the family, under the label `key` unless that is empty; its value `of` may be
  /// any text. Counts are exact up to 10^15.
  PrometheusPage& sample(double value, std::string_view key = {}, std::string_view of = {});
  PrometheusPage& sample(std::uint64_t value, std::string_view key = {}, std::string_view of = {}) {
    return sample(static_cast<double>(value), key, of);
  }

 private:
  std::string& out_;
  std::string prefix_;
  std::string name_;
};

}  // namespace doorward
