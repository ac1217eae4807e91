// The one place of truth: an ordered log. What the server knows is a fold over it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/event.h"
#include "sketch/result.h"

namespace doorward {

/// What an entry tells; the numbers are on disk. `subject` and `number` say of what, and together
/// with the kind are unique: of two servers (or two tries) that write the same thing one finds that
/// it is there already. The data are FlatBuffers tables of server/store/entries.fbs, but where said
/// otherwise.
enum class EntryKind : std::uint8_t {
  fleet_key = 1,      ///< subject "", number of the key: the 16 bytes
  group = 2,          ///< subject: name, number 1: a group was made
  token = 3,          ///< subject: digest in hex, number 0: group, end, uses
  token_used = 4,     ///< subject: digest, number: which use (1...): by which agent
  token_revoked = 5,  ///< subject: digest, number 0
  enrolment = 6,      ///< subject: agent, number 1: host, machine, group, serial of the certificate
  renewal = 7,        ///< subject: agent, number 2...: serial and end of the new certificate
  revocation = 8,     ///< subject: agent, number 0: who and why
  move = 9,           ///< subject: agent, number: how many times it was moved: the group
  policy = 10,        ///< subject: group, number: version: all files, who applied it
  delta = 11,         ///< subject: agent, number: its sequence: group, additions, sightings
  round = 12,         ///< subject: group, number: generation: the additions of all its deltas
  contribution = 13,  ///< subject: agent, number: its last sequence within: many deltas as one
  drop = 14,          ///< subject: agent, number: 1, 2 ...: what it taught in an epoch is taken out
  alert = 15,         ///< subject: event.id, number: occurrences (0 for an alert): the document
  verdict = 16,       ///< subject: event.id, number: 1, 2 ...: by whom, what, why
  api_token = 17,  ///< subject: name, number: 1, 2 ...: role and argon2id digest; empty: taken away
  audit = 18,      ///< subject "", number: 1, 2 ...: who did what over the API
};

/// One entry.
struct LogEntry {
  std::uint64_t place =
      0;  ///< 1, 2, 3 ... without order between servers other than this; given by append()
  EntryKind kind{};
  std::string subject;
  std::uint64_t number = 0;
  TimeUs at = 0;  ///< wall clock of whoever appended
  std::vector<std::uint8_t> data;
};

/// Narrow, so that a replicated log can stand behind it. Calls may come from one thread at a time;
/// several processes may append to one log.
class OrderedLog {
 public:
  virtual ~OrderedLog() = default;

  /// Appends all, in order, in one transaction: durable when it returns. Gives the place of each;
  /// nothing for one whose (kind, subject, number) is there already, which is then left out. Errors
  /// (disk full, I/O): nothing was appended, and it may be tried again.
  virtual Result<std::vector<std::optional<std::uint64_t>>> append(
      std::span<const LogEntry> entries) = 0;

  /// Visits the entries after `place`, in order, until `visit` gives false. With `kind` only those.
  virtual Status read(std::uint64_t place, std::optional<EntryKind> kind,
                      const std::function<bool(const LogEntry&)>& visit) = 0;

  /// Entries of one kind and subject, in order of number, from `first` on.
  virtual Status read_subject(EntryKind kind, const std::string& subject, std::uint64_t first,
                              const std::function<bool(const LogEntry&)>& visit) = 0;

  /// In one transaction: `entry` comes into the place of entries that it sums up, at the last of
  /// their places; they go. For contribution.
  virtual Status replace(std::span<const std::uint64_t> places, const LogEntry& entry) = 0;

  /// Entries that nobody needs any more go.
  virtual Status forget(std::span<const std::uint64_t> places) = 0;

  /// The place of the last entry; 0 when empty.
  virtual Result<std::uint64_t> last() = 0;

  /// What a fold had become at a place, to begin there instead of at 1. Not truth: may be lost.
  virtual Status keep_snapshot(const std::string& name, std::uint64_t place,
                               std::span<const std::uint8_t> bytes) = 0;
  struct Snapshot {
    std::uint64_t place = 0;
    std::vector<std::uint8_t> bytes;
  };
  virtual Result<std::optional<Snapshot>> snapshot(const std::string& name) = 0;

  /// A consistent copy into a new file while everything goes on. `progress`: pages done and all.
  virtual Status copy_to(const std::string& path,
                         const std::function<void(std::uint64_t, std::uint64_t)>& progress) = 0;

  struct Sizes {
    std::uint64_t bytes = 0;  ///< on disk
    std::uint64_t entries = 0;
  };
  virtual Result<Sizes> sizes() = 0;
};

}  // namespace doorward
