// A copy of an event that outlives the line it came from, in memory that is used again and again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

#include "plugins/event.h"
#include "plugins/limits.h"

namespace doorward {

/// Owns the text of one event. Allocates its kHeldEventBytesMax bytes once, at the first keep().
class HeldEvent {
 public:
  /// Copies `event`. Gives false when a field had to be cut (kHeldFieldBytesMax,
  /// kHeldEventBytesMax).
  bool keep(const Event& event) {
    if (!bytes_) bytes_ = std::make_unique<char[]>(kHeldEventBytesMax);
    event_ = event;
    used_ = 0;
    bool whole = true;
    for (std::string_view& field : event_.text) {
      const std::size_t size =
          std::min({field.size(), kHeldFieldBytesMax, kHeldEventBytesMax - used_});
      whole = whole && size == field.size();
      field = put(field.substr(0, size));
    }
    return whole;
  }

  /// Sets a field that was empty; the text is copied, cut to what is left. Others are left alone.
  void fill(Field field, std::string_view text) {
    if (!event_[field].empty() || text.empty()) return;
    event_[field] = put(
        text.substr(0, std::min({text.size(), kHeldFieldBytesMax, kHeldEventBytesMax - used_})));
  }

  [[nodiscard]] const Event& event() const { return event_; }
  /// For the parts of an event that are not text. Do not replace views through this.
  Event& event() { return event_; }

 private:
  std::string_view put(std::string_view text) {
    if (text.empty()) return {};
    char* to = bytes_.get() + used_;
    std::memcpy(to, text.data(), text.size());
    used_ += text.size();
    return {to, text.size()};
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t used_ = 0;
  Event event_;
};

}  // namespace doorward
