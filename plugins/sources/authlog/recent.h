// The last message of each of a few processes, for "last message repeated N times".
#pragma once

#include <array>
#include <cstdint>

#include "plugins/sources/authlog/record.h"
#include "plugins/state_archive.h"

namespace doorward::authlog {

/// A ring of the processes that wrote last. Fixed size, never allocates.
class RecentMessages {
 public:
  /// Longest line that is remembered, in bytes; a longer one is remembered as unknown.
  static constexpr std::size_t kBytesMax = 1500;
  static constexpr std::size_t kProcesses = 8;

  /// Remembers the message as its process' last.
  void remember(const Record& record);
  /// Remembers that the last line of all is of no interest, so that a "repeated" line without a tag
  /// is not taken for an older one's.
  void remember_other() { newest_ = kProcesses; }

  /// The message that `notice` ("last message repeated ...") speaks of: the last one of its
  /// process, or the last of all when it names none; its host has to fit where it is given. nullptr
  /// when that message is not remembered. Good until the next remember().
  [[nodiscard]] const Record* find(const Record& notice) const;

  void save(StateWriter& out) const;
  /// Takes up what save() wrote, before anything is remembered; nothing after a mistake.
  void load(StateReader& in);

 private:
  /// Pid and program; never 0.
  static std::uint64_t process_of(const Record& record) {
    return static_cast<std::uint64_t>(record.pid) << 8 |
           static_cast<std::uint64_t>(record.program) | 1ULL << 63;
  }

  struct Slot {
    Record record;
    std::array<char, kBytesMax> text;
  };
  std::array<std::uint64_t, kProcesses>
      processes_{};  // apart from the slots: searched for each line; 0: never used
  std::array<Slot, kProcesses> slots_{};
  std::size_t next_ = 0;
  std::size_t newest_ = kProcesses;
};

}  // namespace doorward::authlog
