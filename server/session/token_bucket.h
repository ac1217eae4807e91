// How much of something a second, and how much at once.
#pragma once

#include <algorithm>
#include <chrono>

namespace doorward {

class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  TokenBucket(double a_second, double at_once)
      : a_second_(a_second), at_once_(at_once), left_(at_once) {}

  /// Takes so much, down to `at_once` below nothing: over() and spent() tell.
  void take(double amount, Clock::time_point now) {
    fill(now);
    left_ = std::max(left_ - amount, -at_once_);
  }
  /// Takes so much if there is so much.
  bool take_if(double amount, Clock::time_point now) {
    fill(now);
    if (left_ < amount) return false;
    left_ -= amount;
    return true;
  }
  /// More was taken than there was.
  [[nodiscard]] bool over() const { return left_ < 0; }
  /// Twice as much as at once.
  [[nodiscard]] bool spent() const { return left_ <= -at_once_; }
  /// Until it is not over() any more.
  [[nodiscard]] std::chrono::milliseconds wait() const {
    return std::chrono::milliseconds(static_cast<long>(left_ < 0 ? -left_ / a_second_ * 1000 : 0));
  }
  [[nodiscard]] bool full(Clock::time_point now) {
    fill(now);
    return left_ >= at_once_;
  }

 private:
  void fill(Clock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    if (seconds > 0) left_ = std::min(at_once_, left_ + seconds * a_second_);
    last_ = std::max(last_, now);
  }

  double a_second_;
  double at_once_;
  double left_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace doorward
