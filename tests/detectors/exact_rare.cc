#include "tests/detectors/exact_rare.h"

#include <algorithm>
#include <cmath>

namespace doorward {
namespace {

std::string key_of(std::size_t level, const std::string& partition, const std::string& value = {}) {
  return std::to_string(level) + '\n' + std::to_string(partition.size()) + partition + '\n' + value;
}

}  // namespace

/// The hours whose counts are summed, the event's own first; one value for other views.
std::vector<std::string> ExactRare::values(const ExactLevel& level, const Event& event) const {
  std::vector<std::string> out = {view_text(level.by, event)};
  const bool week = level.by.cut == Cut::hour_of_week;
  if (!week && level.by.cut != Cut::hour_of_day) return out;
  for (int step = 1; step <= options_.smooth; ++step) {
    for (const int sign : {-1, 1}) {
      Event moved = event;
      moved.time += sign * step * 3600 * kSecondUs;
      out.push_back(view_text(level.by, moved));
    }
  }
  return out;
}

double ExactRare::weigh(const ByEpoch& counts, std::int64_t newest) const {
  double sum = 0;
  for (const auto& [epoch, count] : counts) {
    const std::int64_t age = newest - epoch;
    if (age >= 0 && age <= options_.age_max) {
      sum += std::pow(options_.decay, static_cast<double>(age)) * count;
    }
  }
  return sum;
}

double ExactRare::distinct(const std::string& table, std::int64_t newest) const {
  const auto found = distinct_.find(table);
  if (found == distinct_.end()) return 0;
  return static_cast<double>(
      std::count_if(found->second.begin(), found->second.end(),
                    [&](const auto& entry) { return newest - entry.second <= options_.age_max; }));
}

std::optional<double> ExactRare::p_value(const Event& event, std::int64_t newest) const {
  double p = 1;
  double customers = 0;
  bool known = false;
  bool judged = false;
  const double theta = options_.theta;
  const double d = options_.discount;
  for (std::size_t i = 0; i < options_.levels.size(); ++i) {
    const ExactLevel& level = options_.levels[i];
    const std::string partition = view_text(level.partition, event);
    if (partition.empty() || view_text(level.by, event).empty()) break;
    if (i == 0) {
      const auto found = totals_.find(partition);
      customers = found == totals_.end() ? 0 : weigh(found->second, newest);
      known = customers > 0;
    } else if (level.fleet) {
      customers = distinct(key_of(i, "pairs"), newest);
      if (customers <= 0) break;
    }
    if (!level.fleet && !known) continue;
    judged = true;
    double count = 0;
    bool regular = false;
    const std::vector<std::string> hours = values(level, event);
    for (std::size_t h = 0; h < hours.size(); ++h) {
      const auto found = counts_.find(key_of(i, partition, hours[h]));
      if (found == counts_.end()) continue;
      ByEpoch capped = found->second;
      for (auto& [epoch, times] : capped) times = std::min(times, 255.0);
      count += (h == 0 ? 1.0 : 0.5) * weigh(capped, newest);
      for (const auto& [epoch, times] : capped) {
        regular = regular || (newest - epoch <= options_.age_max && times >= 255);
      }
    }
    const double k = distinct(key_of(i, partition), newest);
    const double discount = i == 0 ? d : options_.coarse_discount;
    const double novel = std::min(1.0, (theta + discount * k) / (customers + theta));
    if (count > 0) {
      if (i == 0 && !regular) {
        p *= std::min(1.0, (theta + d * k + k * count) / (customers + theta));
      }
      break;
    }
    p *= novel;
    customers = k;
  }
  if (!judged) return std::nullopt;
  return p;
}

void ExactRare::learn(const Event& event, std::int64_t epoch) {
  const std::string owner = view_text(options_.levels[0].partition, event);
  for (std::size_t i = 0; i < options_.levels.size(); ++i) {
    const ExactLevel& level = options_.levels[i];
    const std::string partition = view_text(level.partition, event);
    const std::string value = view_text(level.by, event);
    if (partition.empty() || value.empty()) break;
    if (i == 0) totals_[partition][epoch] += 1;
    counts_[key_of(i, partition, value)][epoch] += 1;
    std::int64_t& seen = distinct_[key_of(i, partition)][value];
    seen = std::max(seen, epoch);
    if (level.fleet) {
      std::int64_t& pair = distinct_[key_of(i, "pairs")][owner + '\n' + value];
      pair = std::max(pair, epoch);
    }
  }
}

std::size_t ExactRare::widest() const {
  std::size_t most = 0;
  for (const auto& [table, values] : distinct_) most = std::max(most, values.size());
  return most;
}

}  // namespace doorward
