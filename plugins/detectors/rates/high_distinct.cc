// Detector `high_distinct`: more different values of one thing (users, addresses, hosts) in a
// window than is usual (design.md 4.3). Settings and model: rate_detector.h.
//
// Three tiers of live state, so that strangers who come once cost eight bytes and only those who
// really show many values cost half a kilobyte: FirstSeen, then an entry with up to twelve values
// (SlidingFew), then one of kManyMax SlidingMany.
#include <algorithm>

#include "plugins/detectors/rates/rate_detector.h"
#include "sketch/sliding_distinct.h"

namespace doorward {
namespace {

/// Partitions that can show more than twelve values at a time. At the limit the one with the fewest
/// values in its window, of equal ones the longest silent, starts anew.
constexpr std::size_t kManyMax = 128;

struct DistinctEntry : RateHead {
  std::uint16_t many = 0;  ///< place of its SlidingMany, from 1; 0: `few` counts
  SlidingFew few;
};
using EntryTable = EntityTable<DistinctEntry>;

struct ManyPlace {
  std::uint32_t owner = 0;  ///< place of the entry, from 1. It holds this if it points back.
  SlidingMany values;
};

class HighDistinct final : public RateDetector {
 public:
  HighDistinct(const Rule& rule, const RateSettings& settings)
      : RateDetector(rule, settings, sizeof(DistinctEntry)) {}

  [[nodiscard]] std::size_t state_bytes() const override {
    return RateDetector::state_bytes() + kManyMax * sizeof(ManyPlace);
  }

  [[nodiscard]] bool restore(std::span<std::byte> state) const override;

  void observe(const Event& event, const EventKeys& keys,
               std::span<std::byte> state) const override {
    leave(state, look(event, keys, state));
  }

 private:
  [[nodiscard]] Now look(const Event& event, const EventKeys& keys,
                         std::span<std::byte> state) const;
  void see(EntryTable& table, std::span<ManyPlace> many, DistinctEntry& entry, std::uint32_t value,
           std::uint32_t slot) const;
  [[nodiscard]] std::uint16_t take_place(EntryTable& table, std::span<ManyPlace> many,
                                         const DistinctEntry& owner) const;

  [[nodiscard]] std::span<ManyPlace> places(std::span<std::byte> state) const {
    return {reinterpret_cast<ManyPlace*>(state.data() + RateDetector::state_bytes()), kManyMax};
  }
};

bool HighDistinct::restore(std::span<std::byte> state) const {
  if (!restore_heads(state)) return false;
  const std::span<DistinctEntry> entries = EntryTable(this->entries(state)).entries();
  for (const DistinctEntry& entry : entries) {
    if (entry.many > kManyMax || entry.few.size > SlidingFew::kMax) return false;
  }
  const std::span<ManyPlace> many = places(state);
  return std::all_of(many.begin(), many.end(), [&](const ManyPlace& place) {
    return place.owner <= entries.size() && place.values.is_consistent();
  });
}

RateDetector::Now HighDistinct::look(const Event& event, const EventKeys& keys,
                                     std::span<std::byte> state) const {
  const Hash128 partition = keys.hash[settings().partition_index];
  const Hash128 by = keys.hash[settings().by_index];
  if (partition.none() || by.none() || event.time < 0) return {};
  const std::uint32_t slot = slot_of(event.time);
  const std::uint32_t value = window_value(by);
  const auto now = static_cast<std::uint32_t>(event.time / kSecondUs);
  EntryTable table(entries(state));
  DistinctEntry* entry = table.find(partition, now, stale_s());
  std::optional<FirstSeen::Note> first;
  if (entry == nullptr) {
    FirstSeen once = first_seen(state);
    first = once.take(partition, slot, sliding::kBucketSlots);
    if (!first || first->value == value) {
      once.put(partition, {value, first ? std::max(first->slot, slot) : slot});
      return {0, {1, 1}};
    }
  }
  entry = entry != nullptr ? &table.touch(*entry, now) : &table.touch(partition, now, stale_s());
  const std::span<ManyPlace> many = places(state);
  if (first) see(table, many, *entry, first->value, first->slot);
  see(table, many, *entry, value, slot);
  const auto place = static_cast<std::uint32_t>(entry - table.entries().data());
  return {place + 1,
          entry->many == 0 ? entry->few.counts() : many[entry->many - 1U].values.counts()};
}

void HighDistinct::see(EntryTable& table, std::span<ManyPlace> many, DistinctEntry& entry,
                       std::uint32_t value, std::uint32_t slot) const {
  if (entry.many == 0) {
    if (entry.few.advance(slot)) entry.begin();
    if (entry.few.add(value, slot)) return;
    entry.many = take_place(table, many, entry);
    many[entry.many - 1U].values.take(entry.few);
    entry.few = {};
  }
  SlidingMany& values = many[entry.many - 1U].values;
  if (values.advance(slot)) entry.begin();
  values.add(value, slot);
}

std::uint16_t HighDistinct::take_place(EntryTable& table, std::span<ManyPlace> many,
                                       const DistinctEntry& owner) const {
  const std::span<DistinctEntry> entries = table.entries();
  std::size_t best = 0;
  std::uint64_t lowest = UINT64_MAX;
  for (std::size_t i = 0; i < many.size(); ++i) {
    const std::uint32_t holder = many[i].owner;
    const bool held = holder != 0 && entries[holder - 1].many == i + 1 &&
                      entries[holder - 1].newest + stale_s() >= owner.newest;
    const std::uint64_t claim =
        held ? std::uint64_t{many[i].values.counts().window} << 32 | entries[holder - 1].newest : 0;
    if (claim < lowest) {
      lowest = claim;
      best = i;
    }
    if (!held) break;
  }
  ManyPlace& place = many[best];
  if (place.owner != 0 && entries[place.owner - 1].many == best + 1) {
    DistinctEntry& loser = entries[place.owner - 1];
    loser.many = 0;
    loser.few = {};
    loser.begin();
  }
  place.owner = static_cast<std::uint32_t>(&owner - entries.data()) + 1;
  return static_cast<std::uint16_t>(best + 1);
}

std::unique_ptr<Detector> make_high_distinct(Rule& rule, Params& table, ViewTable& views) {
  const std::optional<RateSettings> settings = read_rate_settings(rule, table, views, true);
  if (!settings) return nullptr;
  return std::make_unique<HighDistinct>(rule, *settings);
}

}  // namespace

extern const DetectorPlugin kDetectorHighDistinct;
const DetectorPlugin kDetectorHighDistinct = {
    "high_distinct", "more different values in a sliding window than is usual (negative binomial)",
    make_high_distinct};

}  // namespace doorward
