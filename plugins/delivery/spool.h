// The durable queue in front of all outputs: documents go in once and are read by every output at
// its own pace, oldest first, also after kill -9 and power cuts. Bytes: docs/spool.md.
//
//     Result<std::unique_ptr<Spool>> spool = Spool::open({"/var/lib/doorward/spool", 64 MiB,
//                                                         {"file", "siem"}, state_head}, env);
//     spool->refuse_repeats_since(state_head);
//     spool->append({DocumentKind::alert, 89, "1f0c...", 1, "{...}"});
//     spool->sync();                             // then save the state, with spool->head() in it
//     spool->keep_from(head_that_was_saved);
//
// It never stops: a spool that is full lets the lowest scores go, a disk that is full or fails
// leaves a bounded part of the documents in memory, a damaged segment is set aside. All of it is
// counted, and said once. One thread at a time; nothing blocks but the disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "plugins/delivery/env.h"
#include "plugins/delivery/limits.h"
#include "plugins/delivery/positions.h"
#include "plugins/delivery/record.h"
#include "plugins/delivery/segment_files.h"
#include "sketch/result.h"

namespace doorward {

struct SpoolOptions {
  std::string folder;
  /// On disk, segments that were set aside not counted. Three quarters of it hold documents that
  /// somebody still wants; the rest is what rewriting needs.
  std::uint64_t bytes_max = std::uint64_t{kSpoolMiB} * 1024 * 1024;
  /// Names of the outputs, at most kReadersMax. One that the spool does not know begins with the
  /// oldest document; one that is not named any more is forgotten. Without any nothing is kept.
  std::vector<std::string> readers;
  /// The head that the loaded state holds: delivered documents from there on are still known to
  /// ids_since(). kKeepNone: there is no state.
  std::uint64_t keep_from = kKeepNone;

  static constexpr std::uint64_t kKeepNone = UINT64_MAX;
};

struct SpoolStatus {
  std::uint64_t records = 0;     ///< documents that some output has not delivered
  std::uint64_t bytes = 0;       ///< of these, with their heads
  std::uint64_t disk_bytes = 0;  ///< of all segments
  std::uint64_t in_memory = 0;   ///< documents that the disk did not take yet
  std::uint64_t appended = 0;
  std::uint64_t repeats = 0;         ///< refused: they were here already
  std::uint64_t too_long = 0;        ///< refused: longer than kDocumentBytesMax or bytes_max / 16
  std::uint64_t dropped = 0;         ///< let go undelivered, for want of room
  double dropped_score_max = 0;      ///< highest score among these
  std::uint64_t damaged_places = 0;  ///< places in segments that could not be read
  std::uint64_t torn_bytes = 0;      ///< half-written ends that were cut off
  std::string disk_error;            ///< why the disk takes nothing now; empty: it does
};

struct ReaderStatus {
  std::uint64_t position = 0;  ///< sequence of the oldest document not delivered
  std::uint64_t behind_records = 0;
  std::uint64_t behind_bytes = 0;
  TimeUs oldest = 0;          ///< when the oldest of these was appended; 0: there is none
  std::uint64_t dropped = 0;  ///< let go before this output had them
};

class Spool {
 public:
  enum class Appended : std::uint8_t { stored, repeat, too_long, dropped };

  /// Fails when the folder cannot be made or read, or is in use. `env` is copied.
  static Result<std::unique_ptr<Spool>> open(const SpoolOptions& options, DeliveryEnv env);
  /// Saves the positions, and tries once more to get to disk what is in memory only.
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// Takes a document. `dropped`: the spool is full of documents with higher scores.
  Appended append(const Record& record);
  /// Makes what was appended durable. An error when the disk fails, or when documents are in
  /// memory only: a state that says they were told must not be saved then.
  Status sync();
  /// What time brings: tries the disk again, saves positions when it is time. Call once a second.
  void tick();

