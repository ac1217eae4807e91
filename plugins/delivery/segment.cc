#include "plugins/delivery/segment.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>

#include "plugins/delivery/limits.h"

namespace doorward {
namespace {

constexpr std::string_view kMagic = "DWSPOOL\x01";
// First bytes of each record, so that the next one is found behind damage.
constexpr std::uint32_t kRecordMark = 0x52435744;  // "DWCR"

template <class T>
void put(std::string& out, T value) {
  std::array<char, sizeof value> bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);  // little-endian, as all hosts of this program
  out.append(bytes.data(), bytes.size());
}

template <class T>
T take(std::string_view bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Where the fields of a record's head lie.
constexpr std::size_t kLengthAt = 4;
constexpr std::size_t kCheckAt = 8;
constexpr std::size_t kSequenceAt = 12;
constexpr std::size_t kAppendedAt = 20;
constexpr std::size_t kScoreAt = 28;
constexpr std::size_t kOccurrencesAt = 32;
constexpr std::size_t kKindAt = 36;
constexpr std::size_t kIdSizeAt = 37;
constexpr std::size_t kReservedAt = 38;

}  // namespace

void append_segment_head(std::uint64_t first, std::string& out) {
  const std::size_t begin = out.size();
  out += kMagic;
  put<std::uint64_t>(out, first);
  put<std::uint64_t>(out, 0);  // reserved
  put<std::uint32_t>(out, 0);
  put<std::uint32_t>(out, checksum(std::string_view(out).substr(begin)));
  assert(out.size() - begin == kSegmentHeadBytes);
}

std::optional<std::uint64_t> segment_head(std::string_view bytes) {
  if (bytes.size() < kSegmentHeadBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  const std::size_t at = kSegmentHeadBytes - sizeof(std::uint32_t);
  if (take<std::uint32_t>(bytes, at) != checksum(bytes.substr(0, at))) return std::nullopt;
  return take<std::uint64_t>(bytes, kMagic.size());
}

void append_record(std::uint64_t sequence, TimeUs appended, const Record& record,
                   std::string& out) {
  assert(record.id.size() <= kDocumentIdBytesMax && record.document.size() <= kDocumentBytesMax);
  const std::size_t begin = out.size();
  put<std::uint32_t>(out, kRecordMark);
  put<std::uint32_t>(out, static_cast<std::uint32_t>(record.id.size() + record.document.size()));
  put<std::uint32_t>(out, 0);  // the checksum, below
  put<std::uint64_t>(out, sequence);
  put<std::int64_t>(out, appended);
  put<float>(out, static_cast<float>(record.score));
  put<std::uint32_t>(out, record.occurrences);
  put<std::uint8_t>(out, static_cast<std::uint8_t>(record.kind));
  put<std::uint8_t>(out, static_cast<std::uint8_t>(record.id.size()));
  put<std::uint16_t>(out, 0);
  assert(out.size() - begin == kRecordHeadBytes);
  out += record.id;
  out += record.document;
  const std::uint32_t check = checksum(std::string_view(out).substr(begin));
  std::memcpy(out.data() + begin + kCheckAt, &check, sizeof check);
}

std::optional<SegmentRecord> record_at(std::string_view bytes) {
  if (bytes.size() < kRecordHeadBytes) return std::nullopt;
  if (take<std::uint32_t>(bytes, 0) != kRecordMark) return std::nullopt;
  const std::size_t length = take<std::uint32_t>(bytes, kLengthAt);
  const std::size_t id_size = take<std::uint8_t>(bytes, kIdSizeAt);
  const auto kind = take<std::uint8_t>(bytes, kKindAt);
  if (length > kDocumentBytesMax + kDocumentIdBytesMax || id_size > length ||
      id_size > kDocumentIdBytesMax || length - id_size > kDocumentBytesMax ||
      length > bytes.size() - kRecordHeadBytes) {
    return std::nullopt;
  }
  if (kind < 1 || kind > 3 || take<std::uint16_t>(bytes, kReservedAt) != 0) return std::nullopt;
  const std::string_view all = bytes.substr(0, kRecordHeadBytes + length);
  // The checksum is made with zeros in its own place.
  const std::uint32_t zeros = 0;
  uLong check = crc32_z(0, reinterpret_cast<const Bytef*>(all.data()), kCheckAt);
  check = crc32_z(check, reinterpret_cast<const Bytef*>(&zeros), sizeof zeros);
  check = crc32_z(check, reinterpret_cast<const Bytef*>(all.data()) + kSequenceAt,
                  all.size() - kSequenceAt);
  if (take<std::uint32_t>(all, kCheckAt) != static_cast<std::uint32_t>(check)) return std::nullopt;
  SegmentRecord found;
  found.sequence = take<std::uint64_t>(all, kSequenceAt);
  found.appended = take<std::int64_t>(all, kAppendedAt);
  found.record.score = static_cast<double>(take<float>(all, kScoreAt));
  if (!std::isfinite(found.record.score)) found.record.score = 0;
  found.record.occurrences = take<std::uint32_t>(all, kOccurrencesAt);
  found.record.kind = static_cast<DocumentKind>(kind);
  found.record.id = all.substr(kRecordHeadBytes, id_size);
  found.record.document = all.substr(kRecordHeadBytes + id_size);
  found.size = all.size();
  return found;
}

SegmentScan::SegmentScan(std::string_view segment) : bytes_(segment) {
  head_ok_ = segment_head(segment).has_value();
  // With a damaged head its place is still where records begin, or the search finds the first.
  end_ = std::min(segment.size(), kSegmentHeadBytes);
}

std::optional<SegmentRecord> SegmentScan::next() {
  std::size_t at = end_;
  while (at < bytes_.size()) {
    const std::optional<SegmentRecord> found = record_at(bytes_.substr(at));
    if (found && found->sequence > last_) {
      if (at != end_) ++gaps_;
      offset_ = at;
      end_ = at + found->size;
      last_ = found->sequence;
      return found;
    }
    // A record whose checksum holds but that is out of order is passed over whole, so that a
    // search costs no more than the bytes that there are.
    at += found ? found->size : 1;
    constexpr std::string_view kMarkBytes("DWCR", 4);
    at = std::min(bytes_.find(kMarkBytes, at), bytes_.size());
  }
  return std::nullopt;
}

}  // namespace doorward
