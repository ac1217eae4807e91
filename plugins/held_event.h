// A copy of an event that outlives the line it came from, in memory that is used again and again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

#include "plugins/event.h"
#include "plugins/limits.h"
#include "plugins/state_fields.h"

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

  /// Writes all of a kept event. Its text is what the fields hold, nothing else was ever put here.
  void save(StateWriter& out) const {
    archive_rest(out, event_);
    const auto filled = static_cast<std::uint8_t>(
        std::count_if(event_.text.begin(), event_.text.end(),
                      [](std::string_view field) { return !field.empty(); }));
    out(filled);
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      if (event_.text[i].empty()) continue;
      out(static_cast<std::uint8_t>(i));
      out.text(event_.text[i]);
    }
  }
  /// Keeps what save() wrote. After a mistake, see in.ok(), this holds an event without anything.
  void load(StateReader& in) {
    if (!bytes_) bytes_ = std::make_unique<char[]>(kHeldEventBytesMax);
    event_ = Event{};
    used_ = 0;
    archive_rest(in, event_);
    std::uint8_t filled = 0;
    in.between(filled, std::uint8_t{0}, static_cast<std::uint8_t>(kFieldCount));
    std::uint8_t least = 0;
    for (; filled != 0 && in.ok(); --filled) {
      std::uint8_t field = 0;
      in.between(field, least, static_cast<std::uint8_t>(kFieldCount - 1));
      const std::string_view text =
          in.text(std::min(kHeldFieldBytesMax, kHeldEventBytesMax - used_));
      if (text.empty()) in.fail();
      least = static_cast<std::uint8_t>(field + 1);
      event_.text[field] = put(text);
    }
    if (in.ok()) return;
    event_ = Event{};
    used_ = 0;
  }

  [[nodiscard]] const Event& event() const { return event_; }
  /// For the parts of an event that are not text. Do not replace views through this.
  Event& event() { return event_; }

 private:
  /// What is not text.
  template <class Archive, class AnyEvent>
  static void archive_rest(Archive& a, AnyEvent& event) {
    archive_time(a, event.time);
    archive_ip(a, event.ip);
    a(event.pid, event.port, event.told, event.latitude, event.longitude);
    a.between(event.outcome, Outcome::unknown, Outcome::failure);
  }

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
