// The interface of a source: bytes and event time come in, events go out. No files, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/event.h"
#include "plugins/state_archive.h"
#include "plugins/timezone.h"

namespace doorward {

/// What a source is told at the start.
struct SourceOptions {
  TimeZone zone;  ///< zone of stamps that name none (RFC 3164, local ISO 8601)
  std::string
      host_name;  ///< host.name of lines that name none (audit.log without node=); may be empty
};

/// What one input file adds: state that belongs to the file and not to the source, since several
/// files (rotations, hosts) are read by one source. Owned by the reader.
struct InputState {
  /// Year of the newest stamp so far, for stamps without one. Set from --year (the year of the
  /// file's first line) or the file's modification time (`year_is_of_end`: the year of its last
  /// line).
  int year = 1970;
  bool year_is_of_end = false;
  /// Modification time of the file; kNoTime when unknown. With year_is_of_end, no stamp of the file
  /// is later than this by more than a day.
  TimeUs end_time = kNoTime;
  /// Month (1..12) and day of the last stamp that bore no year; 0 before the first.
  int last_month = 0;
  int last_day = 0;
};

/// Where a line's own text begins and when it was written.
struct Stamp {
  TimeUs time = kNoTime;     ///< kNoTime: the line bears no readable stamp
  std::uint32_t length = 0;  ///< bytes of the line that the stamp took
};

/// Why lines gave no event, for the summary. A line counts in at most one of them.
struct SourceCounters {
  std::uint64_t lines = 0;           ///< lines fed
  std::uint64_t other = 0;           ///< well formed, of no interest (cron, kernel records, ...)
  std::uint64_t no_stamp = 0;        ///< no readable time stamp
  std::uint64_t malformed = 0;       ///< of interest by its head, but not readable to the end
  std::uint64_t cut_fields = 0;      ///< fields longer than kHeldFieldBytesMax, cut
  std::uint64_t closed_early = 0;    ///< attempts closed because kOpenAttemptsMax were open
  std::uint64_t untrusted = 0;       ///< names a logon program, but was not surely written by it
  std::uint64_t repeats_capped = 0;  ///< "repeated N times" with N above kRepeatMax
};

/// For state that is saved: both ways, see plugins/state_archive.h.
template <class Archive, class Counters>
void archive_counters(Archive& a, Counters& counters) {
  a(counters.lines, counters.other, counters.no_stamp, counters.malformed, counters.cut_fields,
    counters.closed_early, counters.repeats_capped, counters.untrusted);
}

class Source {
 public:
  virtual ~Source() = default;

  /// The stamp of a line. Call once for every line of a file, in the file's order: years are
  /// inferred from the order of months. Does not allocate.
  virtual Stamp stamp(std::string_view line, InputState& input) = 0;

  /// Takes one line (without its newline, at most kLineBytesMax) with the stamp that stamp() gave.
  /// With Framing::json_records it is one JSON object from '{' to '}', at most kRecordBytesMax, of
  /// balanced brackets but otherwise unchecked, and kRecordPadding bytes behind it can be read. Its
  /// bytes may lie elsewhere than when stamp() saw them. Then
  /// hands every event that is now certain to `sink`. Overdue attempts (kAttemptTimeMaxUs behind
  /// the newest stamp) are closed here as well. Never blocks; does not allocate in steady state.
  /// Any bytes are allowed.
  virtual void feed(std::string_view line, const Stamp& stamp, EventSink& sink) = 0;

  /// Event time is now at least `now` (microseconds), although no line came: closes what is
  /// overdue, as feed() of a line with that stamp does. Nothing happens when lines have told of a
  /// later time, or `now` is kNoTime.
  virtual void advance(TimeUs now, EventSink& sink) = 0;

  /// What is open and remembered, the counters too, for another source of the same kind and options
  /// to go on with exactly as this one would have. Owned by nobody but the bytes.
  virtual void save(StateWriter& out) const = 0;
  /// Takes up what save() wrote, before the first feed(). After a mistake, which in.ok() tells,
  /// this is empty as at first. Trusts nothing: what is read can be anybody's bytes.
  virtual void load(StateReader& in) = 0;

  /// End of all input: closes every open attempt.
  virtual void finish(EventSink& sink) = 0;

  [[nodiscard]] virtual const SourceCounters& counters() const = 0;
};

/// How a file is cut into what stamp() and feed() get as a "line".
enum class Framing : std::uint8_t {
  lines,         ///< text up to a newline
  json_records,  ///< one JSON object, with whatever newlines it holds: see agent/record_splitter.h
};

/// Readable bytes behind a JSON record, whatever they hold, so that a parser that loads blocks can
/// read the record in place (simdjson asks for as many).
inline constexpr std::size_t kRecordPadding = 64;

/// One row of the registry.
struct SourcePlugin {
  std::string_view name;         ///< "authlog"
  std::string_view description;  ///< a sentence for --help
  Told told;                     ///< what its events say has told of them
  /// How sure this source is that the first bytes of a file (whole lines, up to 64 KiB) are its
  /// own: 0 (no) to 100 (certain). --source auto takes the surest.
  int (*sniff)(std::string_view head);
  std::unique_ptr<Source> (*make)(const SourceOptions& options);
  Framing framing = Framing::lines;
};

}  // namespace doorward
