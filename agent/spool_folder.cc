#include "agent/spool_folder.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <system_error>
#include <utility>

#include "agent/folder_files.h"
#include "agent/limits.h"

namespace doorward {
namespace {

constexpr std::uint32_t kNotices =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_ONLYDIR;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = (a ^ (b + 0x9E3779B97F4A7C15ULL + (a << 6U) + (a >> 2U)));
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

}  // namespace

SpoolFolder::SpoolFolder(std::vector<std::string> folders, const SpoolFolderOptions& options)
    : folders_(std::move(folders)), options_(options) {
  if (!options_.notify) return;
  notify_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (notify_ < 0) stop_notify(std::system_category().message(errno));
}

SpoolFolder::~SpoolFolder() {
  if (notify_ >= 0) close(notify_);
}

bool SpoolFolder::read_facts(const std::string& path, Facts& facts) {
  struct statx got {};
  if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &got) !=
          0 ||
      !S_ISREG(got.stx_mode)) {
    return false;
  }
  const auto nanoseconds = [](const statx_timestamp& time) {
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
  };
  const std::uint64_t device = (std::uint64_t{got.stx_dev_major} << 32U) | got.stx_dev_minor;
  const std::uint64_t born = (got.stx_mask & STATX_BTIME) != 0
                                 ? static_cast<std::uint64_t>(nanoseconds(got.stx_btime))
                                 : std::hash<std::string>{}(path);
  facts.identity = mix(mix(device, got.stx_ino), born);
  facts.bytes = got.stx_size;
  facts.modified_ns = nanoseconds(got.stx_mtime);
  facts.linked = got.stx_nlink > 1;
  return true;
}

std::optional<std::uint64_t> SpoolFolder::identity_of(const std::string& path) {
  Facts facts;
  if (!read_facts(path, facts)) return std::nullopt;
  return facts.identity;
}

void SpoolFolder::note_error(const Error& error) {
  if (told_.size() < kNamedErrorsMax && told_.insert(error.where).second) errors_.push_back(error);
}

std::vector<Error> SpoolFolder::take_errors() {
  return std::exchange(errors_, {});
}

void SpoolFolder::stop_notify(const std::string& why) {
  if (notify_ >= 0) close(notify_);
  notify_ = -1;
  watched_.clear();
  next_scan_ = {};
  why_polling_ = why;
}

void SpoolFolder::watch(const std::string& folder) {
  if (notify_ < 0) return;
  const int watch = inotify_add_watch(notify_, folder.c_str(), kNotices);
  if (watch >= 0) {
    watched_[watch] = folder;
  } else if (errno == ENOSPC || errno == ENOMEM) {
    stop_notify("no more watches (fs.inotify.max_user_watches)");
  }
  // Anything else is told by who reads the folder.
}

/// Looks at everything, and forgets what is gone.
void SpoolFolder::scan() {
  const Clock::time_point begin = Clock::now();
  std::unordered_set<std::uint64_t> seen;
  bool whole = true;
  for (const std::string& folder : folders_) scan_below(folder, seen, whole);
  if (whole) {
    std::erase_if(taken_, [&](std::uint64_t identity) { return !seen.contains(identity); });
    full_ = taken_.size() >= kFolderFilesMax;
  }
  const Clock::time_point end = Clock::now();
  // A spool of very many files is not looked through all the time.
  const auto pause = notify_ >= 0 ? options_.rescan_every : options_.poll_every;
  next_scan_ = end + std::max<Clock::duration>(pause, (end - begin) * 20);
}

void SpoolFolder::scan_below(const std::string& folder, std::unordered_set<std::uint64_t>& seen,
                             bool& whole) {
  std::vector<std::string> folders = {folder};
  while (!folders.empty()) {
    const std::string next = std::move(folders.back());
    folders.pop_back();
    // First watch, then look: what comes in between is seen twice, not never.
    watch(next);
    Result<FolderEntries> entries = list_folder(next);
    if (!entries) {
      whole = false;
      note_error(entries.error());
      continue;
    }
    for (const std::string& file : entries.value().files) found(file, &seen);
    for (std::string& below : entries.value().folders) folders.push_back(std::move(below));
  }
}

