// What names belong to which uids, as far as the records themselves have told.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plugins/state_archive.h"

namespace doorward::auditd {

/// The uid that stands for "none": (uid_t)-1.
inline constexpr std::uint32_t kNoUid = 0xFFFFFFFF;

/// A bounded memory of (host, uid) -> name. Files such as /etc/passwd are never read: a log may
/// come from another host, and a look-up in a file for each event is slow. A direct-mapped table:
/// two uids that meet in one row forget each other, which costs a name (the number is shown) and no
/// more.
class UidNames {
 public:
  static constexpr std::size_t kRows = 1024;
  static constexpr std::size_t kNameBytesMax = 48;  ///< a longer name is not remembered

  /// `host` is a hash of the host's name.
  void learn(std::uint64_t host, std::uint32_t uid, std::string_view name);

  /// The name; empty when it is not known. uid 0 is root without anybody saying so. The view is
  /// good until the next learn().
  [[nodiscard]] std::string_view find(std::uint64_t host, std::uint32_t uid) const;

  /// Writes the rows in use.
  void save(StateWriter& out) const;
  /// Takes up what save() wrote, before the first learn(); nothing after a mistake.
  void load(StateReader& in);

 private:
  struct Row {
    std::uint64_t host = 0;
    std::uint32_t uid = kNoUid;
    std::uint32_t size = 0;
    std::array<char, kNameBytesMax> name{};
  };
  static std::size_t row_of(std::uint64_t host, std::uint32_t uid);

  std::array<Row, kRows> rows_{};
};

}  // namespace doorward::auditd
