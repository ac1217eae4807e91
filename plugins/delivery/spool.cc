#include "plugins/delivery/spool.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cmath>

#include "plugins/delivery/segment.h"

namespace doorward {
namespace {

std::string score_text(double score) {
  return std::to_string(std::llround(score));
}

}  // namespace

Spool::Spool(const SpoolOptions& options, DeliveryEnv env, SegmentFiles files)
    : options_(options),
      env_(std::move(env)),
      files_(std::move(files)),
      segment_max_(
          std::clamp(options.bytes_max / kSpoolSegments, kSegmentBytesMin, kSegmentBytesMax)),
      live_max_(options.bytes_max / 4 * 3),
      keep_from_(options.keep_from) {
  assert(options.readers.size() <= kReadersMax);
}

Result<std::unique_ptr<Spool>> Spool::open(const SpoolOptions& options, DeliveryEnv env) {
  Result<SegmentFiles> files = SegmentFiles::open(options.folder);
  if (!files) return files.error();
  std::unique_ptr<Spool> spool(new Spool(options, std::move(env), std::move(files).value()));
  spool->load();
  return spool;
}

Spool::~Spool() {
  if (!memory_ranks_.empty()) empty_memory();
  if (!positions_changed_) return;
  [[maybe_unused]] const Status ignored = save_positions();
}

Spool::Appended Spool::append(const Record& record) {
  const std::size_t size = kRecordHeadBytes + record.id.size() + record.document.size();
  if (record.document.size() > kDocumentBytesMax || record.id.size() > kDocumentIdBytesMax ||
      size > segment_max_ - kSegmentHeadBytes) {
    ++counts_.too_long;
    return Appended::too_long;
  }
  if (!repeats_.empty() &&
      repeats_.contains(document_key(record.kind, record.id, record.occurrences))) {
    ++counts_.repeats;
    return Appended::repeat;
  }
  const std::uint64_t sequence = next_++;
  if (readers_.empty()) return Appended::stored;
  const auto score = static_cast<float>(record.score);
  const bool full = live_bytes_ + size > live_max_ || entries_.size() >= kSpoolRecordsMax;
  if (full && !ranks_.empty() && score < ranks_.begin()->score &&
      entries_.begin()->first >= unread_from()) {
    // Writing it only to let it go would cost the disk as much as the alerts that stay.
    ++counts_.dropped;
    counts_.dropped_score_max = std::max(counts_.dropped_score_max, record.score);
    for (Reader& reader : readers_) ++reader.dropped;
    return Appended::dropped;
  }
  std::string bytes;
  const TimeUs now = env_.now();
  append_record(sequence, now, record, bytes);
  Entry entry;
  entry.size = static_cast<std::uint32_t>(bytes.size());
  entry.score = score;
  entry.appended = now;
  if (!memory_ranks_.empty()) tick();
  if (memory_ranks_.empty() && counts_.disk_error.empty()) {
    const Status written = to_disk(sequence, bytes);
    if (written) {
      entry.segment = files_.active();
      entry.offset =
          static_cast<std::uint32_t>(files_.segments().at(entry.segment).bytes - entry.size);
    } else {
      disk_failed(written.error());
    }
  }
  if (entry.segment == 0) entry.memory = std::make_unique<std::string>(std::move(bytes));
  add(sequence, std::move(entry));
  ++counts_.appended;
  make_memory_room();
  make_room();
  return entries_.contains(sequence) ? Appended::stored : Appended::dropped;
}

void Spool::add(std::uint64_t sequence, Entry entry) {
  ranks_.insert({entry.score, sequence});
  if (entry.segment == 0) {
    memory_ranks_.insert({entry.score, sequence});
    memory_bytes_ += entry.size;
  } else {
    SegmentFile& segment = files_.segments().at(entry.segment);
    segment.live_bytes += entry.size;
    ++segment.live;
    live_bytes_ += entry.size;
  }
  entries_.insert_or_assign(entries_.end(), sequence, std::move(entry));
}

Spool::Entries::iterator Spool::erase(Entries::iterator entry) {
  const Entry& gone = entry->second;
  ranks_.erase({gone.score, entry->first});
  if (gone.segment == 0) {
    memory_ranks_.erase({gone.score, entry->first});
    memory_bytes_ -= gone.size;
  } else {
    SegmentFile& segment = files_.segments().at(gone.segment);
    segment.live_bytes -= gone.size;
    --segment.live;
    live_bytes_ -= gone.size;
  }
  return entries_.erase(entry);
}

void Spool::drop(std::uint64_t sequence) {
  const auto entry = entries_.find(sequence);
  assert(entry != entries_.end());
  if (sequence >= unread_from()) {
    ++counts_.dropped;
    counts_.dropped_score_max =
        std::max(counts_.dropped_score_max, static_cast<double>(entry->second.score));
    for (Reader& reader : readers_) {
      if (sequence >= reader.taken) ++reader.dropped;
    }
    if (!full_told_) {
      full_told_ = true;
      env_.say(Loudness::warning,
               options_.folder +
                   ": the spool is full: documents of the lowest scores go first, now " +
                   score_text(static_cast<double>(entry->second.score)));
    }
  }
  erase(entry);
}

void Spool::make_room() {
  const std::uint64_t unread = unread_from();
  while (live_bytes_ > live_max_ || entries_.size() > kSpoolRecordsMax) {
    if (entries_.begin()->first < unread) {
      erase(entries_.begin());  // delivered, and only kept for ids_since()
    } else {
      drop(ranks_.begin()->sequence);
    }
  }
  if (live_bytes_ < live_max_ / 2) full_told_ = false;
}

void Spool::make_memory_room() {
  while (memory_bytes_ > kSpoolMemoryBytesMax) drop(memory_ranks_.begin()->sequence);
}

std::uint64_t Spool::unread_from() const {
  std::uint64_t least = next_;
  for (const Reader& reader : readers_) least = std::min(least, reader.position);
  return least;
}

void Spool::let_go_of_read() {
  const std::uint64_t unread = unread_from();
  for (auto entry = entries_.lower_bound(ranked_from_);
       entry != entries_.end() && entry->first < unread; ++entry) {
    ranks_.erase({entry->second.score, entry->first});
  }
  ranked_from_ = std::max(ranked_from_, unread);
  const std::uint64_t wanted = std::min(unread, keep_from_);
  while (!entries_.empty() && entries_.begin()->first < wanted) erase(entries_.begin());
  remove_empty_segments();
}

void Spool::remove_empty_segments() {
  for (auto segment = files_.segments().begin(); segment != files_.segments().end();) {
    const auto here = segment++;
    if (here->second.live == 0 && here->first != files_.active()) files_.remove(here->first);
  }
}

std::vector<std::string> Spool::ids_since(std::uint64_t position) {
  std::vector<std::string> out;
  for (auto entry = entries_.lower_bound(position); entry != entries_.end();) {
    const auto here = entry++;
    const Result<std::string> bytes = bytes_of(here->first, here->second);
    if (!bytes) {
      lost(here, bytes.error());
      continue;
    }
    const std::optional<SegmentRecord> found = record_at(bytes.value());
    if (!found) continue;
    const Record& record = found->record;
    out.push_back(document_key(record.kind, record.id, record.occurrences));
  }
  return out;
}

void Spool::refuse_repeats_since(std::uint64_t position) {
  std::vector<std::string> ids = ids_since(position);
  repeats_.insert(std::make_move_iterator(ids.begin()), std::make_move_iterator(ids.end()));
}

void Spool::forget_repeats() {
  repeats_ = {};
}

void Spool::keep_from(std::uint64_t position) {
  keep_from_ = position;
  let_go_of_read();
}

Result<std::string> Spool::bytes_of(std::uint64_t sequence, const Entry& entry) {
  if (entry.segment == 0) return *entry.memory;
  errno = 0;
  Result<std::string> bytes = files_.read(entry.segment, entry.offset, entry.size);
  if (!bytes) return bytes;
  const std::optional<SegmentRecord> record = record_at(bytes.value());
  if (!record || record->sequence != sequence) {
    errno = 0;
    return Error{files_.path_of(entry.segment), "a document is damaged"};
  }
  return bytes;
}

bool Spool::lost(Entries::iterator entry, const Error& error) {
  // These say nothing about the document: it can be read later.
  if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) return false;
  note_damage(error.where, error.what);
  if (entry->second.segment != 0) files_.segments().at(entry->second.segment).damaged = true;
  erase(entry);
  return true;
}

