#include "agent/relay_queue.h"

#include <algorithm>
#include <utility>

#include "plugins/limits.h"

namespace doorward {

void RelayQueue::push(std::string_view bytes) {
  const std::size_t last = bytes.rfind('\n');
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::string_view part = bytes.substr(0, end);
      bytes.remove_prefix(std::min(bytes.size(), part.size() + 1));
      if (too_long_ || partial_.size() + part.size() > kLineBytesMax) {
        if (!too_long_) ++dropped_;
        partial_.clear();
        too_long_ = end == std::string_view::npos;
      } else if (end == std::string_view::npos) {
        partial_ += part;
      } else if (partial_.empty()) {
        push_line(part);
      } else {
        partial_ += part;
        push_line(partial_);
        partial_.clear();
      }
    }
  }
  if (last != std::string_view::npos) came_.notify_one();
}

/// With the lock held.
void RelayQueue::push_line(std::string_view line) {
  if (line.empty()) return;
  // Once one did not fit, those behind it are dropped as well, so that the gap is in one place.
  full_ = full_ || lines_.size() + line.size() + 1 > kBytesMax;
  if (full_) {
    ++dropped_;
    return;
  }
  lines_ += line;
  lines_ += '\n';
}

void RelayQueue::end_of_stream() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!partial_.empty()) ++dropped_;
  partial_.clear();
  too_long_ = false;
}

void RelayQueue::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }
  came_.notify_one();
}

RelayQueue::Taken RelayQueue::take(std::chrono::milliseconds wait) {
  std::unique_lock<std::mutex> lock(mutex_);
  came_.wait_for(lock, wait, [&] { return !lines_.empty() || dropped_ > 0 || closed_; });
  Taken taken;
  taken.lines.swap(lines_);
  taken.dropped = std::exchange(dropped_, 0);
  full_ = false;
  taken.closed = closed_;
  return taken;
}

}  // namespace doorward
