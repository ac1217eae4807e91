#include "agent/live/journal_stream.h"

namespace doorward {
namespace {

constexpr std::size_t kCursorBytesMax = 1024;

}  // namespace

Result<std::unique_ptr<JournalStream>> JournalStream::open(const std::string& folder,
                                                           TimeUs since) {
  Result<JournalReader> reader = JournalReader::open(folder);
  if (!reader) return reader.error();
  return std::unique_ptr<JournalStream>(
      new JournalStream(std::move(reader).value(), folder, since));
}

std::optional<std::string_view> JournalStream::next() {
  if (!std::exchange(begun_, true)) {
    if (const Status began = reader_.begin_since(since_); !began) errors_.push_back(began.error());
  }
  const std::string_view record = reader_.next();
  if (record.empty()) return std::nullopt;
  return record;
}

void JournalStream::look() {
  if (const Result<bool> more = reader_.process(); !more) {
    errors_.push_back(more.error());
    reopen();
  }
}

/// libsystemd's handle is of no more use.
void JournalStream::reopen() {
  Result<JournalReader> reader = JournalReader::open(folder_);
  if (!reader) {
    errors_.push_back(reader.error());
    return;
  }
  const std::string cursor = reader_.cursor();
  entries_before_ += reader_.counters().entries;
  reader_ = std::move(reader).value();
  begun_ = !cursor.empty();
  if (!begun_) return;
  if (const Status resumed = reader_.resume(cursor); !resumed) errors_.push_back(resumed.error());
}

void JournalStream::load(StateReader& in) {
  const std::string cursor(in.text(kCursorBytesMax));
  if (!in.ok() || cursor.empty()) return;
  begun_ = true;
  if (const Status resumed = reader_.resume(cursor); !resumed) {
    errors_.push_back(resumed.error());
    begun_ = false;
  }
}

StreamStatus JournalStream::status() const {
  const JournalCounters& counters = reader_.counters();
  StreamStatus status;
  status.lines = entries_before_ + counters.entries;
  status.long_lines = counters.cut;
  status.lost = counters.gaps + counters.unreadable;
  status.present = reader_.any_files();
  return status;
}

}  // namespace doorward
