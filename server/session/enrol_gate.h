// How many strangers may try to enrol: of one address, and of all.
#pragma once

#include <iterator>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/session/limits.h"
#include "server/session/token_bucket.h"

namespace doorward {

/// From any thread.
class EnrolGate {
 public:
  /// False: not now.
  bool allow(const std::string& address, TokenBucket::Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (addresses_.size() >= kEnrolmentAddressesMax) {
      for (auto one = addresses_.begin(); one != addresses_.end();) {
        one = one->second.full(now) ? addresses_.erase(one) : std::next(one);
      }
      if (addresses_.size() >= kEnrolmentAddressesMax) addresses_.clear();
    }
    const auto [one, is_new] =
        addresses_.try_emplace(address, kEnrolmentsOfAddress, kEnrolmentsOfAddressAtOnce);
    return one->second.take_if(1, now) && all_.take_if(1, now);
  }

 private:
  std::mutex mutex_;
  TokenBucket all_{kEnrolments, kEnrolmentsAtOnce};
  std::unordered_map<std::string, TokenBucket> addresses_;
};

}  // namespace doorward
