// BlockArena: a fixed number of 64-byte blocks, given out and taken back one by one.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sketch/slab.h"

namespace doorward {

/// One cache line; its owner decides what lies in it.
struct alignas(64) Block {
  std::array<std::uint32_t, 16> words;

  [[nodiscard]] std::span<std::uint8_t, 64> bytes() {
    return std::span<std::uint8_t, 64>(reinterpret_cast<std::uint8_t*>(words.data()), 64);
  }
  [[nodiscard]] std::span<const std::uint8_t, 64> bytes() const {
    return std::span<const std::uint8_t, 64>(reinterpret_cast<const std::uint8_t*>(words.data()),
                                             64);
  }
};
static_assert(sizeof(Block) == 64);

/// Blocks are all of one size, so nothing fragments; free ones form a list through their first
/// word.
class BlockArena {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  explicit BlockArena(std::size_t bytes)
      : capacity_(static_cast<std::uint32_t>(bytes / sizeof(Block))),
        slab_(capacity_ * sizeof(Block)) {}

  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t bytes() const { return slab_.size(); }

  [[nodiscard]] Block& at(std::uint32_t index) {
    assert(index < fresh_);
    return slab_.as<Block>()[index];
  }
  [[nodiscard]] const Block& at(std::uint32_t index) const {
    assert(index < fresh_);
    return slab_.as<Block>()[index];
  }

  /// A zeroed block. There must be a free one: the owner keeps count.
  std::uint32_t take() {
    std::uint32_t index = free_;
    if (index == kNone) {
      assert(fresh_ < capacity_);
      return fresh_++;  // never used before, hence zero
    }
    free_ = at(index).words[0];
    at(index).words.fill(0);
    return index;
  }

  void give_back(std::uint32_t index) {
    at(index).words[0] = free_;
    free_ = index;
  }

 private:
  std::uint32_t capacity_;
  std::uint32_t fresh_ = 0;
  std::uint32_t free_ = kNone;
  Slab slab_;
};

}  // namespace doorward
