// TieredTable: entities by how much is known against them, each tier in fixed memory of its own, so
// that a flood of the cheap kind cannot push out one of the dear.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "sketch/entity_table.h"

namespace doorward {

/// kTiers EntityTables over one block. An entity is in one tier at a time; it moves up with what it
/// holds and never down. At a tier's limit its own Space-Saving decides who leaves
/// (entity_table.h); other tiers do not notice.
template <class Entry, std::size_t kTiers>
class TieredTable {
 public:
  /// Entries of each tier, lowest first.
  using Sizes = std::array<std::size_t, kTiers>;

  static constexpr std::size_t bytes(const Sizes& entries) {
    std::size_t all = 0;
    for (const std::size_t count : entries) all += EntityTable<Entry>::bytes(count);
    return all;
  }

  /// Over memory of bytes(entries), zeroed at first, aligned for Entry.
  TieredTable(std::span<std::byte> memory, const Sizes& entries)
      : TieredTable(memory, entries, std::make_index_sequence<kTiers>()) {}

  struct Found {
    Entry* entry = nullptr;
    std::size_t tier = 0;
  };

  /// The entity's entry, whatever tier it is in; null when it has none or it is stale.
  [[nodiscard]] Found find(Hash128 entity, std::uint32_t now, std::uint32_t stale) const {
    for (std::size_t tier = kTiers; tier-- > 0;) {
      if (Entry* entry = tables_[tier].find(entity, now, stale)) return {entry, tier};
    }
    return {};
  }

  /// The entity's entry at event time `now` (seconds), in `tier` or where it is above that; moved
  /// up with what it holds when it was below. Otherwise as EntityTable::touch().
  Entry& touch(Hash128 entity, std::uint32_t now, std::uint32_t stale, std::size_t tier) {
    const Found found = find(entity, now, stale);
    if (found.entry == nullptr) return tables_[tier].touch(entity, now, stale);
    if (found.tier >= tier) return tables_[found.tier].touch(entity, now, stale);
    const Entry held = *found.entry;
    *found.entry = Entry{};
    Entry& entry = tables_[tier].touch(entity, std::max(now, held.newest), stale);
    const EntityHead head = entry;
    entry = held;
    static_cast<EntityHead&>(entry) = head;
    return entry;
  }

 private:
  template <std::size_t... kTier>
  TieredTable(std::span<std::byte> memory, const Sizes& entries,
              std::index_sequence<kTier...> /*tiers*/)
      : tables_{EntityTable<Entry>(tier_of(memory, entries, kTier))...} {}

  static std::span<std::byte> tier_of(std::span<std::byte> memory, const Sizes& entries,
                                      std::size_t tier) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < tier; ++i) begin += EntityTable<Entry>::bytes(entries[i]);
    return memory.subspan(begin, EntityTable<Entry>::bytes(entries[tier]));
  }

  std::array<EntityTable<Entry>, kTiers> tables_;
};

}  // namespace doorward
