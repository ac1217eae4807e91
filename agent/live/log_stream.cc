#include "agent/live/log_stream.h"

#include "agent/limits.h"
#include "agent/line_reader.h"

namespace doorward {

std::string LogStream::head() {
  Result<LineReader> reader = LineReader::open(log_.path());
  return reader ? std::string(reader.value().head()) : std::string();
}

void LogStream::save(StateWriter& out) const {
  LogPosition position = log_.position();
  position.archive(out);
}

void LogStream::load(StateReader& in) {
  LogPosition position;
  position.archive(in);
}

LogPosition saved_position(std::span<const std::uint8_t> bytes) {
  StateReader in(bytes);
  LogPosition position;
  position.archive(in);
  return in.done() ? position : LogPosition{};
}

std::string LogStream::place() const {
  return (log_.reading().empty() ? log_.path() : log_.reading()) + ":" +
         std::to_string(log_.line_number());
}

StreamStatus LogStream::status() const {
  const FollowCounters& counters = log_.counters();
  StreamStatus status;
  status.lines = counters.lines;
  status.long_lines = counters.long_lines;
  status.lost = counters.gaps;
  status.bytes_behind = log_.bytes_behind();
  status.present = present();
  return status;
}

}  // namespace doorward
