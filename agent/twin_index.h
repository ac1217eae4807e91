// Finds slots of a fixed table by either of two keys, in the order in which they were put in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace doorward {

/// Chains of slots, oldest first. Allocates at construction only.
class TwinIndex {
 public:
  static constexpr std::int32_t kNone = -1;

  explicit TwinIndex(std::size_t slots)
      : heads_(2 * slots, kNone), tails_(2 * slots, kNone), links_(2 * slots) {}

  /// Appends `slot`, which must not be in the index. A key of 0 is no key.
  void insert(std::int32_t slot, std::uint64_t key, std::uint64_t other_key) {
    link(2 * slot, key);
    link(2 * slot + 1, other_key);
  }
  /// The keys of `slot`, as they were given; 0 for none.
  [[nodiscard]] std::uint64_t key(std::int32_t slot) const {
    return links_[2 * static_cast<std::size_t>(slot)].key;
  }
  [[nodiscard]] std::uint64_t other_key(std::int32_t slot) const {
    return links_[2 * static_cast<std::size_t>(slot) + 1].key;
  }
  void erase(std::int32_t slot) {
    unlink(2 * slot);
    unlink(2 * slot + 1);
  }

  /// `distance` gives INT64_MAX for slots that do not fit. The first under `key` that does; kNone
  /// without one.
  template <class Distance>
  std::int32_t first(std::uint64_t key, Distance distance) const {
    std::int32_t found = kNone;
    each(key, [&](std::int32_t slot) {
      if (distance(slot) == INT64_MAX) return true;
      found = slot;
      return false;
    });
    return found;
  }

  /// The nearest under `key`, the first of equal ones.
  template <class Distance>
  std::int32_t nearest(std::uint64_t key, Distance distance) const {
    std::int32_t found = kNone;
    std::int64_t best = INT64_MAX;
    each(key, [&](std::int32_t slot) {
      const std::int64_t far = distance(slot);
      if (far < best) {
        best = far;
        found = slot;
      }
      return true;
    });
    return found;
  }

 private:
  /// Entries looked at in one search.
  static constexpr int kStepsMax = 256;

  struct Links {
    std::uint64_t key = 0;
    std::int32_t previous = kNone;
    std::int32_t next = kNone;
  };

  [[nodiscard]] std::size_t bucket(std::uint64_t key) const { return (key >> 20) % heads_.size(); }
  Links& links_at(std::int32_t at) { return links_[static_cast<std::size_t>(at)]; }

  /// Calls `visit` for the slots under `key` until it gives false.
  template <class Visit>
  void each(std::uint64_t key, Visit visit) const {
    if (key == 0) return;
    std::int32_t at = heads_[bucket(key)];
    for (int steps = 0; at != kNone && steps < kStepsMax; ++steps) {
      const Links& links = links_[static_cast<std::size_t>(at)];
      if (links.key == key && !visit(at / 2)) return;
      at = links.next;
    }
  }

  void link(std::int32_t at, std::uint64_t key) {
    links_at(at) = {key, kNone, kNone};
    if (key == 0) return;
    std::int32_t& tail = tails_[bucket(key)];
    links_at(at).previous = tail;
    (tail == kNone ? heads_[bucket(key)] : links_at(tail).next) = at;
    tail = at;
  }

  void unlink(std::int32_t at) {
    Links& links = links_at(at);
    if (links.key == 0) return;
    (links.previous == kNone ? heads_[bucket(links.key)] : links_at(links.previous).next) =
        links.next;
    (links.next == kNone ? tails_[bucket(links.key)] : links_at(links.next).previous) =
        links.previous;
    links.key = 0;
  }

  std::vector<std::int32_t> heads_;
  std::vector<std::int32_t> tails_;
  std::vector<Links> links_;
};

}  // namespace doorward
