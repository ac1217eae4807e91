#include "bench/fleet/peers.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace doorward::fleet {
namespace {

constexpr Time kBucket = 15 * kMinute;
constexpr double kDecay = 0.00025;  // per active bucket
constexpr double kSlack = 1.05;     // shares up to this much above a value's own count as rare
constexpr double kUsual = 0.05;     // probabilities from here on are not anomalous

Alert alert_for(const Logon& logon, const char* rule, double score) {
  return {logon.time, score, logon.user, logon.ip, logon.host, rule};
}

double score_cap(double probability) {
  if (probability >= kUsual) {
    return 0.0;
  }
  return std::min(100.0, 5.0 + 95.0 * std::log(kUsual / probability) / std::log(500.0));
}

// The counts of one partition and the bucket being filled.
class RarePartition {
 public:
  explicit RarePartition(const char* rule) : rule_(rule) {}

  void add(const std::string& value, const Logon& logon, std::vector<Alert>& out) {
    const Time bucket = logon.time / kBucket;
    if (bucket != bucket_) {
      close(out);
    }
    bucket_ = bucket;
    const bool present =
        std::ranges::any_of(open_, [&](const Open& open) { return open.value == value; });
    if (!present) {
      open_.push_back({value, &logon});
    }
  }

  void close(std::vector<Alert>& out) {
    if (open_.empty()) {
      return;
    }
    for (auto& [value, count] : counts_) {
      count *= std::exp(-kDecay);
    }
    for (const Open& open : open_) {
      counts_[open.value] += 1.0;
    }
    double total = 0.0;
    for (const auto& [value, count] : counts_) {
      total += count;
    }
    for (const Open& open : open_) {
      const double limit = counts_[open.value] * kSlack;
      double rare = 0.0;
      for (const auto& [value, count] : counts_) {
        rare += count <= limit ? count : 0.0;
      }
      const double score = score_cap(rare / total);
      if (score > 0.0) {
        out.push_back(alert_for(*open.first, rule_, score));
      }
    }
    open_.clear();
  }

 private:
  struct Open {
    std::string value;
    const Logon* first;
  };
  const char* rule_;
  Time bucket_ = -1;
  std::vector<Open> open_;
  std::unordered_map<std::string, double> counts_;
};

}  // namespace

std::vector<Alert> first_seen_pairs(const std::vector<Logon>& logons, std::optional<Time> memory) {
  std::vector<Alert> out;
  std::unordered_map<std::string, Time> seen;
  for (const Logon& logon : logons) {
    const auto [entry, fresh] = seen.try_emplace(logon.user + '\n' + logon.ip, logon.time);
    if (fresh || (memory && logon.time - entry->second > *memory)) {
      out.push_back(alert_for(logon, "first_seen_pair", 100.0));
    }
    entry->second = logon.time;
  }
  return out;
}

std::vector<Alert> elastic_rare(const std::vector<Logon>& logons) {
  std::vector<Alert> out;
  std::unordered_map<std::string, RarePartition> users;
  RarePartition fleet("rare_user");
  for (const Logon& logon : logons) {
    users.try_emplace(logon.user, "rare_source_ip_for_user")
        .first->second.add(logon.ip, logon, out);
    fleet.add(logon.user, logon, out);
  }
  for (auto& [user, partition] : users) {
    partition.close(out);
  }
  fleet.close(out);
  std::ranges::stable_sort(out, {}, &Alert::time);
  return out;
}

}  // namespace doorward::fleet
