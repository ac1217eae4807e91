// The rare detector with exact memory: maps of strings instead of sketches. Slow, and obviously
// right: what the real one is held against.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plugins/event.h"
#include "plugins/view.h"

namespace doorward {

struct ExactLevel {
  View partition;
  View by;
  bool fleet = false;
};

struct ExactOptions {
  std::vector<ExactLevel> levels;  // finest first
  double theta = 1;
  double discount = 0.5;
  double coarse_discount = 0.9;
  double decay = 0.9;
  int smooth = 0;
  unsigned age_max = 7;
};

/// The p-value of an event under a rule, and learning it.
class ExactRare {
 public:
  explicit ExactRare(ExactOptions options) : options_(std::move(options)) {}

  /// nullopt: nothing to judge by.
  [[nodiscard]] std::optional<double> p_value(const Event& event, std::int64_t newest) const;
  void learn(const Event& event, std::int64_t epoch);

  /// Largest number of distinct values that any partition holds at any level.
  [[nodiscard]] std::size_t widest() const;

 private:
  using ByEpoch = std::map<std::int64_t, double>;

  [[nodiscard]] std::vector<std::string> values(const ExactLevel& level, const Event& event) const;
  [[nodiscard]] double weigh(const ByEpoch& counts, std::int64_t newest) const;
  [[nodiscard]] double distinct(const std::string& table, std::int64_t newest) const;

  ExactOptions options_;
  std::map<std::string, ByEpoch> counts_;  // level / partition / value
  std::map<std::string, ByEpoch> totals_;  // partition
  // Table: value to newest epoch.
  std::map<std::string, std::map<std::string, std::int64_t>> distinct_;
};

}  // namespace doorward
