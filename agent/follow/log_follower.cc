#include "agent/follow/log_follower.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace doorward {
namespace {

constexpr int kLookEveryMs = 1000;

}  // namespace

LogFollower::LogFollower(std::string path, FollowOptions options)
    : path_(std::move(path)), options_(std::move(options)) {}

std::int64_t LogFollower::now_ms() const {
  if (options_.clock_ms) return options_.clock_ms();
  using std::chrono::steady_clock;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             steady_clock::now().time_since_epoch())
      .count();
}

void LogFollower::tell(const std::string& where, const std::string& what) {
  Error error{where, what};
  std::string message = error.message();
  if (std::find(told_.begin(), told_.end(), message) != told_.end()) return;
  if (told_.size() == kFollowErrorsMax) told_.erase(told_.begin());
  told_.push_back(std::move(message));
  ++counters_.errors;
  if (errors_.size() < kFollowErrorsMax) errors_.push_back(std::move(error));
}

void LogFollower::gap(const std::string& why, std::uint64_t bytes) {
  ++counters_.gaps;
  counters_.lost_bytes += bytes;
  std::string words = why;
  if (bytes > 0) words += ", " + std::to_string(bytes) + " bytes lost";
  ++counters_.errors;
  if (errors_.size() < kFollowErrorsMax) errors_.push_back({path_, std::move(words)});
}

std::vector<Error> LogFollower::take_errors() {
  return std::exchange(errors_, {});
}

std::optional<std::string_view> LogFollower::next() {
  began_file_ = false;
  at_end_ = false;
  if (!file_.is_open()) {
    at_end_ = true;
    return std::nullopt;
  }
  if (restart_) {
    if (auto line = last_line()) return line;
    restart();
  }
  for (int blocks = 0; file_.is_open();) {
    std::string_view held = buffer_.held();
    if (!skipping_ && scanned_ == 0 && !held.empty() && held.front() == '\0') {
      const std::size_t nul = std::min(held.find_first_not_of('\0'), held.size());
      counters_.nul_bytes += nul;
      buffer_.consume(nul);
      held = buffer_.held();
      if (held.empty()) skip_holes();
    }
    const auto* newline = held.size() > scanned_
                              ? static_cast<const char*>(std::memchr(held.data() + scanned_, '\n',
                                                                     held.size() - scanned_))
                              : nullptr;
    if (newline != nullptr) {
      const auto size = static_cast<std::size_t>(newline - held.data());
      if (auto line = take_line(size, size + 1)) return line;
      continue;
    }
    if (!skipping_ && held.size() > kLineBytesMax) {
      skip_from_ = position_here();
      skipping_ = true;
    }
    if (skipping_) buffer_.consume(held.size());
    scanned_ = buffer_.held().size();
    if (blocks++ == kBlocksPerCall) return std::nullopt;
    switch (fill()) {
      case Filled::bytes:
        break;
      case Filled::changed:
        file_changed();
        if (!restart_) break;
        if (auto line = last_line()) return line;
        restart();
        break;
      case Filled::nothing:
        if (!finish_) {
          if (!is_log_) look_at_file();
          if (restart_) return next();
          if (finish_ || buffer_.end_offset() < facts_.size) break;
          buffer_.trim();
          at_end_ = true;
          return std::nullopt;
        }
        if (auto line = last_line()) return line;
        if (!go_over()) {
          at_end_ = true;
          return std::nullopt;
        }
        break;
      case Filled::failed:
        if (!finish_) {
          at_end_ = true;
          return std::nullopt;
        }
        buffer_.consume(buffer_.held().size());  // half a line is none
        skipping_ = uncounted_ = false;
        go_over();
        break;
    }
  }
  at_end_ = true;
  return std::nullopt;
}

