// The bytes of a spool's segment (docs/spool.md): pure functions over memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/delivery/record.h"

namespace doorward {

inline constexpr std::size_t kSegmentHeadBytes = 32;
inline constexpr std::size_t kRecordHeadBytes = 40;

/// A record as it lies in a segment. Views point into the bytes that were given.
struct SegmentRecord {
  std::uint64_t sequence = 0;
  TimeUs appended = 0;
  Record record;
  std::size_t size = 0;  ///< of all its bytes
};

/// Appends the head of a segment whose first record has that sequence, or a later one.
void append_segment_head(std::uint64_t first, std::string& out);

/// The sequence in a segment's head; nullopt when the head is damaged or of another version.
std::optional<std::uint64_t> segment_head(std::string_view bytes);

/// Appends one record. id and document are within their limits (asserted).
void append_record(std::uint64_t sequence, TimeUs appended, const Record& record, std::string& out);

/// The record that begins the bytes; nullopt when none that is whole and has its checksum does.
std::optional<SegmentRecord> record_at(std::string_view bytes);

/// Goes through the records of a segment's bytes, also through damaged ones: what is no record is
/// skipped to the next one whose checksum holds and whose sequence is higher.
class SegmentScan {
 public:
  /// The bytes must outlive the scan.
  explicit SegmentScan(std::string_view segment);

  /// The next record; nullopt at the end.
  std::optional<SegmentRecord> next();
  /// Where the record that next() gave begins.
  [[nodiscard]] std::size_t offset() const { return offset_; }

  /// Whether the head was in order.
  [[nodiscard]] bool head_ok() const { return head_ok_; }
  /// Places where bytes were skipped with a record behind them, so far.
  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }
  /// At the end: where the last record ends. What follows is a torn tail (or nothing).
  [[nodiscard]] std::size_t end_of_last() const { return end_; }

 private:
  std::string_view bytes_;
  std::size_t offset_ = 0;
  std::size_t end_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t gaps_ = 0;
  bool head_ok_ = false;
};

}  // namespace doorward
