#include "server/api/api_hub.h"

#include "server/api/routes.h"
#include "server/api/secrets.h"

namespace doorward {
namespace {

constexpr std::int64_t kCacheUs =
    std::chrono::duration_cast<std::chrono::microseconds>(kTokenCacheTime).count();

ApiResponse too_often(unsigned seconds, const char* what) {
  ApiResponse out = api_error(429, {"", what});
  out.retry_after_s = seconds;
  return out;
}

bool good_record(const ApiTokenRecord& record, TimeUs now) {
  return record.role != Role::none && !record.digest.empty() &&
         (record.ends == 0 || now < record.ends);
}

}  // namespace

ApiHub::ApiHub(Api& api, Core& core, double requests_per_minute)
    : api_(api),
      core_(core),
      requests_(requests_per_minute, kRateClientsMax),
      failed_tries_(kFailedTriesAMinute, kRateClientsMax),
      verified_(kTokenCacheMax, kCacheUs),
      argon2_(kVerifyQueueMax, kVerifyQueueMax * kApiHeaderBytesMax) {}

void ApiHub::refuse(const std::string& address, const Found& found) {
  ++unauthorized_;
  static_cast<void>(failed_tries_.take(rate_key(address), steady_us()));
  found({{}, api_error(401, {"Authorization", "this token is not good"})});
}

void ApiHub::identify(std::string token, std::string address, Found found) {
  if (closed_) {
    found({{}, api_error(503, {"", "the server ends"})});
    return;
  }
  const std::string name(api_token_name(token));
  if (const auto wait = failed_tries_.look(rate_key(address), steady_us())) {
    // One who knows a token that was verified just now is no guesser; all others wait.
    if (name.empty() || verified_.size() == 0) {
      ++rate_limited_;
      found({{}, too_often(*wait, "too many tokens that are not good came from your address")});
      return;
    }
  }
  if (name.empty()) {
    refuse(address, found);
    return;
  }
  const auto self = shared_from_this();
  core_.ask([self, token = std::move(token), address = std::move(address), name,
             found = std::move(found)](FleetView& view) mutable {
    const auto there = view.state.api_tokens().find(name);
    if (there == view.state.api_tokens().end() || !good_record(there->second, view.now)) {
      self->refuse(address, found);
      return;
    }
    Principal who{name, there->second.role, address};
    const std::string& digest = there->second.digest;
    const std::string brief = api_token_short_digest(token);
    if (self->verified_.knows(brief, digest, steady_us())) {
      found({std::move(who), {}});
      return;
    }
    if (const auto wait = self->failed_tries_.look(rate_key(address), steady_us())) {
      ++self->rate_limited_;
      found({{}, too_often(*wait, "too many tokens that are not good came from your address")});
      return;
    }
    // Not `self`: the thread is the hub's own, and must not be the one to end it.
    const bool taken = self->argon2_.post([hub = self.get(), token, digest, brief, who, found] {
      ++hub->verifications_;
      if (!api_token_matches(token, digest)) {
        hub->refuse(who.from, found);
        return;
      }
      hub->verified_.add(brief, digest, steady_us());
      found({who, {}});
    });
    if (!taken) found({{}, api_error(503, {"", "too many new tokens at a time"})});
  });
}

bool ApiHub::take_request(const Principal& who, ApiResponse& refusal) {
  if (who.from == "local" && who.role == Role::admin) return true;
  const std::string client =
      who.role == Role::none ? "address " + rate_key(who.from) : "token " + who.name;
  const auto wait = requests_.take(client, steady_us());
  if (!wait) return true;
  ++rate_limited_;
  refusal = too_often(*wait, "too many requests");
  return false;
}

bool ApiHub::enter(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const std::string key = rate_key(address);
  const auto found = addresses_.find(key);
  const std::size_t mine = found == addresses_.end() ? 0 : found->second;
  if (closed_ || connections_ >= kApiConnectionsMax || mine >= kApiConnectionsOfOneMax) {
    ++connections_refused;
    return false;
  }
  ++addresses_[key];
  ++connections_;
  return true;
}

void ApiHub::leave(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto found = addresses_.find(rate_key(address));
  if (found == addresses_.end()) return;
  if (--found->second == 0) addresses_.erase(found);
  --connections_;
}

bool ApiHub::reserve(std::size_t bytes) {
  if (bodies_.fetch_add(bytes) + bytes <= kApiWorkBytesMax) return true;
  bodies_.fetch_sub(bytes);
  return false;
}

void ApiHub::handle(ApiRequest request, Api::Done done) {
  if (closed_) {
    done(api_error(503, {"", "the server ends"}));
    return;
  }
  if (request.path != "/metrics") {
    api_.handle(std::move(request), std::move(done));
    return;
  }
  api_.handle(std::move(request),
              [self = shared_from_this(), done = std::move(done)](ApiResponse response) {
                if (response.status == 200) response.body += self->own_metrics();
                done(std::move(response));
              });
}

std::string ApiHub::own_metrics() const {
  std::string out;
  const auto one = [&](const char* name, const char* type, const char* help, std::uint64_t value) {
    const std::string full = std::string("doorward_server_api_") + name;
    out += "# HELP " + full + " " + help + "\n# TYPE " + full + " " + type + "\n" + full + " " +
           std::to_string(value) + "\n";
  };
  std::size_t connections = 0;
  {
    const std::lock_guard lock(mutex_);
    connections = connections_;
  }
  one("connections", "gauge", "Connections of API clients.", connections);
  one("connections_refused_total", "counter", "Connections beyond a limit.", connections_refused);
  one("handshakes_failed_total", "counter", "TLS handshakes that failed.", handshakes_failed);
  one("bad_requests_total", "counter", "Requests that were no HTTP or too long.", bad_requests);
  one("unauthorized_total", "counter", "Tokens that were not good.", unauthorized_);
  one("rate_limited_total", "counter", "Requests beyond a client's rate.", rate_limited_);
  one("token_verifications_total", "counter", "Tokens verified with argon2id.", verifications_);
  return out;
}

}  // namespace doorward
