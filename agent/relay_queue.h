// What audit-relay has read and not written yet: whole lines, at most so many bytes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace doorward {

/// Between the thread that reads and the one that writes. Reading never waits for writing: what
/// does not fit is dropped and counted.
class RelayQueue {
 public:
  /// Bytes that wait at most.
  static constexpr std::size_t kBytesMax = std::size_t{4} << 20;

  /// Lines taken together, and how many were dropped after them.
  struct Taken {
    std::string lines;
    std::uint64_t dropped = 0;
    bool closed = false;  ///< nothing will come any more
    [[nodiscard]] bool empty() const { return lines.empty() && dropped == 0; }
  };

  /// Adds bytes as they were read. Only whole lines get on; the start of a line waits for its end.
  /// Lines longer than kLineBytesMax are dropped.
  void push(std::string_view bytes);
  /// The bytes that come do not continue those before (another connection, the end): the start of a
  /// line that waits is dropped.
  void end_of_stream();
  /// Nothing will come any more.
  void close();

  /// Waits for lines, for dropped ones or for the end, at most `wait`, and takes all.
  Taken take(std::chrono::milliseconds wait);

 private:
  void push_line(std::string_view line);

  // Of the reading thread alone.
  std::string partial_;
  bool too_long_ = false;  ///< the line that comes is dropped up to its newline

  std::mutex mutex_;
  std::condition_variable came_;
  std::string lines_;
  std::uint64_t dropped_ = 0;
  bool full_ = false;  ///< something did not fit since lines were taken
  bool closed_ = false;
};

}  // namespace doorward
