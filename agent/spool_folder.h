// New files in folders into which something else delivers: the spool of a cloud feed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sketch/result.h"

namespace doorward {

/// How to look; the times are for tests to shorten.
struct SpoolFolderOptions {
  bool notify = true;                             ///< inotify; false: look at all files every time
  std::chrono::milliseconds closed_for{500};      ///< a file that was closed after writing is whole
                                                  ///< then, unless it was renamed in between
  std::chrono::milliseconds unchanged_for{2000};  ///< a file that was merely found is whole when it
                                                  ///< did not change for so long
  std::chrono::milliseconds poll_every{5000};     ///< between two looks at everything, without
                                                  ///< inotify
  std::chrono::milliseconds rescan_every{60'000};  ///< and with it: shares and user-space file
                                                   ///< systems deliver without telling
};

/// Names each whole file that is in the folders or below, or comes to be there, once: files that
/// are closed after writing, moved or linked there, also in new folders. Names are passed over as
/// is_passed_over() says, so that a writer may use .NAME, NAME.tmp or NAME.part and rename.
///
/// A file is known by device, inode and time of birth: neither renaming it nor writing to it again
/// makes it another. On file systems that know no birth times the path stands for it; there, a file
/// that takes the inode and the name of one that was deleted is not seen as new.
///
/// Falls back to looking at all files when there are no more inotify watches. Fits an event loop:
/// wait for descriptor() or wait_ms(), then take(). For one thread.
class SpoolFolder {
 public:
  explicit SpoolFolder(std::vector<std::string> folders, const SpoolFolderOptions& options = {});
  ~SpoolFolder();
  SpoolFolder(const SpoolFolder&) = delete;
  SpoolFolder& operator=(const SpoolFolder&) = delete;

  /// Files that are new and whole, sorted by path; the first call gives those that were there.
  /// Never waits.
  std::vector<std::string> take();

  /// What tells one file from another (see above), also after a restart; nullopt: no regular file.
  static std::optional<std::uint64_t> identity_of(const std::string& path);
  /// Files that were named and are there, to be saved; and of such a list, one that is not to be
  /// named again. Before the first take().
  [[nodiscard]] std::vector<std::uint64_t> taken() const { return {taken_.begin(), taken_.end()}; }
  void remember(std::uint64_t identity) { taken_.insert(identity); }

  /// Can be read when take() may have something; -1: there is no such descriptor.
  [[nodiscard]] int descriptor() const { return notify_; }
  /// After how long take() wants to be called in any case.
  [[nodiscard]] int wait_ms() const;

  /// Why there is no inotify, in words; empty: there is, or none was wanted.
  [[nodiscard]] const std::string& why_polling() const { return why_polling_; }

  /// Folders that could not be read and files that were one too many (kFolderFilesMax), each told
  /// once; forgets them.
  std::vector<Error> take_errors();

 private:
  using Clock = std::chrono::steady_clock;
  struct Facts {
    std::uint64_t identity = 0;
    std::uint64_t bytes = 0;
    std::int64_t modified_ns = 0;
    bool linked = false;  // has another name
    friend bool operator==(const Facts&, const Facts&) = default;
  };
  // A file that is not known to be whole.
  struct Candidate {
    Clock::time_point look_at;
    Facts facts;
    bool closed = false;  // by who wrote it; else it has to stay unchanged
  };

  static bool read_facts(const std::string& path, Facts& facts);
  void scan();
  void scan_below(const std::string& folder, std::unordered_set<std::uint64_t>& seen, bool& whole);
  void found(const std::string& path, std::unordered_set<std::uint64_t>* seen);
  void closed(const std::string& path);
  void watch(const std::string& folder);
  void stop_notify(const std::string& why);
  void read_notices();
  void notice(std::uint32_t mask, const std::string& path);
  void forget_below(const std::string& folder);
  void take_file(const std::string& path, const Facts& facts, std::vector<std::string>& out);
  void note_error(const Error& error);

  std::vector<std::string> folders_;
  SpoolFolderOptions options_;
  int notify_ = -1;
  std::unordered_map<int, std::string> watched_;  // folders by watch
  std::map<std::string, Candidate> candidates_;
  std::unordered_set<std::uint64_t> taken_;  // identities of files that are there and were given
  std::unordered_set<std::string> told_;     // places of the errors that were told
  std::vector<Error> errors_;
  std::string why_polling_;
  Clock::time_point next_scan_{};
  bool first_ = true;
  bool full_ = false;
};

}  // namespace doorward
