// What rules keep between events besides the baseline: the current windows of rates, the steps of
// sequences, the last places of users. Fixed in size from the start, and plain bytes, so that it
// can be saved together with the baseline.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "plugins/state_archive.h"

namespace doorward {

/// Gives mapped memory back.
struct Unmap {
  std::size_t bytes = 0;
  void operator()(std::byte* memory) const;
};

/// One block of zeroed bytes for each rule, aligned to 64. A detector lays out its own block; it
/// may hold only what can be copied byte by byte, and no pointers.
class LiveState {
 public:
  /// `sizes[i]` bytes for rule i. Pages that are never written take no memory.
  explicit LiveState(std::span<const std::size_t> sizes);

  [[nodiscard]] std::span<std::byte> of(std::size_t rule) {
    return {memory_.get() + blocks_[rule].begin, blocks_[rule].size};
  }
  [[nodiscard]] std::span<const std::byte> of(std::size_t rule) const {
    return {memory_.get() + blocks_[rule].begin, blocks_[rule].size};
  }

  /// Writes a rule's block: its size, and the lines of 64 bytes that are not all zero. Reads the
  /// whole block, of which most is zero; about 0.1 ms a MiB.
  void save(std::size_t rule, StateWriter& out) const;
  /// Reads what save() wrote into a block that is still all zero. False: it was of another size,
  /// and is passed over; or it is damaged, and in.ok() is false.
  bool load(std::size_t rule, StateReader& in);
  /// Passes over what save() wrote.
  static void skip(StateReader& in);

  /// Of all rules together, in bytes.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Block {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::size_t bytes_ = 0;
  std::unique_ptr<std::byte, Unmap> memory_;
};

}  // namespace doorward
