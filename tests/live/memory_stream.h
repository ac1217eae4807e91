// A stream of lines in memory, of which as much is there as a test lets be.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "agent/live/live_stream.h"

namespace doorward {

class MemoryStream final : public LiveStream {
 public:
  /// `lines` must outlive this; `there`: how many of them were written so far.
  MemoryStream(const std::vector<std::string>& lines, const std::size_t& there)
      : lines_(lines), there_(there) {}

  std::optional<std::string_view> next() override {
    if (next_ >= std::min(there_, lines_.size())) return std::nullopt;
    current_ = lines_[next_++];
    return current_;
  }
  bool began_file() override { return next_ == 1; }
  [[nodiscard]] TimeUs modified() const override { return kNoTime; }
  void look() override {}
  [[nodiscard]] bool present() const override { return true; }
  std::string head() override { return there_ > 0 ? lines_.front() + "\n" : ""; }
  void save(StateWriter& out) const override { out(static_cast<std::uint64_t>(next_)); }
  void load(StateReader& in) override {
    std::uint64_t next = 0;
    in(next);
    next_ = static_cast<std::size_t>(next);
  }
  [[nodiscard]] std::string place() const override { return "memory:" + std::to_string(next_); }
  [[nodiscard]] StreamStatus status() const override {
    StreamStatus status;
    status.lines = next_;
    status.present = true;
    return status;
  }
  std::vector<Error> take_errors() override { return {}; }

 private:
  const std::vector<std::string>& lines_;
  const std::size_t& there_;
  std::size_t next_ = 0;
  std::string current_;
};

}  // namespace doorward
