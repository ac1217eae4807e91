// Notice of changes to logs that are followed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace doorward {

/// Says which of the added paths and patterns may have changed: written to, rotated, created,
/// deleted. Watches their folders by inotify, those that come later too, and for a symbolic link
/// the folder that it leads to. Without inotify all of them may always have changed.
///
/// A notice can be late or missing (network and user-space file systems), so look at everything
/// once a second all the same. For one thread; no allocation in steady state.
class PathWatch {
 public:
  struct Changed {
    std::size_t index = 0;  ///< as add() gave it
    bool names = false;     ///< something was created, deleted or renamed
  };

  /// `notify` false: no inotify (for tests).
  explicit PathWatch(bool notify = true);
  ~PathWatch();
  PathWatch(const PathWatch&) = delete;
  PathWatch& operator=(const PathWatch&) = delete;

  /// Gives 0, 1, 2 and so on.
  std::size_t add(const std::string& path_or_pattern);

  /// Can be read when take() has something; -1: there is no inotify.
  [[nodiscard]] int descriptor() const { return notify_; }
  /// What may have changed since the last call, each once. The first call gives all. Never waits.
  const std::vector<Changed>& take();

  /// Why some or all are only polled, in words; empty: none are.
  [[nodiscard]] const std::string& why_polling() const { return why_polling_; }

 private:
  struct Use {
    std::size_t index = 0;
    bool leaf = false;
    std::string name;  // the only one that concerns it; empty: as the entry says
  };
  struct Entry {
    std::string path;
    std::string stem;  // names of the log and of its rotations begin so; empty: a pattern
    bool changed = true;
    bool names = true;
    bool polled = false;  // not all of its folders are watched
  };

  void refresh();
  bool watch_folders();
  void read_notices();
  void notice(int watch, std::uint32_t mask, std::string_view name);
  [[nodiscard]] bool concerns(const Use& use, std::string_view name) const;
  void all_changed();

  int notify_ = -1;
  std::string why_polling_;
  std::vector<Entry> entries_;
  std::map<std::string, int> watches_;              // of folders
  std::unordered_map<int, std::vector<Use>> uses_;  // of watches
  bool stale_ = false;                              // folders came or went
  std::chrono::steady_clock::time_point refreshed_;
  std::vector<Changed> taken_;
};

}  // namespace doorward
