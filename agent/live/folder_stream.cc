#include "agent/live/folder_stream.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/limits.h"

namespace doorward {

FolderStream::FolderStream(std::string folder, const SpoolFolderOptions& options)
    : folder_(std::move(folder)), spool_({folder_}, options) {}

void FolderStream::look() {
  for (std::string& path : spool_.take()) waiting_.push_back(std::move(path));
  std::vector<Error> errors = spool_.take_errors();
  std::move(errors.begin(), errors.end(), std::back_inserter(errors_));
}

/// Opens the next file that can be opened.
bool FolderStream::open_next() {
  while (!reader_ && !waiting_.empty()) {
    const std::string path = std::move(waiting_.front());
    waiting_.pop_front();
    identity_ = SpoolFolder::identity_of(path).value_or(0);
    Result<LineReader> opened = LineReader::open(path);
    if (!opened) {
      errors_.push_back(opened.error());
      continue;
    }
    reader_.emplace(std::move(opened).value());
    framed_ = false;
    began_ = true;
  }
  return reader_.has_value();
}

void FolderStream::close_current() {
  if (reader_->fault()) errors_.push_back(*reader_->fault());
  lines_ += reader_->items();
  long_lines_ += reader_->long_lines();
  reader_.reset();
}

std::optional<std::string_view> FolderStream::next() {
  while (open_next()) {
    if (!std::exchange(framed_, true)) {
      reader_->frame(framing_);
      if (identity_ != 0 && identity_ == resumed_identity_) {
        // Begun before the restart: its year and what else is known of it was kept as well.
        began_ = resumed_items_ == 0;
        while (reader_->items() < resumed_items_ && reader_->next()) {
        }
        resumed_identity_ = 0;
      }
    }
    std::optional<std::string_view> line = reader_->next();
    if (line) return line;
    close_current();
  }
  return std::nullopt;
}

std::string FolderStream::head() {
  return open_next() ? std::string(reader_->head()) : std::string();
}

TimeUs FolderStream::modified() const {
  return reader_ ? reader_->modified() : kNoTime;
}

void FolderStream::save(StateWriter& out) const {
  // What was named but not begun will be found again.
  std::vector<std::uint64_t> done = spool_.taken();
  const auto forget = [&](std::uint64_t identity) { std::erase(done, identity); };
  for (const std::string& path : waiting_) {
    if (const auto identity = SpoolFolder::identity_of(path)) forget(*identity);
  }
  std::uint64_t items = 0;
  std::uint64_t current = 0;
  if (reader_) {
    forget(identity_);
    current = identity_;
    items = framed_ ? reader_->items() : 0;
  } else {
    current = resumed_identity_;
    items = resumed_items_;
  }
  out(current, items, static_cast<std::uint64_t>(done.size()));
  for (const std::uint64_t identity : done) out(identity);
}

void FolderStream::load(StateReader& in) {
  std::uint64_t count = 0;
  in(resumed_identity_, resumed_items_, count);
  if (count > kFolderFilesMax) in.fail();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    std::uint64_t identity = 0;
    in(identity);
    if (in.ok()) spool_.remember(identity);
  }
  if (!in.ok()) resumed_identity_ = resumed_items_ = 0;
}

std::string FolderStream::place() const {
  return reader_ ? reader_->path() + ":" + std::to_string(reader_->line_number()) : folder_;
}

StreamStatus FolderStream::status() const {
  StreamStatus status;
  status.lines = lines_ + (reader_ ? reader_->items() : 0);
  status.long_lines = long_lines_ + (reader_ ? reader_->long_lines() : 0);
  status.present = true;
  if (reader_ && reader_->bytes_total() > reader_->bytes_consumed()) {
    status.bytes_behind = reader_->bytes_total() - reader_->bytes_consumed();
  }
  return status;
}

std::vector<Error> FolderStream::take_errors() {
  return std::exchange(errors_, {});
}

}  // namespace doorward
