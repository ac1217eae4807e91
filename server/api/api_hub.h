// What all connections of the API share. Only for server/api/*.cc.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "server/api/api.h"
#include "server/api/gate.h"
#include "server/api/limits.h"
#include "server/api/worker.h"

namespace doorward {

/// Any thread.
class ApiHub : public std::enable_shared_from_this<ApiHub> {
 public:
  ApiHub(Api& api_, Core& core, double requests_per_minute);

  /// Finds out whose token it is; `found` is called once, on any thread, with the principal or a
  /// refusal (401, 429, 503).
  struct Identified {
    Principal who;
    ApiResponse refusal;  ///< status 200: none
  };
  using Found = std::function<void(Identified)>;
  void identify(std::string token, std::string address, Found found);

  /// One more request of this client; the refusal when it is one too many.
  bool take_request(const Principal& who, ApiResponse& refusal);

  /// A connection of this address comes and goes; false: too many.
  bool enter(const std::string& address);
  void leave(const std::string& address);

  /// Room for a body of so many bytes; whoever gets it gives it back.
  bool reserve(std::size_t bytes);
  void release(std::size_t bytes) { bodies_.fetch_sub(bytes); }

  void handle(ApiRequest request, Api::Done done);
  /// No request reaches the Api after it.
  void close() { closed_ = true; }

  std::atomic<std::uint64_t> connections_refused{0}, bad_requests{0}, handshakes_failed{0};

 private:
  void refuse(const std::string& address, const Found& found);
  [[nodiscard]] std::string own_metrics() const;

  Api& api_;
  Core& core_;
  RateLimiter requests_;
  RateLimiter failed_tries_;
  VerifiedTokens verified_;
  std::atomic<bool> closed_{false};
  std::atomic<std::size_t> bodies_{0};
  std::atomic<std::uint64_t> unauthorized_{0}, rate_limited_{0}, verifications_{0};
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t> addresses_;
  std::size_t connections_ = 0;
  ApiWorker argon2_;  // goes first: its thread uses the rest
};

inline std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace doorward
