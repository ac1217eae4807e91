// HashMemo: the keyed hashes of texts that come again and again, so that they need not be computed
// anew.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "sketch/hash.h"

namespace doorward {

/// A direct-mapped memory of hash_text(key, text) for short texts under one key. A text is found by
/// a quick hash that is not keyed and then compared whole, so what anybody can write costs the time
/// of a hash at worst, and no answer is ever another text's. Fixed memory, taken at the start: 64
/// bytes for each of kPlaces texts.
class HashMemo {
 public:
  static constexpr std::size_t kPlaces = 1024;
  /// Longer texts are hashed each time.
  static constexpr std::size_t kTextMax = 47;

  HashMemo() : places_(std::make_unique<std::array<Place, kPlaces>>()) {}

  /// hash_text(key, text). The key must be the same in all calls. Does not allocate.
  Hash128 hash(const HashKey& key, std::string_view text) {
    if (text.size() > kTextMax || text.empty()) return hash_text(key, text);
    Place& place = (*places_)[quick(text) % kPlaces];
    if (place.size == text.size() &&
        std::memcmp(place.text.data(), text.data(), text.size()) == 0) {
      return place.hash;
    }
    place.hash = hash_text(key, text);
    place.size = static_cast<std::uint8_t>(text.size());
    std::memcpy(place.text.data(), text.data(), text.size());
    return place.hash;
  }

 private:
  struct alignas(64) Place {
    Hash128 hash;
    std::uint8_t size = 0;  // 0: free
    std::array<char, kTextMax> text;
  };
  static_assert(sizeof(Place) == 64);

  /// First, middle and last bytes and the length; texts of 1 byte and more.
  static std::uint64_t quick(std::string_view text) {
    const char* const first = text.data();
    const std::size_t size = text.size();
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    if (size >= 8) {
      std::memcpy(&a, first, 8);
      std::memcpy(&b, first + size - 8, 8);
      std::memcpy(&c, first + (size - 8) / 2, 8);
    } else if (size >= 4) {
      std::uint32_t head = 0;
      std::uint32_t tail = 0;
      std::memcpy(&head, first, 4);
      std::memcpy(&tail, first + size - 4, 4);
      a = head;
      b = tail;
    } else {
      a = static_cast<unsigned char>(first[0]);
      b = static_cast<unsigned char>(first[size / 2]);
      c = static_cast<unsigned char>(first[size - 1]);
    }
    const std::uint64_t mixed = detail::fold_multiply(
        a ^ 0x9E3779B97F4A7C15ULL, b ^ (c << 1) ^ (size * 0xD6E8FEB86659FD93ULL));
    return mixed >> 20 ^ mixed;
  }

  std::unique_ptr<std::array<Place, kPlaces>> places_;
};

}  // namespace doorward
