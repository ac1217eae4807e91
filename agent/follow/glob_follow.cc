#include "agent/follow/glob_follow.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "agent/follow/path_pattern.h"

namespace doorward {
namespace {

constexpr std::int64_t kScanEveryMs = 1000;

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace

GlobFollow::GlobFollow(std::string pattern, FollowOptions options, Start first, HistoryLimit limit)
    : pattern_(std::move(pattern)), options_(std::move(options)), first_(first), limit_(limit) {}

std::int64_t GlobFollow::now_ms() const {
  if (options_.clock_ms) return options_.clock_ms();
  using std::chrono::steady_clock;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             steady_clock::now().time_since_epoch())
      .count();
}

void GlobFollow::resume(const std::string& path, const LogPosition& position) {
  saved_[path] = position;
}

bool GlobFollow::look(bool names) {
  bool more = false;
  const std::size_t known = logs_.size();
  if (!scanned_ || names || now_ms() - scanned_ms_ >= kScanEveryMs) {
    scan();
    more = logs_.size() != known;
  }
  for (const auto& log : logs_) more |= log->look();
  drop_gone();
  return more;
}

void GlobFollow::scan() {
  scanned_ms_ = now_ms();
  PatternMatches found;
  if (is_pattern(pattern_)) {
    found = match_pattern(pattern_);
    const std::vector<std::string> all = found.paths;
    std::erase_if(found.paths, [&](const std::string& path) {
      return looks_rotated(name_of(path)) || is_part(path, all);
    });
  } else {
    found.paths = {pattern_};
  }
  if (found.left_out > 0 && !std::exchange(told_folders_, true)) {
    errors_.push_back({pattern_, "names too many files or folders: not all are looked at"});
  }
  // What was followed may have been rotated and not be there yet.
  for (const auto& [path, position] : saved_) {
    if (!std::binary_search(found.paths.begin(), found.paths.end(), path) &&
        !parts_of_log(path, options_).empty()) {
      follow(path);
    }
  }
  left_out_ = 0;
  for (const std::string& path : found.paths) {
    if (by_path_.contains(path)) continue;
    if (logs_.size() >= kFollowedFilesMax) {
      ++left_out_;
    } else {
      follow(path);
    }
  }
  if (left_out_ > 0 && !std::exchange(told_left_out_, true)) {
    errors_.push_back({pattern_, "names more than " + std::to_string(kFollowedFilesMax) +
                                     " logs: " + std::to_string(left_out_) + " are not read"});
  }
  if (left_out_ == 0) told_left_out_ = false;
  std::erase_if(saved_, [&](const auto& saved) { return by_path_.contains(saved.first); });
  scanned_ = true;
}

/// Whether a path is a rotated sibling of one of these, or of what is followed.
bool GlobFollow::is_part(const std::string& path, const std::vector<std::string>& all) const {
  const std::string_view name = name_of(path);
  for (std::size_t i = path.size(); --i > path.size() - name.size();) {
    const std::string log = path.substr(0, i);
    if (rotated_name(name_of(log), name) &&
        (by_path_.contains(log) || std::binary_search(all.begin(), all.end(), log))) {
      return true;
    }
  }
  return false;
}

void GlobFollow::follow(const std::string& path) {
  if (logs_.size() >= kFollowedFilesMax) return;
  auto log = std::make_unique<LogFollower>(path, options_);
  const auto saved = saved_.find(path);
  if (saved != saved_.end()) {
    log->resume(saved->second);
  } else {
    log->begin_at(scanned_ ? Start::begin : first_, limit_);
  }
  by_path_[path] = log.get();
  logs_.push_back(std::move(log));
}

void GlobFollow::drop_gone() {
  if (!is_pattern(pattern_)) return;
  std::erase_if(logs_, [&](const std::unique_ptr<LogFollower>& log) {
    if (!log->gone()) return false;
    const FollowCounters& c = log->counters();
    dropped_counters_.add(c);
    std::vector<Error> errors = log->take_errors();
    errors_.insert(errors_.end(), std::make_move_iterator(errors.begin()),
                   std::make_move_iterator(errors.end()));
    dropped_.push_back(log->path());
    by_path_.erase(log->path());
    return true;
  });
}

std::vector<std::string> GlobFollow::take_dropped() {
  return std::exchange(dropped_, {});
}

std::vector<Error> GlobFollow::take_errors() {
  std::vector<Error> out = std::exchange(errors_, {});
  for (const auto& log : logs_) {
    std::vector<Error> errors = log->take_errors();
    out.insert(out.end(), std::make_move_iterator(errors.begin()),
               std::make_move_iterator(errors.end()));
  }
  return out;
}

}  // namespace doorward
