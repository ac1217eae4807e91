// What detectors high_count and high_distinct share: how surprising is what a window holds, and
// what is learned of it.
//
//   [high_count]
//   partition = "host.name"   whose rate it is
//   by = "user.name"          high_distinct only: what is counted once however often it comes
//   window = "15m"            length, 1m to 7d, a multiple of 15 s; it slides by a fifteenth
//   least = 10                never fires below this count
//   usual = 4                 mean of a busy window before anything was learned, and how far
//   spread = 1                windows differ then: variance of z = usual - 2 is z + spread z^2
//   own_history = true        false: judge by the history of all partitions together, for
//                             partitions that strangers can make up; nothing is kept of one then
//   hours = "all"             hour of the week: "all" scales by the fleet's, "own" by the
//                             partition's as well (27 totals each instead of 3), "none"
//   entities = 2048           partitions that can be busy at a time, see EntityTable
//   seen_once = 8192          partitions remembered after one event, see FirstSeen
//
// The window ends with the event that is judged, so a rule fires in the middle of a burst. Its past
// are buckets of the same length, aligned to event time (RateHistory). The p-value of the negative
// binomial is not taken at its word: the baseline counts, for every busy bucket, how surprising its
// most surprising moment was, and the final p-value is the share of busy buckets at least as
// surprising (measured_tail.h). These counts are of "bucket reached bin b", so each step up is one
// addition, nothing has to wait for the end of a bucket, and hosts add. Newcomers and partitions
// with a history of their own have half of the histogram each: what a model says of the two is
// wrong in different ways.
//
// Robust learning. A bucket teaches the counts up to the one at which it alone would fire at the
// rule's own threshold, whatever an alert budget made of it, and no further. So however large a
// burst is, it moves the mean by a bounded step a bucket, while a change of habit, which comes
// every day, is usual after some days. That is why rates have no quarantine: all is learned in
// calibrate(), for every event, and learn() is empty. The measured distribution does count every
// bucket's peak, once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "plugins/detectors/detector.h"
#include "plugins/detectors/measured_tail.h"
#include "plugins/detectors/rates/rate_history.h"
#include "sketch/entity_table.h"
#include "sketch/first_seen.h"
#include "sketch/sliding.h"

namespace doorward {

/// What a rule's table says.
struct RateSettings {
  View partition;
  View by;  ///< high_distinct
  std::uint8_t partition_index = 0;
  std::uint8_t by_index = 0;
  std::uint8_t fleet_index = 0;
  bool distinct = false;
  TimeUs window_us = 0;
  std::uint32_t least = 2;
  double fires_at = 1;  ///< p-value from which on the rule fires; 0: never by itself
  std::size_t entities = 2048;
  std::size_t seen_once = 8192;
  Hash128 histogram;
  RateHistory::Settings history;
};

/// Reads [high_count] or [high_distinct]. nullopt when there was a mistake (noted).
std::optional<RateSettings> read_rate_settings(Rule& rule, Params& table, ViewTable& views,
                                               bool distinct);

/// What entries of both detectors hold beside their window.
struct RateHead : EntityHead {
  Taught taught;
  std::uint32_t stop = 0;    ///< lowest count of the bucket known to fire; 0: none known
  std::uint32_t judged = 0;  ///< count that `p` stands for; 0: none
  float p = 1;
  float mean = 0;  ///< the model for this bucket
  float size = 0;  ///< 0: not looked up yet
  Kind kind = Kind::unknown;
  bool counted = false;   ///< its peak goes into the histogram
  bool assumed = false;   ///< RateModel::assumed
  std::uint8_t peak = 0;  ///< bins of the histogram that the bucket was counted in

  /// A new bucket begins.
  void begin() {
    taught = {};
    stop = judged = 0;
    size = 0;
    kind = Kind::unknown;
    counted = false;
    peak = 0;
  }
};

class RateDetector : public Detector {
 public:
  RateDetector(const Rule& rule, const RateSettings& settings, std::size_t entry_bytes);

  void score(const ScoreInput& input, Evidence& out) const final;
  void calibrate(const EventKeys& keys, const Evidence& evidence, bool repeated, std::int64_t epoch,
                 Baseline& baseline, std::span<std::byte> state) const final;
  [[nodiscard]] std::string phrase(const Evidence& evidence, const Event& event) const final;
  /// Of the part that is laid out here: the last event, FirstSeen, entries.
  [[nodiscard]] std::size_t state_bytes() const override;

 protected:
  /// What observe() leaves for score().
  struct Now {
    std::uint32_t entry = 0;  ///< place, from 1; 0: the partition came once, or not at all
    sliding::Counts counts;
  };

  [[nodiscard]] const RateSettings& settings() const { return settings_; }
  [[nodiscard]] std::uint32_t slot_of(TimeUs time) const {
    return static_cast<std::uint32_t>(time / slot_us_);
  }
  /// Seconds after which an entry's window is empty.
  [[nodiscard]] std::uint32_t stale_s() const { return stale_s_; }
  [[nodiscard]] FirstSeen first_seen(std::span<std::byte> state) const;
  [[nodiscard]] std::span<std::byte> entries(std::span<std::byte> state) const;
  static void leave(std::span<std::byte> state, const Now& now);
  /// Forgets the last event and looks at the heads of all entries; for Detector::restore().
  [[nodiscard]] bool restore_heads(std::span<std::byte> state) const;

 private:
  struct Judged {
    double p = 1;
    std::uint8_t bin = 0;
  };
  [[nodiscard]] Judged judge(const Baseline& baseline, const NegativeBinomial& model, Kind kind,
                             std::uint32_t count) const;
  [[nodiscard]] bool fires(double p) const { return p <= settings_.fires_at; }
  [[nodiscard]] std::uint32_t fires_from(const Baseline& baseline, const RateModel& model) const;
  [[nodiscard]] RateHead head_of(std::span<const std::byte> state, std::uint32_t entry) const;
  [[nodiscard]] std::size_t head_at(std::uint32_t entry) const {
    return entries_at_ + std::size_t{entry - 1} * entry_bytes_;
  }

  RateSettings settings_;
  RateHistory history_;
  TimeUs slot_us_;
  std::uint32_t stale_s_;
  std::uint32_t count_max_;
  std::size_t entry_bytes_;
  std::size_t entries_at_;
  std::size_t entries_bytes_;
};

}  // namespace doorward
