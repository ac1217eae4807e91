// One log that is read as it grows, whatever it lies in: a followed file, the journal, a folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "plugins/sources/source.h"
#include "plugins/state_archive.h"
#include "sketch/result.h"

namespace doorward {

/// What status and metrics say of a stream.
struct StreamStatus {
  std::string name;                ///< path, or "journald"
  std::string source;              ///< name of its source plugin; empty: not known yet
  std::uint64_t lines = 0;         ///< lines or records read since the start of the program
  std::uint64_t long_lines = 0;    ///< skipped for their length
  std::uint64_t lost = 0;          ///< places at which something could not be found again
  std::uint64_t bytes_behind = 0;  ///< not read yet, as far as that can be told
  TimeUs newest = kNoTime;         ///< stamp of the newest line
  bool present = false;            ///< there is something to read from
  bool caught_up = false;
};

/// Gives lines (or JSON records) one after the other and never waits. For one thread.
class LiveStream {
 public:
  virtual ~LiveStream() = default;

  /// The next line; nullopt: none for now. Good until the next call.
  virtual std::optional<std::string_view> next() = 0;
  /// Whether the line that next() gave is the first of another file, so that what is known of the
  /// file before (the year of its stamps) does not hold.
  virtual bool began_file() = 0;
  /// Modification time of the file that next() reads; kNoTime: not known.
  [[nodiscard]] virtual TimeUs modified() const = 0;
  /// Something may have happened (a notice, or a second has passed): next() may have more.
  virtual void look() = 0;
  /// next() gave nothing because nothing is left, not because it has done enough for one call.
  [[nodiscard]] virtual bool at_end() const { return true; }
  /// After how long look() wants to be called, in milliseconds.
  [[nodiscard]] virtual int wait_ms() const { return kLookAtLeastMs; }
  static constexpr int kLookAtLeastMs = 1000;

  /// There is a file (or journal) to read.
  [[nodiscard]] virtual bool present() const = 0;

  /// How files are cut, for streams that can; before the first next().
  virtual void frame(Framing framing) { (void)framing; }

  /// The first bytes of what is to be read, to tell its kind by; empty while there is nothing.
  virtual std::string head() = 0;
  /// Where one is, just behind what next() gave last.
  virtual void save(StateWriter& out) const = 0;
  /// Goes on there; before the first next(). After a mistake (in.ok()) as if it had not been
  /// called.
  virtual void load(StateReader& in) = 0;

  /// "file:12" of what next() gave last, for messages.
  [[nodiscard]] virtual std::string place() const = 0;
  /// Everything but source, newest and caught_up.
  [[nodiscard]] virtual StreamStatus status() const = 0;
  /// What could not be read, each told once; forgets them.
  virtual std::vector<Error> take_errors() = 0;
};

}  // namespace doorward
