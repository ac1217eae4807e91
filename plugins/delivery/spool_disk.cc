// How a spool gets documents to its disk: appending, making room by rewriting segments, and what
// happens while the disk takes nothing.
#include <algorithm>

#include "plugins/delivery/segment.h"
#include "plugins/delivery/spool.h"

namespace doorward {

Status Spool::sync() {
  if (!memory_ranks_.empty() || !counts_.disk_error.empty()) tick();
  if (!counts_.disk_error.empty()) return Error{options_.folder, counts_.disk_error};
  Status synced = files_.sync();
  if (!synced) disk_failed(synced.error());
  return synced;
}

void Spool::tick() {
  const TimeUs now = env_.now();
  // A clock that was set back must not make the wait longer.
  const bool due = now >= disk_retry_at_ || disk_retry_at_ - now > kSpoolRetryUs;
  if (!counts_.disk_error.empty() && due) {
    if (empty_memory()) disk_works();
  }
  const TimeUs since = now - positions_saved_at_;
  if (positions_changed_ && (since >= kPositionsEveryUs || since < 0)) {
    const Status saved = save_positions();
    if (!saved && !positions_told_) {
      env_.say(Loudness::warning,
               "how far the outputs have read cannot be saved, so a restart "
               "delivers again: " +
                   saved.error().message());
    }
    positions_told_ = !saved;
  }
}

bool Spool::empty_memory() {
  // Documents in memory are the newest: all that came after the first that the disk refused.
  auto entry = entries_.end();
  while (entry != entries_.begin() && std::prev(entry)->second.segment == 0) --entry;
  for (; entry != entries_.end(); ++entry) {
    Entry& held = entry->second;
    const Status written = to_disk(entry->first, *held.memory);
    if (!written) {
      disk_failed(written.error());
      return false;
    }
    memory_ranks_.erase({held.score, entry->first});
    memory_bytes_ -= held.size;
    held.memory.reset();
    held.segment = files_.active();
    SegmentFile& segment = files_.segments().at(held.segment);
    held.offset = static_cast<std::uint32_t>(segment.bytes - held.size);
    segment.live_bytes += held.size;
    ++segment.live;
    live_bytes_ += held.size;
  }
  if (Status synced = files_.sync(); !synced) {
    disk_failed(synced.error());
    return false;
  }
  make_room();
  return true;
}

void Spool::disk_failed(const Error& error) {
  if (counts_.disk_error.empty()) {
    env_.say(Loudness::warning, "the spool's disk takes nothing (" + error.message() +
                                    "): documents are kept in memory until it does");
  }
  counts_.disk_error = error.message();
  disk_retry_at_ = env_.now() + kSpoolRetryUs;
}

void Spool::disk_works() {
  counts_.disk_error.clear();
  env_.say(Loudness::info, "the spool's disk takes documents again");
}

Status Spool::to_disk(std::uint64_t sequence, std::string_view bytes) {
  const std::uint64_t room = options_.bytes_max - segment_max_;
  if (files_.disk_bytes() + bytes.size() > room) {
    if (Status compacted = compact(); !compacted) return compacted;
  }
  const std::uint64_t active = files_.active();
  if (active == 0 || files_.segments().at(active).bytes + bytes.size() > segment_max_) {
    if (Status started = files_.start(sequence); !started) return started;
    remove_empty_segments();
  }
  return files_.append(bytes);
}

Status Spool::compact() {
  const std::uint64_t target = options_.bytes_max - 2 * segment_max_;
  while (files_.disk_bytes() > target) {
    std::uint64_t worst = 0;
    std::uint64_t dead_max = 0;
    for (const auto& [first, segment] : files_.segments()) {
      const std::uint64_t dead =
          segment.bytes - std::min(segment.bytes, segment.live_bytes + kSegmentHeadBytes);
      if (dead > dead_max) {
        dead_max = dead;
        worst = first;
      }
    }
    if (worst == 0) return {};
    if (worst == files_.active()) {
      if (Status closed = files_.close_active(); !closed) return closed;
    }
    if (Status rewritten = rewrite(worst); !rewritten) return rewritten;
  }
  return {};
}

Status Spool::rewrite(std::uint64_t first) {
  if (files_.segments().at(first).live == 0) {
    files_.remove(first);
    return {};
  }
  std::string bytes;
  append_segment_head(first, bytes);
  std::vector<std::pair<Entry*, std::uint32_t>> moved;
  // A segment's entries follow each other; the first of them is not before its name.
  for (auto entry = entries_.lower_bound(first);
       entry != entries_.end() && entry->second.segment == first;) {
    const auto here = entry++;
    const Result<std::string> record = bytes_of(here->first, here->second);
    if (record) {
      moved.emplace_back(&here->second, static_cast<std::uint32_t>(bytes.size()));
      bytes += record.value();
    } else if (!lost(here, record.error())) {
      return record.error();
    }
  }
  if (moved.empty()) {
    files_.remove(first);
    return {};
  }
  if (Status written = files_.rewrite(first, bytes); !written) return written;
  for (const auto& [entry, offset] : moved) entry->offset = offset;
  return {};
}

}  // namespace doorward
