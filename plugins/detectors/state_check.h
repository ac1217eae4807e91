// Looking at live state that was read back from a file, before it is used (Detector::restore()).
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace doorward {

/// Where a member lies in an entry. (offsetof is not for types with a base that has members.)
template <class Entry, class Owner, class Member>
std::size_t place_of(Member Owner::*member) {
  static_assert(std::is_base_of_v<Owner, Entry>);
  static const Entry like{};
  return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&(like.*member)) -
                                  reinterpret_cast<const std::byte*>(&like));
}

/// The byte of a bool or of an enum of one byte in the entry that begins at `entry`. Read like
/// this, since such a member must not hold any other value than its own.
template <class Entry, class Owner, class Member>
int raw_member(std::span<const std::byte> block, std::size_t entry, Member Owner::*member) {
  static_assert(sizeof(Member) == 1);
  return std::to_integer<int>(block[entry + place_of<Entry>(member)]);
}

}  // namespace doorward
