// What a spool does when it is opened: positions, segments, and what is damaged in them.
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstdio>

#include "plugins/delivery/segment.h"
#include "plugins/delivery/spool.h"

namespace doorward {
namespace {

// What is longer than a segment may be is none.
constexpr std::size_t kReadBytesMax = 2 * kSegmentBytesMax;

/// Whether a torn end is no torn end: a record of its full length, which was changed afterwards.
bool looks_whole(std::string_view tail) {
  constexpr std::string_view kMark = "DWCR";
  if (tail.size() < kRecordHeadBytes || !tail.starts_with(kMark)) return false;
  const auto byte = [&](std::size_t at) {
    return std::size_t{static_cast<unsigned char>(tail[at])};
  };
  const std::size_t length = byte(4) | byte(5) << 8U | byte(6) << 16U | byte(7) << 24U;
  const bool zeros = tail.back() == '\0';  // of a power cut; no document ends so
  return length <= tail.size() - kRecordHeadBytes && !zeros;
}

}  // namespace

void Spool::load() {
  load_positions();
  const std::vector<std::uint64_t> found = files_.found();
  for (const std::uint64_t first : found) load_segment(first, first == found.back());
  for (const Reader& reader : readers_) next_ = std::max(next_, reader.position);
  const std::uint64_t oldest = entries_.empty() ? next_ : entries_.begin()->first;
  for (Reader& reader : readers_) {
    reader.position = std::max(reader.position, std::min(oldest, next_));
    reader.taken = reader.position;
  }
  let_go_of_read();
  make_room();
  // Positions of readers that are gone go with them.
  positions_changed_ = true;
}

void Spool::load_positions() {
  const std::string path = options_.folder + "/positions";
  for (const std::string& name : options_.readers) {
    assert(name.size() <= kReaderNameBytesMax);
    readers_.push_back({name, 1, 1, 0});
  }
  if (::access(path.c_str(), F_OK) != 0) return;
  constexpr std::size_t kPositionsBytesMax = std::size_t{16} * 1024;
  const Result<std::string> bytes = read_whole(path, kPositionsBytesMax);
  const std::optional<SpoolPositions> positions =
      bytes ? parse_positions(bytes.value()) : std::nullopt;
  if (!positions) {
    ++counts_.damaged_places;
    std::rename(path.c_str(), (path + ".damaged").c_str());
    env_.say(Loudness::warning,
             path + " is damaged and set aside: outputs begin with the oldest document again");
    return;
  }
  next_ = std::max<std::uint64_t>(1, positions->next);
  for (const SpoolPosition& saved : positions->readers) {
    const auto reader = std::find_if(readers_.begin(), readers_.end(),
                                     [&](const Reader& one) { return one.name == saved.name; });
    if (reader == readers_.end()) {
      env_.say(Loudness::info,
               "output \"" + saved.name +
                   "\" is not configured any more: its place in the spool is forgotten");
      continue;
    }
    reader->position = std::max<std::uint64_t>(1, saved.sequence);
  }
}

void Spool::load_segment(std::uint64_t first, bool last) {
  const std::string path = files_.path_of(first);
  next_ = std::max(next_, first);
  const Result<std::string> read = read_whole(path, kReadBytesMax);
  if (!read) {
    // Whatever it is, it must not stop the start; nor is it removed, since it may be mended.
    note_damage(path, read.error().what);
    next_ = std::max(next_, first + 1);
    return;
  }
  const std::string& bytes = read.value();
  SegmentFile& segment = files_.adopt(first, bytes.size());
  SegmentScan scan(bytes);
  std::uint64_t out_of_order = 0;
  while (const std::optional<SegmentRecord> found = scan.next()) {
    const bool newer = entries_.empty() || found->sequence > entries_.rbegin()->first;
    if (!newer || found->sequence < first || found->sequence == UINT64_MAX) {
      ++out_of_order;
      continue;
    }
    Entry entry;
    entry.segment = first;
    entry.offset = static_cast<std::uint32_t>(scan.offset());
    entry.size = static_cast<std::uint32_t>(found->size);
    entry.score = static_cast<float>(found->record.score);
    entry.appended = found->appended;
    add(found->sequence, std::move(entry));
    next_ = std::max(next_, found->sequence + 1);
  }
  const std::string_view tail = std::string_view(bytes).substr(scan.end_of_last());
  const bool torn_head = !scan.head_ok() && bytes.size() < kSegmentHeadBytes;
  const bool torn = last && !looks_whole(tail) && !tail.empty();
  const bool damaged = (!scan.head_ok() && !(last && torn_head)) || scan.gaps() > 0 ||
                       out_of_order > 0 || (!tail.empty() && !torn);
  if (torn || torn_head) {
    counts_.torn_bytes += torn ? tail.size() : bytes.size();
    env_.say(Loudness::info, path + ": a half-written end of " +
                                 std::to_string(torn ? tail.size() : bytes.size()) +
                                 " bytes is cut off");
  }
  if (damaged) {
    note_damage(path, "the segment is damaged");
    counts_.damaged_places += std::max<std::uint64_t>(scan.gaps() + out_of_order, 1) - 1;
    segment.damaged = true;
    const Status rewritten = rewrite(first);
    if (!rewritten && counts_.disk_error.empty()) disk_failed(rewritten.error());
    return;
  }
  if (segment.live == 0 && (torn_head || !last)) {
    files_.remove(first);
    return;
  }
  if (last && bytes.size() < segment_max_) {
    if (const Status reopened = files_.reopen(first, scan.end_of_last()); !reopened) {
      disk_failed(reopened.error());
    }
  }
}

Status Spool::save_positions() {
  SpoolPositions positions;
  positions.next = next_;
  for (const Reader& reader : readers_) positions.readers.push_back({reader.name, reader.position});
  positions_saved_at_ = env_.now();
  Status written = write_atomically(options_.folder + "/positions", positions_bytes(positions));
  if (written) positions_changed_ = false;
  return written;
}

}  // namespace doorward
