// Detector `high_count`: more events of a host, user or address in a window than is usual for it
// (design.md 4.3). Settings and model: rate_detector.h.
#include "plugins/detectors/rates/rate_detector.h"
#include "sketch/sliding_counts.h"

namespace doorward {
namespace {

struct CountEntry : RateHead {
  SlidingCounts counts;
};
using CountTable = EntityTable<CountEntry>;

class HighCount final : public RateDetector {
 public:
  HighCount(const Rule& rule, const RateSettings& settings)
      : RateDetector(rule, settings, sizeof(CountEntry)) {}

  [[nodiscard]] bool restore(std::span<std::byte> state) const override {
    return restore_heads(state);
  }

  void observe(const Event& event, const EventKeys& keys,
               std::span<std::byte> state) const override {
    leave(state, look(event, keys.hash[settings().partition_index], state));
  }

 private:
  [[nodiscard]] Now look(const Event& event, Hash128 partition, std::span<std::byte> state) const {
    if (partition.none() || event.time < 0) return {};
    const std::uint32_t slot = slot_of(event.time);
    const auto now = static_cast<std::uint32_t>(event.time / kSecondUs);
    CountTable table(entries(state));
    CountEntry* entry = table.find(partition, now, stale_s());
    std::optional<FirstSeen::Note> first;
    if (entry == nullptr) {
      FirstSeen once = first_seen(state);
      first = once.take(partition, slot, sliding::kBucketSlots);
      if (!first) {
        once.put(partition, {0, slot});
        return {0, {1, 1}};
      }
    }
    entry = entry != nullptr ? &table.touch(*entry, now) : &table.touch(partition, now, stale_s());
    if (first) count(*entry, first->slot);
    count(*entry, slot);
    const auto place = static_cast<std::uint32_t>(entry - table.entries().data());
    return {place + 1, {entry->counts.window, entry->counts.bucket}};
  }

  static void count(CountEntry& entry, std::uint32_t slot) {
    if (entry.counts.advance(slot)) entry.begin();
    entry.counts.add(slot);
  }
};

std::unique_ptr<Detector> make_high_count(Rule& rule, Params& table, ViewTable& views) {
  const std::optional<RateSettings> settings = read_rate_settings(rule, table, views, false);
  if (!settings) return nullptr;
  return std::make_unique<HighCount>(rule, *settings);
}

}  // namespace

extern const DetectorPlugin kDetectorHighCount;
const DetectorPlugin kDetectorHighCount = {
    "high_count", "more events in a sliding window than is usual (negative binomial)",
    make_high_count};

}  // namespace doorward
