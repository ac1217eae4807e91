#include "agent/follow/path_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "agent/follow/path_pattern.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kNames = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t kFolderGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;
constexpr std::uint32_t kOfFolders =
    kNames | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD;
constexpr std::uint32_t kOfFiles = kOfFolders | IN_MODIFY;
constexpr std::chrono::seconds kRefreshEvery{10};  // links may lead elsewhere by now
constexpr int kReadsMax = 64;                      // in one take(); the rest at the next
constexpr int kLooksMax = 5;

/// What the names of a log and of its rotations begin with.
std::string stem_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

}  // namespace

PathWatch::PathWatch(bool notify) {
  if (!notify) {
    why_polling_ = "inotify is not wanted";
    return;
  }
  notify_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (notify_ < 0) why_polling_ = "no inotify: " + errno_words();
}

PathWatch::~PathWatch() {
  if (notify_ >= 0) close(notify_);
}

std::size_t PathWatch::add(const std::string& path_or_pattern) {
  Entry entry;
  entry.path = path_or_pattern;
  if (!is_pattern(path_or_pattern)) entry.stem = stem_of(path_or_pattern);
  entry.polled = notify_ < 0;
  entries_.push_back(std::move(entry));
  taken_.reserve(entries_.size());
  stale_ = true;
  return entries_.size() - 1;
}

const std::vector<PathWatch::Changed>& PathWatch::take() {
  if (notify_ >= 0) {
    read_notices();
    if (stale_ || Clock::now() - refreshed_ >= kRefreshEvery) refresh();
  }
  taken_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.changed || entry.polled) taken_.push_back({i, entry.names || entry.polled});
    entry.changed = entry.names = false;
  }
  return taken_;
}

/// Until nothing new is found: a folder may be made between looking and watching.
void PathWatch::refresh() {
  for (int i = 0; i < kLooksMax && watch_folders(); ++i) {
  }
  stale_ = false;
  refreshed_ = Clock::now();
}

/// Watches what the entries need now and nothing else. True: there was something new.
bool PathWatch::watch_folders() {
  std::map<std::string, std::vector<Use>> wanted;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const PatternMatches found = match_pattern(entries_[i].path);
    for (const PatternMatches::Folder& folder : found.folders) {
      wanted[folder.path].push_back({i, folder.leaf, folder.name});
    }
    entries_[i].polled = found.left_out > 0;
    if (found.left_out > 0) why_polling_ = entries_[i].path + " names too many folders to watch";
    if (is_pattern(entries_[i].path)) continue;
    const std::unique_ptr<char, void (*)(void*)> real(realpath(entries_[i].path.c_str(), nullptr),
                                                      std::free);
    if (!real || entries_[i].path == real.get()) continue;
    const std::string path = real.get();
    const std::size_t slash = path.rfind('/');
    wanted[path.substr(0, std::max<std::size_t>(slash, 1))].push_back(
        {i, true, path.substr(slash + 1)});
  }
  bool fresh = false;
  std::map<std::string, int> watches;
  std::unordered_map<int, std::vector<Use>> uses;
  for (auto& [folder, users] : wanted) {
    const bool files =
        std::any_of(users.begin(), users.end(), [](const Use& use) { return use.leaf; });
    const int watch = inotify_add_watch(notify_, folder.c_str(), files ? kOfFiles : kOfFolders);
    if (watch < 0) {
      // One that is gone is looked for again; for want of watches its users are polled.
      const bool gone = errno == ENOENT || errno == ENOTDIR;
      if (!gone) why_polling_ = "cannot watch " + folder + ": " + errno_words();
      for (const Use& use : users) entries_[use.index].polled = true;
      continue;
    }
    watches[folder] = watch;
    const auto before = watches_.find(folder);
    if (before == watches_.end() || before->second != watch) {
      fresh = true;
      for (const Use& use : users) {
        entries_[use.index].changed = entries_[use.index].names = true;
      }
    }
    std::vector<Use>& all = uses[watch];
    all.insert(all.end(), std::make_move_iterator(users.begin()),
               std::make_move_iterator(users.end()));
  }
  for (const auto& [folder, watch] : watches_) {
    if (!uses.contains(watch)) inotify_rm_watch(notify_, watch);
  }
  watches_ = std::move(watches);
  uses_ = std::move(uses);
  const bool any = std::any_of(entries_.begin(), entries_.end(),
                               [](const Entry& entry) { return entry.polled; });
  if (!any) why_polling_.clear();
  return fresh;
}

void PathWatch::read_notices() {
  alignas(inotify_event) std::array<char, std::size_t{16} * 1024> buffer;
  for (int i = 0; i < kReadsMax; ++i) {
    const ssize_t got = read(notify_, buffer.data(), buffer.size());
    if (got <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      notice(event.wd, event.mask, {name, strnlen(name, event.len)});
      at += sizeof event + event.len;
    }
  }
}

void PathWatch::notice(int watch, std::uint32_t mask, std::string_view name) {
  if ((mask & IN_Q_OVERFLOW) != 0) return all_changed();
  const auto uses = uses_.find(watch);
  if (uses == uses_.end()) return;  // of a watch that was taken back
  if ((mask & kFolderGone) != 0) {
    stale_ = true;
    if ((mask & IN_IGNORED) != 0) {  // the number may come again for another folder
      std::erase_if(watches_, [&](const auto& entry) { return entry.second == watch; });
    }
  }
  for (const Use& use : uses->second) {
    Entry& entry = entries_[use.index];
    if ((mask & kFolderGone) != 0) entry.changed = entry.names = true;
    if (!use.leaf) {
      const bool other = !use.name.empty() && name != use.name;
      if ((mask & (kNames | IN_ATTRIB)) != 0 && !other) stale_ = true;
    } else if (concerns(use, name)) {
      entry.changed = true;
      if ((mask & kNames) != 0) entry.names = true;
      // Made again it may be a link that leads elsewhere.
      if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0 && name.size() <= entry.path.size() &&
          entry.path.ends_with(name)) {
        stale_ = true;
      }
    }
  }
  if ((mask & IN_IGNORED) != 0) uses_.erase(uses);
}

bool PathWatch::concerns(const Use& use, std::string_view name) const {
  if (!use.name.empty()) return name.starts_with(use.name);
  const Entry& entry = entries_[use.index];
  return entry.stem.empty() || name.starts_with(entry.stem);
}

/// Notices were lost.
void PathWatch::all_changed() {
  stale_ = true;
  for (Entry& entry : entries_) entry.changed = entry.names = true;
}

}  // namespace doorward
