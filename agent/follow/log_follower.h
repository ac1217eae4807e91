// The lines of a log as they are written, through all its rotations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/follow/line_buffer.h"
#include "agent/follow/locate.h"
#include "agent/follow/log_file.h"
#include "agent/follow/log_position.h"
#include "sketch/result.h"

namespace doorward {

/// What was read, skipped and lost.
struct FollowCounters {
  std::uint64_t lines = 0;        ///< given
  std::uint64_t long_lines = 0;   ///< skipped, longer than kLineBytesMax
  std::uint64_t nul_bytes = 0;    ///< skipped at the begin of lines (holes, blocks never written)
  std::uint64_t rotations = 0;    ///< times that reading went on in another file
  std::uint64_t truncations = 0;  ///< times that a file was cut and no copy of what was had
  std::uint64_t gaps = 0;         ///< times that something is missing, or may be
  std::uint64_t lost_bytes = 0;   ///< of those, as far as is known
  std::uint64_t errors = 0;       ///< told or not

  void add(const FollowCounters& other) {
    lines += other.lines;
    long_lines += other.long_lines;
    nul_bytes += other.nul_bytes;
    rotations += other.rotations;
    truncations += other.truncations;
    gaps += other.gaps;
    lost_bytes += other.lost_bytes;
    errors += other.errors;
  }
};

/// Follows one log and its rotated siblings (docs/following.md): every line once, in order. For one
/// thread. Never waits, but for inflating a .gz up to a position in resume().
///
///     LogFollower log("/var/log/auth.log");
///     log.resume(saved);                           // or begin_at(Start::now)
///     for (;;) {
///       while (auto line = log.next()) feed(*line);
///       poll(...log.wait_ms());
///       log.look();
///     }
class LogFollower {
 public:
  /// The file may be missing, and come later.
  explicit LogFollower(std::string path, FollowOptions options = {});
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;

  /// Once, before the first next(). A file that is not there yet is read from its begin.
  void begin_at(Start start, const HistoryLimit& limit = {});
  /// Goes on at a position of this log: in whichever file now holds what was read, then in the
  /// newer ones. When none does, that is a gap, and the oldest file that was changed after the
  /// position is the first. An unknown position is Start::begin.
  void resume(const LogPosition& position);

  /// The next whole line without its newline ("\r\n" loses both); nullopt: nothing for now, and
  /// when at_end() is false call again soon. The view is good until the next call. What follows a
  /// file's last newline is a line once the file is left for good. NUL bytes at the begin of a line
  /// are no part of it.
  std::optional<std::string_view> next();
  /// The line that next() just gave is the first from its file.
  [[nodiscard]] bool began_file() const { return began_file_; }

  /// Just behind what next() gave last; not known() before there was a file. A hash of at most
  /// 1.3 KiB.
  [[nodiscard]] LogPosition position() const;

  /// Looks for growth and rotation: on notice and when wait_ms() is over. True: call next().
  bool look();
  /// After how long look() wants to be called, in milliseconds.
  [[nodiscard]] int wait_ms() const;

  /// next() came to the end of what can be read now. bytes_behind() may still count a newer file,
  /// while a rotated one has to settle.
  [[nodiscard]] bool at_end() const { return at_end_; }
  /// Nothing is open and the log is not there.
  [[nodiscard]] bool gone() const { return !file_.is_open() && !log_is_there_; }
  /// Bytes on disk that were not given, of the file and of newer ones, as of the last look().
  [[nodiscard]] std::uint64_t bytes_behind() const;
  [[nodiscard]] const FollowCounters& counters() const { return counters_; }
  /// What went wrong since the last call, the same thing once.
  std::vector<Error> take_errors();

  [[nodiscard]] const std::string& path() const { return path_; }  ///< of the log
  /// The name under which the file being read was opened; empty: none is open.
  [[nodiscard]] const std::string& reading() const { return reading_; }
  [[nodiscard]] std::uint64_t line_number() const { return line_; }  ///< in it, from 1
  /// When the file being read was last changed, as of the last look(); 0: none was open yet.
  [[nodiscard]] TimeUs modified() const { return facts_.modified; }

 private:
  enum class Filled { bytes, nothing, changed, failed };

  [[nodiscard]] std::int64_t now_ms() const;
  void tell(const std::string& where, const std::string& what);
  void gap(const std::string& why, std::uint64_t bytes);

  // next()
  std::optional<std::string_view> take_line(std::size_t size, std::size_t used);
  Filled fill();
  void skip_holes();
  std::optional<std::string_view> last_line();
  [[nodiscard]] LogPosition position_here() const;

  // rotation
  bool open_first(const std::vector<LogPart>& parts, std::size_t from);
  void take(Found found);
  void restart();
  bool look_for_file();
  bool look_at_file();
  bool newer_part_has_bytes();
  void file_changed();
  bool go_over();
  void let_go();
  bool open_after(const LogPosition& lost);

  const std::string path_;
  const FollowOptions options_;

  // The file being read.
  LogFile file_;
  std::string reading_;
  FileFacts facts_;  // as of the last look
  LineBuffer buffer_;
  std::uint64_t line_ = 0;
  std::size_t scanned_ = 0;  // of what is held, without a newline
  bool first_of_file_ = true;
  bool began_file_ = false;
  bool skipping_ = false;         // inside a line that is too long or was begun before
  bool uncounted_ = false;        // and it is the latter
  LogPosition skip_from_;         // where that line begins
  bool is_log_ = false;           // path_ names it
  bool siblings_follow_ = false;  // there are newer rotated files
  bool finish_ = false;           // leave it at its end
  bool restart_ = false;          // begin again at its first byte
  std::int64_t grew_ms_ = 0;
  std::int64_t left_ms_ = 0;  // when it was seen to have been rotated
  std::uint64_t newer_bytes_ = 0;
  TimeUs newest_as_of_ = 0;  // change of the folder since which no sibling is newer; 0: unknown

  // While none is.
  bool started_ = false;
  bool log_is_there_ = false;
  std::optional<LogPosition> last_;  // where to go on
  bool last_is_end_ = false;         // and that file was read to its end

  bool at_end_ = false;
  FollowCounters counters_;
  std::vector<Error> errors_;
  std::vector<std::string> told_;  // since the last file was opened, not to be told again
};

}  // namespace doorward
