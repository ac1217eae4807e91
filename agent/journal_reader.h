// The systemd journal, live: entries of logon programs, each as one JSON record for the journald
// source.
//
//   Result<JournalReader> journal = JournalReader::open();
//   journal.value().resume(saved_cursor);
//   for (;;) {
//     const std::string_view record = journal.value().next();
//     if (record.empty()) break;          // poll descriptor(), process(), and again
//     ...
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/event.h"
#include "sketch/result.h"

struct sd_journal;

namespace doorward {

/// The journal is looked at as often as this, in milliseconds: journald gathers its notices of new
/// entries for 250 ms, but the entries themselves can be read at once.
inline constexpr int kJournalLookMs = 40;

/// What went wrong on the way, for the status and the metrics.
struct JournalCounters {
  std::uint64_t entries = 0;      ///< given
  std::uint64_t unreadable = 0;   ///< entries damaged on disk, or beyond what libsystemd reads
  std::uint64_t gaps = 0;         ///< resumed where the entry of the cursor was gone
  std::uint64_t cut = 0;          ///< messages longer than kLineBytesMax, cut
  std::uint64_t invalidated = 0;  ///< files were added or removed: rotation, vacuum
};

/// Reads all journals of this host, those of users too: journald keeps what sudo and su log there,
/// since they log as the user who called them. Only entries with the SYSLOG_IDENTIFIER of a logon
/// program are looked at; the index of the journal finds them, so that others cost nothing. Never
/// waits for entries. For one thread at a time.
class JournalReader {
 public:
  /// Opens the host's journals, or those of a folder (journal files, or folders of them). Errors:
  /// no such folder, no memory, no more watches. That nothing is there yet is no error: see
  /// any_files(). Before the first next() say where to begin.
  static Result<JournalReader> open(const std::string& folder = {});

  JournalReader(JournalReader&&) noexcept;
  JournalReader& operator=(JournalReader&&) noexcept;
  ~JournalReader();

  /// Begins with the oldest entry.
  Status begin_at_oldest();
  /// Begins with what comes from now on.
  Status begin_at_now();
  /// Begins with the first entry that journald received at `time` or later.
  Status begin_since(TimeUs time);
  /// Goes on behind the entry of a cursor(). Where that entry is gone (vacuum), with the first that
  /// was received later; that counts as a gap, as entries may have been lost. Errors: no cursor.
  Status resume(const std::string& cursor);

  /// The next entry, as a JSON object on one line with the fields that the source reads; empty when
  /// there is none yet. A value that is no UTF-8 is an array of numbers, as journalctl -o json
  /// writes it. Good until the next call; kRecordPadding bytes behind it can be read.
  std::string_view next();

  /// What to resume() from after the entry that next() gave last; empty when there was none. Stays
  /// good when the entry's file is removed.
  [[nodiscard]] const std::string& cursor() const { return cursor_; }

  /// For poll(): what to wait for and how long at most, in milliseconds (kJournalLookMs or less).
  /// When it is over call process(), and then next() until it is empty.
  [[nodiscard]] int descriptor() const;
  [[nodiscard]] short poll_events() const;
  [[nodiscard]] int timeout_ms() const;

  /// Takes notice of entries that were added and of files that came and went. True when there may
  /// be entries to read. Errors: what libsystemd says; open() anew then.
  Result<bool> process();

  /// There is a journal file that can be read.
  [[nodiscard]] bool any_files() const;

  [[nodiscard]] const JournalCounters& counters() const { return counters_; }

 private:
  struct Close {
    void operator()(sd_journal* journal) const;
  };
  explicit JournalReader(sd_journal* journal);

  static Result<JournalReader> open_watched(const std::string& folder);
  bool read_entry();
  bool append_field(const char* name);
  void remember_place();

  std::unique_ptr<sd_journal, Close> journal_;
  std::string record_;
  std::string cursor_;  ///< of the place where next() is
  int descriptor_ = -1;
  JournalCounters counters_;
};

}  // namespace doorward
