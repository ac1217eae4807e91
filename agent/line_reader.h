// Lines of a file, of a gzip file or of standard input, in fixed memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/event.h"
#include "sketch/result.h"

namespace doorward {

/// Reads one input from begin to end. A line longer than kLineBytesMax is skipped to its newline
/// and counted; memory does not grow with it. NUL and any other byte may occur.
class LineReader {
 public:
  /// Opens a path, or standard input for "-". Recognises gzip by its first bytes, also of several
  /// members. Errors: cannot be opened, is a directory.
  static Result<LineReader> open(const std::string& path);

  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&& other) noexcept;
  ~LineReader();

  /// The next line without its newline ("\r\n" loses both); nullopt at the end or after a fault.
  /// The view is good until the next call. A last line without a newline counts as a line.
  std::optional<std::string_view> next();

  /// What stopped the reading before the end of the file (read error, broken or truncated gzip);
  /// empty when nothing did. What was read before it was handed out.
  [[nodiscard]] const std::optional<Error>& fault() const;

  /// The first bytes of the input, up to kSniffBytes, without consuming them.
  std::string_view head();

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] std::uint64_t line_number() const;     ///< of the line that next() gave, from 1
  [[nodiscard]] std::uint64_t long_lines() const;      ///< lines skipped for their length
  [[nodiscard]] std::uint64_t bytes_consumed() const;  ///< of the file as it lies on disk
  [[nodiscard]] std::uint64_t bytes_total() const;     ///< 0: unknown (standard input)
  [[nodiscard]] TimeUs modified() const;               ///< kNoTime: unknown

 private:
  struct State;
  explicit LineReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace doorward
