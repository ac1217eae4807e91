#include "server/api/gate.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cmath>

namespace doorward {

double RateLimiter::left_of(const Client& client, std::int64_t now_us) const {
  const auto passed = static_cast<double>(std::max<std::int64_t>(0, now_us - client.at_us));
  return std::min(per_minute_, client.left + passed * per_minute_ / 60e6);
}

unsigned RateLimiter::wait_for(double left) const {
  const double seconds = std::ceil((1 - left) * 60 / per_minute_);
  return static_cast<unsigned>(std::clamp(seconds, 1.0, 3600.0));
}

std::optional<unsigned> RateLimiter::look(const std::string& client, std::int64_t now_us) {
  const std::lock_guard lock(mutex_);
  const auto found = clients_.find(client);
  if (found == clients_.end()) return std::nullopt;
  const double left = left_of(found->second, now_us);
  return left >= 1 ? std::nullopt : std::optional(wait_for(left));
}

std::optional<unsigned> RateLimiter::take(const std::string& client, std::int64_t now_us) {
  const std::lock_guard lock(mutex_);
  auto found = clients_.find(client);
  if (found == clients_.end()) {
    if (clients_.size() >= clients_max_) {
      clients_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(client);
    found = clients_.emplace(client, Client{per_minute_, now_us, order_.begin()}).first;
  } else {
    order_.splice(order_.begin(), order_, found->second.place);
  }
  Client& one = found->second;
  one.left = left_of(one, now_us);
  one.at_us = now_us;
  if (one.left < 1) return wait_for(one.left);
  one.left -= 1;
  return std::nullopt;
}

std::size_t RateLimiter::clients() const {
  const std::lock_guard lock(mutex_);
  return clients_.size();
}

void VerifiedTokens::add(const std::string& short_digest, const std::string& digest,
                         std::int64_t now_us) {
  const std::lock_guard lock(mutex_);
  const auto [place, fresh] =
      tokens_.insert_or_assign(short_digest, Token{digest, now_us + life_us_});
  if (!fresh) return;
  order_.push_back(short_digest);
  if (tokens_.size() > most_) {
    tokens_.erase(order_.front());
    order_.pop_front();
  }
}

bool VerifiedTokens::knows(const std::string& short_digest, const std::string& digest,
                           std::int64_t now_us) const {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(short_digest);
  return found != tokens_.end() && found->second.digest == digest && now_us < found->second.ends_us;
}

std::size_t VerifiedTokens::size() const {
  const std::lock_guard lock(mutex_);
  return tokens_.size();
}

std::string rate_key(const std::string& address) {
  boost::system::error_code fault;
  const auto parsed = boost::asio::ip::make_address(address, fault);
  if (fault || !parsed.is_v6()) return address;
  auto bytes = parsed.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace doorward