std::vector<Document> Spool::read(std::size_t reader, std::uint64_t from, double min_score,
                                  std::size_t documents_max, std::size_t bytes_max,
                                  std::uint64_t& passed) {
  std::vector<Document> out;
  std::size_t bytes = 0;
  auto entry = entries_.lower_bound(from);
  passed = std::max(from, next_);
  while (entry != entries_.end()) {
    const auto here = entry++;
    if (static_cast<double>(here->second.score) < min_score) continue;
    if (out.size() == documents_max || (!out.empty() && bytes + here->second.size > bytes_max)) {
      passed = here->first;
      break;
    }
    Result<std::string> found = bytes_of(here->first, here->second);
    if (!found) {
      if (lost(here, found.error())) continue;
      passed = here->first;
      break;
    }
    const std::optional<SegmentRecord> whole = record_at(found.value());
    if (!whole) continue;
    const SegmentRecord& record = *whole;
    bytes += here->second.size;
    out.push_back({record.sequence, record.record.kind, record.record.score, record.appended,
                   std::string(record.record.id), record.record.occurrences,
                   std::string(record.record.document)});
  }
  readers_.at(reader).taken = std::max(readers_[reader].taken, passed);
  return out;
}

void Spool::advance(std::size_t reader, std::uint64_t position) {
  Reader& moved = readers_.at(reader);
  assert(position <= next_);
  if (position <= moved.position) return;
  moved.position = position;
  moved.taken = std::max(moved.taken, position);
  positions_changed_ = true;
  let_go_of_read();
}

SpoolStatus Spool::status() const {
  SpoolStatus out = counts_;
  out.records = ranks_.size();
  out.bytes = 0;
  for (auto entry = entries_.lower_bound(unread_from()); entry != entries_.end(); ++entry) {
    out.bytes += entry->second.size;
  }
  out.disk_bytes = files_.disk_bytes();
  out.in_memory = memory_ranks_.size();
  return out;
}

ReaderStatus Spool::reader_status(std::size_t reader, double min_score) const {
  const Reader& asked = readers_.at(reader);
  ReaderStatus out;
  out.position = asked.position;
  out.dropped = asked.dropped;
  for (auto entry = entries_.lower_bound(asked.position); entry != entries_.end(); ++entry) {
    if (static_cast<double>(entry->second.score) < min_score) continue;
    ++out.behind_records;
    out.behind_bytes += entry->second.size;
    if (out.oldest == 0) out.oldest = entry->second.appended;
  }
  return out;
}

void Spool::note_damage(std::string_view where, std::string_view what) {
  constexpr std::uint64_t kToldMax = 10;
  if (++counts_.damaged_places <= kToldMax) {
    env_.say(Loudness::warning, std::string(where) + ": " + std::string(what) +
                                    "; it is passed over, the rest goes on");
  }
}

}  // namespace doorward