  [[nodiscard]] const std::string& folder() const { return options_.folder; }
  /// The sequence that the next document will have.
  [[nodiscard]] std::uint64_t head() const { return next_; }
  /// document_key() of the documents from this sequence on that are still here.
  [[nodiscard]] std::vector<std::string> ids_since(std::uint64_t position);
  /// append() refuses these until forget_repeats(): alerts that are made once more after a restart
  /// from a state that is older than the spool. At most kSpoolRecordsMax.
  void refuse_repeats_since(std::uint64_t position);
  void forget_repeats();
  /// Delivered documents from this sequence on stay (while there is room), for ids_since() after a
  /// restart. Call with the head that the saved state holds, each time one was saved.
  void keep_from(std::uint64_t position);

  /// Readers by number: their place in SpoolOptions::readers.
  [[nodiscard]] std::size_t readers() const { return readers_.size(); }
  /// The oldest documents from a sequence on with at least this score: at most so many and so many
  /// bytes, but one however long. `passed` is set behind the last one that was looked at.
  std::vector<Document> read(std::size_t reader, std::uint64_t from, double min_score,
                             std::size_t documents_max, std::size_t bytes_max,
                             std::uint64_t& passed);
  /// Everything before `position` is delivered for this reader. Never goes back.
  void advance(std::size_t reader, std::uint64_t position);
  /// Writes the positions now.
  Status save_positions();

  [[nodiscard]] SpoolStatus status() const;
  /// Of documents with at least that score.
  [[nodiscard]] ReaderStatus reader_status(std::size_t reader, double min_score) const;

 private:
  struct Entry {
    std::uint64_t segment = 0;  // 0: in memory
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    float score = 0;
    TimeUs appended = 0;
    std::unique_ptr<std::string> memory;  // the record's bytes
  };
  struct Rank {
    float score;
    std::uint64_t sequence;
    bool operator<(const Rank& other) const {
      return score != other.score ? score < other.score : sequence < other.sequence;
    }
  };
  struct Reader {
    std::string name;
    std::uint64_t position = 1;
    std::uint64_t taken = 1;  // behind what was read last, which may be on its way
    std::uint64_t dropped = 0;
  };
  using Entries = std::map<std::uint64_t, Entry>;

  Spool(const SpoolOptions& options, DeliveryEnv env, SegmentFiles files);

  void load();
  void load_positions();
  void load_segment(std::uint64_t first, bool last);
  void add(std::uint64_t sequence, Entry entry);
  Entries::iterator erase(Entries::iterator entry);
  void drop(std::uint64_t sequence);
  void make_room();
  void make_memory_room();
  void let_go_of_read();
  void remove_empty_segments();
  Status compact();
  Status rewrite(std::uint64_t first);
  Status to_disk(std::uint64_t sequence, std::string_view bytes);
  bool empty_memory();
  void disk_failed(const Error& error);
  void disk_works();
  [[nodiscard]] std::uint64_t unread_from() const;
  Result<std::string> bytes_of(std::uint64_t sequence, const Entry& entry);
  /// What is to be done when an entry could not be read: true when it is gone for good.
  bool lost(Entries::iterator entry, const Error& error);
  void note_damage(std::string_view where, std::string_view what);

  SpoolOptions options_;
  DeliveryEnv env_;
  SegmentFiles files_;
  std::uint64_t segment_max_;
  std::uint64_t live_max_;
  std::uint64_t next_ = 1;
  std::uint64_t keep_from_;
  std::uint64_t ranked_from_ = 0;  // entries before are not in ranks_
  Entries entries_;
  std::set<Rank> ranks_;         // of entries that some reader has not delivered
  std::set<Rank> memory_ranks_;  // of entries in memory
  std::uint64_t live_bytes_ = 0;
  std::uint64_t memory_bytes_ = 0;
  std::vector<Reader> readers_;
  std::unordered_set<std::string> repeats_;
  SpoolStatus counts_;
  TimeUs disk_retry_at_ = 0;
  TimeUs positions_saved_at_ = 0;
  bool positions_changed_ = false;
  bool positions_told_ = false;
  bool full_told_ = false;
};

}  // namespace doorward
