// All logs that a pattern names.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/follow/log_follower.h"

namespace doorward {

/// Follows each log that /var/log/remote/*/auth.log (glob(7)) names, also those that come later,
/// until they are gone. At most kFollowedFilesMax. Names that look rotated (auth.log.1,
/// auth.log-20261120.gz) are taken for siblings of a log, never for logs. A path without wildcards
/// is followed whether it is there or not.
///
///     GlobFollow logs(pattern, options, Start::now);
///     for (auto& [path, position] : saved) logs.resume(path, position);
///     for (;;) {
///       logs.look(names_changed);
///       for (const auto& log : logs.logs()) while (auto line = log->next()) ...
///     }
class GlobFollow {
 public:
  /// `first` holds for the logs that are there at the first look() and are not resumed; those that
  /// come later are read from their begin. After a restart it should be Start::begin, since what is
  /// not resumed then came while nobody looked.
  explicit GlobFollow(std::string pattern, FollowOptions options = {}, Start first = Start::begin,
                      HistoryLimit limit = {});

  /// Before the first look(): where to go on in a log, once it is there. A log whose rotated
  /// siblings are all there is of it counts as there.
  void resume(const std::string& path, const LogPosition& position);

  /// Looks at every log, and for new and gone ones when `names` may have changed or a second went
  /// by. True: some next() may give something. Logs that are gone are dropped here and nowhere
  /// else. Costs about 3 us a log.
  bool look(bool names = false);

  /// Those that are followed, in the order in which they came. Good until the next look().
  [[nodiscard]] const std::vector<std::unique_ptr<LogFollower>>& logs() const { return logs_; }
  /// Paths of those dropped since the last call.
  std::vector<std::string> take_dropped();
  /// Matching logs that are not followed, since there are too many.
  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  /// Counters of those that were dropped.
  [[nodiscard]] const FollowCounters& dropped_counters() const { return dropped_counters_; }
  /// Of all logs.
  std::vector<Error> take_errors();
  [[nodiscard]] const std::string& pattern() const { return pattern_; }

 private:
  void scan();
  void follow(const std::string& path);
  [[nodiscard]] bool is_part(const std::string& path, const std::vector<std::string>& all) const;
  void drop_gone();
  [[nodiscard]] std::int64_t now_ms() const;

  const std::string pattern_;
  const FollowOptions options_;
  const Start first_;
  const HistoryLimit limit_;
  bool scanned_ = false;
  std::int64_t scanned_ms_ = 0;
  std::map<std::string, LogPosition> saved_;  // not yet taken up
  std::map<std::string, LogFollower*, std::less<>> by_path_;
  std::vector<std::unique_ptr<LogFollower>> logs_;
  std::vector<std::string> dropped_;
  FollowCounters dropped_counters_;
  std::size_t left_out_ = 0;
  bool told_left_out_ = false;
  bool told_folders_ = false;
  std::vector<Error> errors_;
};

}  // namespace doorward
