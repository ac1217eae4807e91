// A sink whose receiver is written to with calls that can block (a disk, a pipe): it has a thread
// of its own, so that a disk that hangs holds up nobody else.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "plugins/delivery/sink.h"

namespace doorward {

/// How far a write came.
struct LinesWritten {
  std::size_t documents = 0;  ///< from the front, whole and durable as far as is asked
  std::string error;          ///< why not all; empty: all
};

/// Used by one thread at a time.
class LineWriter {
 public:
  virtual ~LineWriter() = default;
  /// Writes each document as a line. May block.
  virtual LinesWritten write(std::span<const Document> batch) = 0;
  /// From another thread: a write that waits ends soon.
  virtual void interrupt() {}
};

/// The destructor waits for a write that is under way.
std::unique_ptr<Sink> make_line_sink(const SinkEnv& env, std::unique_ptr<LineWriter> writer);

}  // namespace doorward
