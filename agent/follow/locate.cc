#include "agent/follow/locate.h"

#include <algorithm>
#include <array>
#include <utility>

namespace doorward {
namespace {

constexpr int kTriesMax = 4;

/// From bytes alone; for a file without any, from its numbers.
Held held_by(Found& found, const LogPosition& position) {
  const bool same = position.file.same(found.part.facts.id);
  if (position.fingerprint.bytes == 0) return same ? Held::exact : Held::no;
  const Fingerprint::Match match = position.fingerprint.match(found.head);
  if (match == Fingerprint::Match::no) return Held::no;
  const bool whole = match == Fingerprint::Match::whole;
  // Logs that begin with a constant heading are alike in a few bytes: the log itself, which is
  // newer than its copies, has to be alike in all.
  const Held shorter = whole || !found.part.is_log ? Held::read_whole : Held::no;
  const bool gzip = found.file.is_gzip();
  if (!gzip && found.part.facts.size < position.offset) return shorter;
  if (!found.file.skip_to(position.offset, found.before)) return shorter;
  const std::string_view before = found.before;
  if (before.size() >= position.before_bytes &&
      hash_of_bytes(before.substr(before.size() - position.before_bytes)) == position.before_hash) {
    return Held::exact;
  }
  return same && whole && position.fingerprint.bytes >= Fingerprint::kShort.back() ? Held::cut_back
                                                                                   : Held::no;
}

/// What came to be after a file was seen with next to nothing in it: perhaps a copy of what was
/// written to it since.
bool came_after(const LogPart& part, const LogPosition& position) {
  const FileFacts& facts = part.facts;
  return !part.is_log && !position.file.same(facts.id) && facts.modified > position.modified &&
         (facts.id.birth_us == 0 || facts.id.birth_us > position.modified);
}

}  // namespace

Result<Found> compare(const LogPart& part, const LogPosition& position,
                      const FollowOptions& options, bool& gone) {
  Result<LogFile> opened = LogFile::open(part.path, part.is_log && options.follow_symlinks, &gone);
  if (!opened) return opened.error();
  Found found;
  found.file = std::move(opened).value();
  found.part = part;
  found.part.facts = found.file.facts();
  // Renamed in between: this name is another file's by now.
  gone = !found.part.facts.id.same(part.facts.id);
  if (gone) return Error{part.path, "was rotated just now"};
  std::array<char, kFingerprintBytes> head;
  found.head.assign(head.data(), found.file.head(head.data(), head.size()));
  found.held = held_by(found, position);
  found.offset = found.held == Held::no ? 0 : position.offset;
  if (found.held == Held::read_whole) {
    found.offset = found.file.is_gzip() ? found.file.inflated() : found.part.facts.size;
    if (!found.file.is_gzip() && !found.file.skip_to(found.offset, found.before))
      found.held = Held::no;
  }
  return found;
}

std::optional<Found> locate(const std::string& path, const LogPosition& position,
                            const FollowOptions& options, std::optional<Error>& failed) {
  for (int i = 0; i < kTriesMax; ++i) {
    failed.reset();
    std::optional<Found> best;
    bool again = false;
    std::vector<LogPart> parts = parts_of_log(path, options);
    if (position.fingerprint.weak()) {
      for (const LogPart& part : parts) {
        if (position.file.same(part.facts.id) || again) break;
        if (!part.readable || !came_after(part, position)) continue;
        LogPosition from = position;
        if (from.fingerprint.bytes == 0) from.file = part.facts.id;
        Result<Found> found = compare(part, from, options, again);
        if (found && found.value().held == Held::exact) return std::move(found).value();
      }
      if (again) continue;
    }
    // The file it was in comes first, the newest next.
    std::stable_partition(parts.begin(), parts.end(),
                          [&](const LogPart& part) { return !position.file.same(part.facts.id); });
    for (std::size_t k = parts.size(); k-- > 0 && !again;) {
      if (!parts[k].readable) continue;
      Result<Found> found = compare(parts[k], position, options, again);
      if (!found) {
        if (!again) failed = found.error();
        continue;
      }
      const Held held = found.value().held;
      if (held == Held::exact) return std::move(found).value();
      if (held != Held::no && !best) best = std::move(found).value();
    }
    if (!again) return best;
  }
  return std::nullopt;
}

}  // namespace doorward