/// A file that is there; who knows whether somebody is still writing to it.
void SpoolFolder::found(const std::string& path, std::unordered_set<std::uint64_t>* seen) {
  Facts facts;
  if (!read_facts(path, facts)) return;
  if (seen != nullptr) seen->insert(facts.identity);
  if (taken_.contains(facts.identity)) return;
  candidates_.try_emplace(path, Candidate{Clock::now() + options_.unchanged_for, facts, false});
}

void SpoolFolder::closed(const std::string& path) {
  Facts facts;
  if (!read_facts(path, facts) || taken_.contains(facts.identity)) return;
  candidates_.insert_or_assign(path, Candidate{Clock::now() + options_.closed_for, facts, true});
}

void SpoolFolder::read_notices() {
  alignas(inotify_event) std::array<char, std::size_t{64} * 1024> buffer;
  while (notify_ >= 0) {
    const ssize_t got = read(notify_, buffer.data(), buffer.size());
    if (got <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got) && notify_ >= 0;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        next_scan_ = {};
        continue;
      }
      const auto folder = watched_.find(event.wd);
      if (folder == watched_.end()) continue;
      if ((event.mask & IN_IGNORED) != 0) {
        watched_.erase(folder);
        continue;
      }
      if (event.len == 0 || is_passed_over(name)) continue;
      const std::string& in = folder->second;
      notice(event.mask, in.ends_with('/') ? in + name : in + "/" + name);
    }
  }
}

void SpoolFolder::notice(std::uint32_t mask, const std::string& path) {
  if ((mask & IN_ISDIR) != 0) {
    if ((mask & IN_MOVED_FROM) != 0) forget_below(path);
    if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
      std::unordered_set<std::uint64_t> seen;
      bool whole = true;
      scan_below(path, seen, whole);
    }
    return;
  }
  if ((mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) {
    closed(path);
  } else if ((mask & IN_MOVED_FROM) != 0) {
    candidates_.erase(path);
  } else if (Facts facts; read_facts(path, facts) && facts.linked) {
    // Made by link(2): nobody will close it.
    found(path, nullptr);
  }
}

/// A folder was moved away: its watches would name files by paths that are no more.
void SpoolFolder::forget_below(const std::string& folder) {
  const std::string prefix = folder + "/";
  std::vector<int> gone;
  for (const auto& [watch, path] : watched_) {
    if (path == folder || path.starts_with(prefix)) gone.push_back(watch);
  }
  for (const int watch : gone) {
    inotify_rm_watch(notify_, watch);
    watched_.erase(watch);
  }
  std::erase_if(candidates_, [&](const auto& one) { return one.first.starts_with(prefix); });
}

std::vector<std::string> SpoolFolder::take() {
  std::vector<std::string> out;
  read_notices();
  if (Clock::now() >= next_scan_) scan();
  const Clock::time_point now = Clock::now();
  // What was there at the start and is not being written to needs no second look.
  struct timespec wall {};
  clock_gettime(CLOCK_REALTIME, &wall);
  const std::int64_t settled_ns =
      wall.tv_sec * 1'000'000'000 + wall.tv_nsec -
      std::chrono::duration_cast<std::chrono::nanoseconds>(options_.unchanged_for).count();
  for (auto at = candidates_.begin(); at != candidates_.end();) {
    Candidate& candidate = at->second;
    const bool old = first_ && candidate.facts.modified_ns < settled_ns;
    if (!old && candidate.look_at > now) {
      ++at;
      continue;
    }
    Facts facts;
    if (read_facts(at->first, facts)) {
      if (facts != candidate.facts) {
        candidate.facts = facts;
        candidate.look_at = now + (candidate.closed ? options_.closed_for : options_.unchanged_for);
        ++at;
        continue;
      }
      take_file(at->first, facts, out);
    }
    at = candidates_.erase(at);
  }
  first_ = false;
  return out;
}

void SpoolFolder::take_file(const std::string& path, const Facts& facts,
                            std::vector<std::string>& out) {
  if (full_ || taken_.size() >= kFolderFilesMax) {
    full_ = true;
    note_error({path, "not read: more than " + std::to_string(kFolderFilesMax) +
                          " files in the spool; delete old ones"});
    return;
  }
  if (taken_.insert(facts.identity).second) out.push_back(path);
}

int SpoolFolder::wait_ms() const {
  Clock::time_point next = next_scan_;
  for (const auto& [path, candidate] : candidates_) next = std::min(next, candidate.look_at);
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now()).count() + 1;
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace doorward
