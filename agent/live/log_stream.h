// A followed log file (agent/follow/) as a stream.
#pragma once

#include <string>

#include "agent/follow/log_follower.h"
#include "agent/live/live_stream.h"

namespace doorward {

class LogStream final : public LiveStream {
 public:
  /// `log` belongs to a GlobFollow; this must be gone before it drops the log. Where reading begins
  /// was said to that.
  explicit LogStream(LogFollower& log) : log_(log) {}

  std::optional<std::string_view> next() override { return log_.next(); }
  bool began_file() override { return log_.began_file(); }
  [[nodiscard]] TimeUs modified() const override {
    return log_.modified() == 0 ? kNoTime : log_.modified();
  }
  void look() override {}  // its GlobFollow does
  [[nodiscard]] bool at_end() const override { return log_.at_end(); }
  [[nodiscard]] int wait_ms() const override { return log_.wait_ms(); }
  [[nodiscard]] bool present() const override { return !log_.gone(); }
  std::string head() override;
  void save(StateWriter& out) const override;
  void load(StateReader& in) override;
  [[nodiscard]] std::string place() const override;
  [[nodiscard]] StreamStatus status() const override;
  std::vector<Error> take_errors() override { return {}; }  // its GlobFollow does

 private:
  LogFollower& log_;
};

/// The position in what LogStream::save() wrote; not known() when it cannot be read.
LogPosition saved_position(std::span<const std::uint8_t> bytes);

}  // namespace doorward
