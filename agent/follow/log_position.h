// Where one is in a log and its rotations, so that the place is found again after a restart.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "agent/follow/follow_options.h"
#include "plugins/event.h"

namespace doorward {

/// Which file of which file system. Birth tells a file that took the inode of a deleted one.
struct LogIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t birth_us = 0;  ///< 0: the file system does not tell

  /// The same file, as far as the numbers tell.
  [[nodiscard]] bool same(const LogIdentity& other) const {
    return inode != 0 && device == other.device && inode == other.inode &&
           (birth_us == other.birth_us || birth_us == 0 || other.birth_us == 0);
  }
};

/// Hashes of the first bytes of a file: of all that were known, up to kFingerprintBytes, and of
/// fewer, so that a shorter copy of the file is known as well.
struct Fingerprint {
  static constexpr std::array<std::uint32_t, 2> kShort = {64, 256};

  std::uint32_t bytes = 0;
  std::uint64_t hash = 0;
  std::array<std::uint64_t, 2> short_hash{};  ///< 0: there were not so many

  /// Of the first bytes of a file; what is beyond kFingerprintBytes is not looked at.
  static Fingerprint of(std::string_view head);
  /// So little that the next file may well begin the same.
  [[nodiscard]] bool weak() const { return bytes < kShort[0]; }

  enum class Match { no, part, whole };
  /// Whether a file with this head can be the same file. Part: the head is shorter than what is
  /// known, and so much of it as there is a hash for is the same.
  [[nodiscard]] Match match(std::string_view head) const;
};

/// Hash of the bytes before a position, and of a fingerprint. Not a secret.
std::uint64_t hash_of_bytes(std::string_view bytes);

/// A place just behind a line. All zero: no place.
struct LogPosition {
  LogIdentity file;
  std::uint64_t offset = 0;  ///< of the uncompressed bytes
  Fingerprint fingerprint;
  std::uint32_t before_bytes = 0;  ///< min(kBeforeBytes, offset)
  std::uint64_t before_hash = 0;   ///< of so many bytes just before offset
  std::uint64_t line = 0;  ///< lines before offset; since reading began there, with Start::now
  TimeUs modified = 0;     ///< last change of the file, when it was last looked at

  [[nodiscard]] bool known() const { return file.inode != 0; }

  /// Both ways, plugins/state_archive.h; 88 bytes. What cannot be is a mistake of the reader.
  template <class Archive>
  void archive(Archive& a) {
    a(file.device, file.inode, file.birth_us, offset, fingerprint.bytes, fingerprint.hash,
      fingerprint.short_hash, before_bytes, before_hash, line, modified);
    if constexpr (Archive::kReads) {
      if (fingerprint.bytes > kFingerprintBytes || before_bytes > kBeforeBytes ||
          before_bytes > offset || (fingerprint.bytes == 0 && offset > 0)) {
        *this = {};
        a.fail();
      }
    }
  }
};

}  // namespace doorward
