// Who may come in, and how often: verified tokens, rates, failed tries. Times are given, in
// microseconds of any clock that does not go back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace doorward {

/// So many a minute of each client: that many at once, then evenly. A bounded number of clients is
/// remembered; who was quiet for longest is forgotten first. Any thread.
class RateLimiter {
 public:
  RateLimiter(double per_minute, std::size_t clients_max)
      : per_minute_(per_minute), clients_max_(clients_max) {}

  /// Takes one; or gives the whole seconds after which there will be one (1 or more).
  std::optional<unsigned> take(const std::string& client, std::int64_t now_us);
  /// The same without taking.
  std::optional<unsigned> look(const std::string& client, std::int64_t now_us);
  [[nodiscard]] std::size_t clients() const;

 private:
  struct Client {
    double left = 0;
    std::int64_t at_us = 0;
    std::list<std::string>::iterator place;
  };
  /// What is left to a client now.
  [[nodiscard]] double left_of(const Client& client, std::int64_t now_us) const;
  [[nodiscard]] unsigned wait_for(double left) const;

  double per_minute_;
  std::size_t clients_max_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Client> clients_;
  std::list<std::string> order_;  // the last that came first
};

/// Tokens that argon2 has verified, by their short digest, each with the long digest it was
/// verified against, so that a token made anew under the name is verified anew. Any thread.
class VerifiedTokens {
 public:
  VerifiedTokens(std::size_t most, std::int64_t life_us) : most_(most), life_us_(life_us) {}
  void add(const std::string& short_digest, const std::string& digest, std::int64_t now_us);
  [[nodiscard]] bool knows(const std::string& short_digest, const std::string& digest,
                           std::int64_t now_us) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Token {
    std::string digest;
    std::int64_t ends_us = 0;
  };
  std::size_t most_;
  std::int64_t life_us_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Token> tokens_;
  std::list<std::string> order_;  // the oldest first
};

/// Under what an address is counted: IPv4 whole, IPv6 by its /64, which one household has.
std::string rate_key(const std::string& address);

}  // namespace doorward
