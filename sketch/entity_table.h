// EntityTable: what is going on with the entities (addresses, users, hosts) that are busy now, in
// fixed memory that no flood of others can take over.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "sketch/hash.h"

namespace doorward {

/// What the table needs of an entry; entries derive from it. All zero: a free place.
struct EntityHead {
  std::uint64_t key = 0;     ///< low half of the entity's hash, never 0 while taken
  std::uint32_t newest = 0;  ///< event time of its newest event, seconds since 1970
  std::uint32_t rank = 0;    ///< its claim to the place, see below
};

/// A set-associative table over memory of somebody else (a block of the live state). Which set an
/// entity falls into follows from its keyed hash, so nobody outside can aim at one.
///
/// A newcomer to a full set takes the place of an entry that is stale, else of the one with the
/// lowest rank, and starts one above it; each touch() adds one to the rank. This is Space-Saving
/// (Metwally, Agrawal and El Abbadi, 2005) in each set, with the inherited part kept out of what is
/// counted: what an entry holds was truly seen since it came. An entity that makes at least a
/// 1/entries share of all events in the table keeps its place however many others come and go; a
/// flood of ten million that are seen once each only take each other's places.
///
/// Entry: trivially copyable, derived from EntityHead, meaningful when all zero.
template <class Entry>
class EntityTable {
 public:
  static_assert(std::is_trivially_copyable_v<Entry> && std::is_base_of_v<EntityHead, Entry>);
  static constexpr std::size_t kWays = 8;

  /// Bytes for a table of `entries`, rounded up to whole sets.
  static constexpr std::size_t bytes(std::size_t entries) {
    return (entries + kWays - 1) / kWays * kWays * sizeof(Entry);
  }

  /// Over memory of bytes(entries), zeroed at first, aligned for Entry.
  explicit EntityTable(std::span<std::byte> memory)
      : entries_(reinterpret_cast<Entry*>(memory.data())),
        sets_(memory.size() / (kWays * sizeof(Entry))) {}

  /// The entity's entry at event time `now` (seconds); taken anew, zeroed but for its head, when it
  /// has none or when its newest event is more than `stale` seconds back. Adds one to its rank.
  Entry& touch(Hash128 entity, std::uint32_t now, std::uint32_t stale) {
    const std::uint64_t key = key_of(entity);
    Entry* const set = set_of(entity);
    for (std::size_t way = 0; way < kWays; ++way) {
      Entry& entry = set[way];
      if (entry.key != key) continue;
      if (is_stale(entry, now, stale)) restart(entry, key);
      return touch(entry, now);
    }
    Entry* victim = set;
    std::uint32_t rank = rank_of(*victim, now, stale);
    for (std::size_t way = 1; way < kWays && rank != 0; ++way) {
      const std::uint32_t claim = rank_of(set[way], now, stale);
      if (claim >= rank) continue;
      victim = &set[way];
      rank = claim;
    }
    restart(*victim, key);
    victim->newest = now;
    victim->rank = rank + 1;
    return *victim;
  }

  /// What touch() does to an entry that find() gave.
  Entry& touch(Entry& entry, std::uint32_t now) const {
    entry.newest = std::max(entry.newest, now);
    if (entry.rank != UINT32_MAX) ++entry.rank;
    return entry;
  }

  /// The entity's entry; null when it has none or it is stale.
  [[nodiscard]] Entry* find(Hash128 entity, std::uint32_t now, std::uint32_t stale) const {
    const std::uint64_t key = key_of(entity);
    Entry* const set = set_of(entity);
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set[way].key == key) return is_stale(set[way], now, stale) ? nullptr : &set[way];
    }
    return nullptr;
  }

  /// The rank of the entry that touch() would put out to make room for the entity; 0 when it has an
  /// entry or finds a free or stale one.
  [[nodiscard]] std::uint32_t claim(Hash128 entity, std::uint32_t now, std::uint32_t stale) const {
    const std::uint64_t key = key_of(entity);
    const Entry* const set = set_of(entity);
    std::uint32_t least = UINT32_MAX;
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set[way].key == key) return 0;
      least = std::min(least, rank_of(set[way], now, stale));
    }
    return least;
  }

  [[nodiscard]] std::span<Entry> entries() const { return {entries_, sets_ * kWays}; }

 private:
  static std::uint64_t key_of(Hash128 entity) { return entity.low == 0 ? 1 : entity.low; }
  [[nodiscard]] Entry* set_of(Hash128 entity) const {
    return entries_ + static_cast<std::size_t>(entity.high % sets_) * kWays;
  }
  static bool is_stale(const Entry& entry, std::uint32_t now, std::uint32_t stale) {
    return now > entry.newest && now - entry.newest > stale;
  }
  /// Its claim to the place; a free or stale one has none.
  static std::uint32_t rank_of(const Entry& entry, std::uint32_t now, std::uint32_t stale) {
    return entry.key == 0 || is_stale(entry, now, stale) ? 0 : entry.rank;
  }
  static void restart(Entry& entry, std::uint64_t key) {
    entry = Entry{};
    entry.key = key;
  }

  Entry* entries_;
  std::size_t sets_;
};

}  // namespace doorward
