// Lines, or JSON records, of a file, of a gzip file or of standard input, in fixed memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "plugins/sources/source.h"
#include "sketch/result.h"

namespace doorward {

/// Reads one input from begin to end. A line longer than kLineBytesMax is skipped to its newline
/// and counted; memory does not grow with it. NUL and any other byte may occur. After frame() with
/// Framing::json_records what follows about lines holds for records (agent/record_splitter.h).
class LineReader {
 public:
  /// What was skipped, and where it begins.
  struct Skip {
    std::uint64_t line = 0;
    const char* why = "";
  };

  /// Opens a path, or standard input for "-". Recognises gzip by its first bytes, also of several
  /// members. Errors: cannot be opened, is a directory.
  static Result<LineReader> open(const std::string& path);

  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&& other) noexcept;
  ~LineReader();

  /// The first bytes of the input, up to kSniffBytes, without consuming them.
  std::string_view head();

  /// Says how the input is cut, before the first next(). Lines unless told otherwise. Records take
  /// more memory, up to kRecordBytesMax + kReadBytes, of which short ones use little.
  void frame(Framing framing);

  /// The next line without its newline ("\r\n" loses both); nullopt at the end or after a fault.
  /// The view is good until the next call. A last line without a newline counts as a line. Behind a
  /// record kRecordPadding bytes can be read.
  std::optional<std::string_view> next();

  /// What stopped the reading before the end of the file (read error, broken or truncated gzip, a
  /// file that ends inside a record); empty when nothing did. What was read before it was handed
  /// out.
  [[nodiscard]] const std::optional<Error>& fault() const;

  /// Lets the file and the buffer go, for others to be read. `current` is what next() gave last.
  /// Only when can_suspend().
  void suspend(std::string_view current);
  /// Opens again and gives `current` once more; nullopt when that cannot be: see fault().
  std::optional<std::string_view> resume();
  [[nodiscard]] bool suspended() const;
  [[nodiscard]] bool can_suspend() const;  ///< a regular file: one can come back to it

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] std::uint64_t line_number() const;  ///< where what next() gave begins, from 1
  [[nodiscard]] std::uint64_t items() const;        ///< lines or records, with the skipped ones
  [[nodiscard]] std::uint64_t long_lines() const;   ///< lines or records skipped for their length
  [[nodiscard]] std::uint64_t malformed() const;    ///< what was skipped since it is no record
  [[nodiscard]] std::uint64_t skipped() const;      ///< both together
  [[nodiscard]] std::uint64_t bytes_consumed() const;  ///< of the file as it lies on disk
  [[nodiscard]] std::uint64_t bytes_total() const;     ///< 0: unknown (standard input)
  [[nodiscard]] TimeUs modified() const;               ///< kNoTime: unknown

  /// What was skipped since the last call, at most the first kNamedFaultsMax of it.
  std::vector<Skip> take_skips();

 private:
  struct State;
  explicit LineReader(std::unique_ptr<State> state);
  std::optional<std::string_view> next_record();
  std::unique_ptr<State> state_;
};

}  // namespace doorward
