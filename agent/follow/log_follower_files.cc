// Which file is read next: rotation, truncation, deletion, restart.
#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "agent/follow/log_follower.h"
#include "plugins/clock.h"

namespace doorward {
namespace {

constexpr int kTriesMax = 4;
constexpr double kDayUs = 86'400'000'000.0;

bool has_bytes(const LogPart& part) {
  return part.facts.size > 0;
}

}  // namespace

void LogFollower::begin_at(Start start, const HistoryLimit& limit) {
  started_ = true;
  if (start == Start::history) {
    const std::vector<LogPart> parts = parts_of_log(path_, options_);
    std::uint64_t bytes = 0;
    std::size_t from = parts.size();
    const double oldest = static_cast<double>(clock_now()) - limit.days * kDayUs;
    while (from > 0) {
      const FileFacts& facts = parts[from - 1].facts;
      bytes += facts.size;
      if (!parts[from - 1].is_log &&
          (bytes > limit.bytes || static_cast<double>(facts.modified) < oldest)) {
        break;
      }
      --from;
    }
    open_first(parts, from);
    return;
  }
  look_for_file();
  if (start != Start::now || !file_.is_open()) return;
  // At the begin of the last line, when it has no newline yet; when that is too far back, the rest
  // of it is skipped.
  facts_ = file_.facts();
  const std::uint64_t back = std::min<std::uint64_t>(facts_.size, kLineBytesMax + kBeforeBytes);
  std::string tail(back, '\0');
  const LogFile::Got got = file_.read(facts_.size - back, {}, tail.data(), back);
  tail.resize(got.bytes);
  const std::size_t newline = tail.rfind('\n');
  const std::size_t keep = newline == std::string::npos ? 0 : newline + 1;
  const bool far = newline == std::string::npos && facts_.size > back;
  const std::uint64_t at = facts_.size - back + (far ? tail.size() : keep);
  std::string before;
  if (at == 0 || !file_.skip_to(at, before)) return;
  buffer_.begin_at(at, before, std::string(buffer_.head()));
  skipping_ = uncounted_ = far;
  if (far) skip_from_ = position_here();
}

void LogFollower::resume(const LogPosition& position) {
  if (!position.known()) return begin_at(Start::begin);
  started_ = true;
  last_ = position;
  last_is_end_ = false;
  look_for_file();
}

/// Makes an opened file the one that is read.
void LogFollower::take(Found found) {
  file_ = std::move(found.file);
  facts_ = found.part.facts;
  reading_ = found.part.path;
  is_log_ = found.part.is_log;
  siblings_follow_ = finish_ = restart_ = false;
  skipping_ = uncounted_ = false;
  first_of_file_ = true;
  scanned_ = 0;
  line_ = 0;
  newer_bytes_ = 0;
  left_ms_ = 0;
  newest_as_of_ = 0;
  const TimeUs age_us =
      std::clamp<TimeUs>(clock_now() - facts_.modified, 0, TimeUs{options_.settle.count()} * 1000);
  grew_ms_ = now_ms() - age_us / 1000;
  last_.reset();
  told_.clear();
  log_is_there_ = log_is_there_ || is_log_;
  if (!buffer_.begin_at(found.offset, found.before, found.head)) {
    tell(path_, "no memory for its lines");
    let_go();
  }
}

/// Opens the first that can be of `parts` from `from` on. True: one is open; false: none, or they
/// were rotated in between.
bool LogFollower::open_first(const std::vector<LogPart>& parts, std::size_t from) {
  const LogPosition end = file_.is_open() ? position_here() : LogPosition{};
  for (std::size_t i = from; i < parts.size(); ++i) {
    const LogPart& part = parts[i];
    if (!part.readable) {
      gap(part.path + " is packed in a way that is not read", part.facts.size);
      continue;
    }
    bool gone = false;
    Result<Found> opened = compare(part, end, options_, gone);
    if (!opened) {
      if (gone) return false;
      if (part.is_log) {
        tell(opened.error().where, opened.error().what);
        return false;
      }
      gap(opened.error().message(), part.facts.size);
      continue;
    }
    Found found = std::move(opened).value();
    // A copy of what was just read, or more of it under another name, is not read again.
    if (found.held != Held::exact || end.fingerprint.bytes == 0) {
      found.offset = 0;
      found.before.clear();
      if (found.file.is_gzip()) {
        Result<LogFile> again = LogFile::open(part.path, false, &gone);
        if (!again) return false;
        found.file = std::move(again).value();
      }
    }
    const std::uint64_t skipped = found.offset;
    take(std::move(found));
    if (!file_.is_open()) return false;
    if (skipped > 0) line_ = end.line;
    for (std::size_t k = i + 1; k < parts.size(); ++k) {
      newer_bytes_ += parts[k].facts.size;
      siblings_follow_ |= !parts[k].is_log && has_bytes(parts[k]);
    }
    return true;
  }
  return false;
}

/// Opens the oldest file that was changed after a place that is lost; else the log itself.
bool LogFollower::open_after(const LogPosition& lost) {
  for (int i = 0; i < kTriesMax; ++i) {
    const std::vector<LogPart> parts = parts_of_log(path_, options_);
    const auto first = std::find_if(parts.begin(), parts.end(), [&](const LogPart& part) {
      return part.is_log || (part.facts.modified > lost.modified && !lost.file.same(part.facts.id));
    });
    if (open_first(parts, static_cast<std::size_t>(first - parts.begin()))) return true;
  }
  return false;
}

/// After the file was cut and nothing has what it was.
void LogFollower::restart() {
  const LogPosition lost = position_here();
  let_go();
  if (open_after(lost)) return;
  last_ = lost;
  last_is_end_ = true;
}

void LogFollower::let_go() {
  file_.close();
  reading_.clear();
  is_log_ = finish_ = restart_ = skipping_ = uncounted_ = false;
  scanned_ = 0;
  newer_bytes_ = 0;
}

bool LogFollower::look() {
  if (!started_) begin_at(Start::begin);
  if (file_.is_open()) return look_at_file();
  return look_for_file();
}

/// Nothing is open: is there something to go on with?
bool LogFollower::look_for_file() {
  const PathFacts log = look_at(path_, options_.follow_symlinks);
  log_is_there_ = log.kind != PathFacts::Kind::missing;
  if (!log.why.empty()) tell(path_, log.why);
  if (!last_) {
    return log.regular() && open_first({{path_, log.facts, true, true}}, 0);
  }
  if (last_is_end_ && !log.regular()) return false;
  const LogPosition position = *last_;
  std::optional<Error> failed;
  std::optional<Found> found = locate(path_, position, options_, failed);
  if (found) {
    const bool cut = found->held == Held::cut_back;
    const std::uint64_t line = position.line;
    take(std::move(*found));
    if (!file_.is_open()) return false;
    line_ = line;
    for (const LogPart& part : parts_of_log(path_, options_)) {
      if (part.facts.id.same(facts_.id)) {
        newer_bytes_ = 0;
      } else {
        newer_bytes_ += part.facts.size;
      }
    }
    if (is_log_) newer_bytes_ = 0;
    if (cut) {
      gap("was cut and written anew before the position: goes on behind it", 0);
      skip_from_ = position_here();
      skipping_ = uncounted_ = true;
    }
    return true;
  }
  if (failed) {  // what cannot be opened now may be the file
    tell(failed->where, failed->what);
    return false;
  }
  if (parts_of_log(path_, options_).empty()) return false;
  if (!last_is_end_ && position.fingerprint.bytes > 0) {
    gap("the file that was read is gone", 0);
  }
  if (open_after(position)) return true;
  last_ = position;
  last_is_end_ = true;
  return false;
}

/// A file is open: did it grow, is it still the log, is it to be left?
bool LogFollower::look_at_file() {
  if (restart_) return true;
  const FileFacts now = file_.facts();
  if (!file_.is_gzip() && (now.size != facts_.size || now.modified != facts_.modified)) {
    std::array<char, kFingerprintBytes> head;
    const std::string_view known = buffer_.head();
    const std::size_t got = file_.head(head.data(), known.size());
    if (now.size < buffer_.end_offset() || known.size() < Fingerprint::kShort[0] ||
        std::string_view(head.data(), got) != known) {
      file_changed();
      return true;
    }
    if (now.size != facts_.size) grew_ms_ = now_ms();
  }
  facts_ = now;
  const PathFacts log = look_at(path_, options_.follow_symlinks);
  log_is_there_ = log.kind != PathFacts::Kind::missing;
  if (!log.why.empty()) tell(path_, log.why);
  is_log_ = log.regular() && log.facts.id.same(now.id);
  if (is_log_) {
    siblings_follow_ = finish_ = false;
    left_ms_ = 0;
    newer_bytes_ = 0;
    return now.size != buffer_.end_offset();
  }
  if (left_ms_ == 0) left_ms_ = now_ms();
  if (log.regular()) newer_bytes_ = std::max(newer_bytes_, log.facts.size);
  const std::int64_t quiet = now_ms() - grew_ms_;
  if (!siblings_follow_) siblings_follow_ = newer_part_has_bytes();
  const bool newer = siblings_follow_ || (log.regular() && log.facts.size > 0);
  const bool deleted = now.links == 0;
  finish_ = finish_ || file_.is_gzip() || siblings_follow_ ||
            (newer && quiet >= options_.settle.count()) ||
            (deleted && quiet >= options_.let_go.count()) ||
            (!log.regular() && quiet >= options_.hold.count());
  if (!finish_ && deleted && now_ms() - left_ms_ >= options_.hold.count()) {
    tell(path_, "was deleted and is still written to: it is read no further");
    finish_ = true;
  }
  return true;
}

/// Whether it was rotated twice: a sibling that is newer than the file being read has bytes.
bool LogFollower::newer_part_has_bytes() {
  // A thousand logs may lie in one folder and wait for their first line after midnight: names are
  // read again only when some changed.
  const TimeUs names = options_.old_folder.empty() ? folder_modified(path_) : 0;
  if (names != 0 && names == newest_as_of_) return false;
  newest_as_of_ = 0;
  const std::vector<LogPart> parts = parts_of_log(path_, options_);
  const auto own = std::find_if(parts.begin(), parts.end(),
                                [&](const LogPart& part) { return part.facts.id.same(facts_.id); });
  if (own == parts.end()) {  // packed or deleted
    return std::any_of(parts.begin(), parts.end(), [&](const LogPart& part) {
      return !part.is_log && has_bytes(part) && part.facts.modified > facts_.modified;
    });
  }
  const bool newest =
      std::none_of(own + 1, parts.end(), [](const LogPart& part) { return !part.is_log; });
  // Changes within one tick of the file system's clock look like one.
  if (newest && clock_now() - names > kSecondUs) newest_as_of_ = names;
  return std::any_of(own + 1, parts.end(),
                     [](const LogPart& part) { return !part.is_log && has_bytes(part); });
}

/// Other bytes are where those were that were read: was it copied away and cut?
void LogFollower::file_changed() {
  const LogPosition here = position();
  const std::uint64_t end = buffer_.end_offset();
  const std::uint64_t unread = facts_.size > end ? facts_.size - end : 0;
  std::optional<Error> failed;
  std::optional<Found> found;
  const FileFacts now = file_.facts();
  const bool weak = here.fingerprint.weak();
  if (!weak || now.links > 0 || now.size < end) {  // else this alone has it
    found = locate(path_, here, options_, failed);
  }
  if (found && found->held != Held::cut_back) {
    const bool same = found->part.facts.id.same(facts_.id);
    const bool first = first_of_file_;
    take(std::move(*found));
    if (!file_.is_open()) return;
    line_ = here.line;
    first_of_file_ = first || !same;
    if (!same) ++counters_.rotations;
    return;
  }
  if (failed) tell(failed->where, failed->what);
  std::array<char, kFingerprintBytes> bytes;
  const std::string_view head(bytes.data(), file_.head(bytes.data(), bytes.size()));
  if (weak && now.size >= end && head.starts_with(buffer_.head())) {
    // It only grew, and nothing newer is there: there is more by which to know it now.
    facts_ = now;
    scanned_ = 0;
    buffer_.begin_at(here.offset, std::string(buffer_.before()), head);
    return;
  }
  ++counters_.truncations;
  if (unread > 0) gap("was cut before it was read", unread);
  restart_ = true;
}

/// The file is read to its end for good: opens the next newer.
bool LogFollower::go_over() {
  const LogPosition end = position_here();
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const std::vector<LogPart> parts = parts_of_log(path_, options_);
    std::size_t next = 0;  // 0: where this file is among them is not known
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].facts.id.same(facts_.id)) next = i + 1;
    }
    // Packed in the meantime?
    for (std::size_t i = parts.size(); i-- > 0 && next == 0;) {
      if (!parts[i].path.ends_with(".gz") || parts[i].facts.id.same(facts_.id)) continue;
      Result<LogFile> packed = LogFile::open(parts[i].path, false);
      if (!packed) continue;
      std::array<char, kFingerprintBytes> head;
      const std::size_t got = packed.value().head(head.data(), head.size());
      if (end.fingerprint.match({head.data(), got}) == Fingerprint::Match::whole &&
          packed.value().whole_size() == (end.offset & 0xFFFFFFFFU)) {
        next = i + 1;
      }
    }
    if (next == 0) {  // deleted
      const auto newer = std::find_if(parts.begin(), parts.end(), [&](const LogPart& part) {
        return !part.facts.id.same(facts_.id) &&
               (part.is_log || part.facts.modified > facts_.modified);
      });
      next = static_cast<std::size_t>(newer - parts.begin());
    }
    if (open_first(parts, next)) {
      ++counters_.rotations;
      return true;
    }
    if (next == parts.size()) break;
  }
  if (file_.is_open()) let_go();
  last_ = end;
  last_is_end_ = true;
  return false;
}

}  // namespace doorward