/// Takes a line off what is held; nullopt: it was to be skipped.
std::optional<std::string_view> LogFollower::take_line(std::size_t size, std::size_t used) {
  const char* from = buffer_.held().data();
  buffer_.consume(used);
  scanned_ = 0;
  ++line_;
  if (skipping_ || size > kLineBytesMax) {
    if (!uncounted_) ++counters_.long_lines;
    skipping_ = uncounted_ = false;
    return std::nullopt;
  }
  if (size > 0 && from[size - 1] == '\r') --size;
  ++counters_.lines;
  began_file_ = std::exchange(first_of_file_, false);
  return std::string_view(from, size);
}

/// What is left when no newline will come any more.
std::optional<std::string_view> LogFollower::last_line() {
  const std::size_t left = buffer_.held().size();
  if (left == 0 && !skipping_) return std::nullopt;
  return take_line(left, left);
}

LogFollower::Filled LogFollower::fill() {
  char* to = buffer_.room();
  const std::uint64_t at = buffer_.end_offset();
  LogFile::Got got = file_.read(at, buffer_.before_end(), to, kReadBytes);
  if (got.changed) return Filled::changed;
  if (!got.fault.empty()) {
    if (!file_.is_gzip()) {
      tell(reading_, got.fault);
      return Filled::failed;
    }
    if (got.bytes == 0) {
      gap(reading_ + " cannot be read further: " + got.fault, 0);
      finish_ = true;
      return Filled::failed;
    }
  }
  // What is known of the file's begin has to be there still.
  const std::string_view head = buffer_.head();
  if (at < head.size() && !file_.is_gzip()) {
    const std::string_view known = head.substr(at);
    const std::string_view seen(to, std::min(got.bytes, known.size()));
    if (seen.size() < known.size() || seen != known) return Filled::changed;
  }
  if (got.bytes == 0) return Filled::nothing;
  // There was next to nothing when last looked at; what was written since may have been rotated
  // away, and this be the next that begins the same.
  if (head.size() < Fingerprint::kShort[0] && at + got.bytes > head.size() && !file_.is_gzip()) {
    return Filled::changed;
  }
  buffer_.add(got.bytes);
  grew_ms_ = now_ms();
  return Filled::bytes;
}

/// A hole can be larger than all disks: it is not read.
void LogFollower::skip_holes() {
  const std::uint64_t at = buffer_.offset();
  const std::uint64_t data = file_.data_from(at);
  if (data < at + kReadBytes) return;
  std::string before;
  if (!file_.skip_to(data, before)) return;
  const std::string head(buffer_.head());
  if (head.size() < kFingerprintBytes || !buffer_.begin_at(data, before, head)) return;
  counters_.nul_bytes += data - at;
}

LogPosition LogFollower::position_here() const {
  LogPosition at;
  at.file = facts_.id;
  at.modified = facts_.modified;
  if (restart_) return at;
  at.offset = buffer_.offset();
  at.fingerprint = Fingerprint::of(buffer_.head());
  at.before_bytes = static_cast<std::uint32_t>(buffer_.before().size());
  at.before_hash = hash_of_bytes(buffer_.before());
  at.line = line_;
  return at;
}

LogPosition LogFollower::position() const {
  if (!file_.is_open()) return last_.value_or(LogPosition{});
  return skipping_ && !restart_ ? skip_from_ : position_here();
}

std::uint64_t LogFollower::bytes_behind() const {
  std::uint64_t behind = newer_bytes_;
  if (file_.is_open() && !file_.is_gzip() && facts_.size > buffer_.offset()) {
    behind += facts_.size - buffer_.offset();
  }
  return behind;
}

int LogFollower::wait_ms() const {
  if (!started_) return 0;
  if (!file_.is_open() || is_log_ || finish_) return kLookEveryMs;
  // A rotated file: soon it will be settled.
  const std::int64_t left = grew_ms_ + options_.settle.count() - now_ms();
  if (left < 0) return kLookEveryMs;
  return static_cast<int>(std::min<std::int64_t>(kLookEveryMs, left + 1));
}

}  // namespace doorward
