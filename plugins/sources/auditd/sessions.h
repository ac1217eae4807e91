// Two small memories of fixed size: sessions that were already told of, and PAM's recent yeses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plugins/event.h"
#include "plugins/sources/auditd/names.h"
#include "plugins/state_archive.h"

namespace doorward::auditd {

/// Which kernel sessions (ses=) have had their success event. A session may last for weeks and
/// write USER_START or USER_LOGIN again for every further channel, from the same pid or another,
/// long after its attempt was closed. Numbers are given in order, so a direct-mapped table holds
/// the last kRows sessions of a host.
class Sessions {
 public:
  static constexpr std::size_t kRows = 8192;

  void note(std::uint64_t host, std::uint32_t ses, std::uint32_t serial, TimeUs time) {
    if (ses == kNoUid) return;
    rows_[row_of(host, ses)] = {host, ses, serial, time};
  }

  /// Whether the success of this session has been told. `fresh`: by a process that is seen to log
  /// on; then only a session of this moment counts, since root's session child may be read first.
  /// Numbers begin again at every boot, and so do serials: a record whose serial is far below that
  /// of the session's own is from a later boot.
  [[nodiscard]] bool known(std::uint64_t host, std::uint32_t ses, std::uint32_t serial, TimeUs time,
                           bool fresh) const {
    if (ses == kNoUid) return false;
    constexpr std::int64_t kDisorderMax = 10'000;
    constexpr TimeUs kMomentUs = 10 * kSecondUs;
    const Row& row = rows_[row_of(host, ses)];
    if (row.time == kNoTime || row.ses != ses || row.host != host) return false;
    if (fresh && (time > row.time + kMomentUs || time < row.time - kMomentUs)) return false;
    return std::int64_t{serial} + kDisorderMax >= std::int64_t{row.serial};
  }

  /// Writes the rows in use.
  void save(StateWriter& out) const;
  /// Takes up what save() wrote, before the first note(); nothing after a mistake.
  void load(StateReader& in);

 private:
  struct Row {
    std::uint64_t host = 0;
    std::uint32_t ses = 0;
    std::uint32_t serial = 0;
    TimeUs time = kNoTime;
  };
  static std::size_t row_of(std::uint64_t host, std::uint32_t ses) {
    return static_cast<std::size_t>(host + ses) % kRows;
  }
  std::array<Row, kRows> rows_{};
};

/// Which process PAM last said yes to for (host, address, user), to know keyboard-interactive
/// logons: PAM agrees in one process of sshd, and the session opens in another.
class RecentAuths {
 public:
  static constexpr std::size_t kRows = 1024;
  static constexpr TimeUs kTimeMaxUs = 5 * kSecondUs;  ///< between PAM's yes and the session

  struct Row {
    std::uint64_t key = 0;
    TimeUs time = kNoTime;
    std::uint32_t pid = 0;  ///< 0: nobody
  };
  void note(std::uint64_t key, TimeUs time, std::uint32_t pid) {
    rows_[key % kRows] = {key, time, pid};
  }
  /// Gives it once.
  Row take(std::uint64_t key, TimeUs time) {
    Row& row = rows_[key % kRows];
    const Row found = row;
    if (found.pid == 0 || found.key != key || time > found.time + kTimeMaxUs ||
        time < found.time - kTimeMaxUs) {
      return {};
    }
    row = {};
    return found;
  }

  /// As Sessions'.
  void save(StateWriter& out) const;
  void load(StateReader& in);

 private:
  std::array<Row, kRows> rows_{};
};

}  // namespace doorward::auditd
