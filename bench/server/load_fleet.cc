#include "bench/server/load_fleet.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "proto/baseline_file.h"

namespace doorward {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{10};
/// After the server said that too many enrol at a time.
constexpr milliseconds kRefusedPause{300};

double seconds_since(LoadClock::time_point begin) {
  return std::chrono::duration<double>(LoadClock::now() - begin).count();
}

}  // namespace

/// One agent that asks for its certificate.
struct LoadFleet::Enrolment {
  std::size_t number = 0;
  PrivateKey key;
  std::shared_ptr<WireLink> link;
  bool done = false;
};

void LoadFleet::enrol_next(LoadIdentities& identities, std::size_t total) {
  auto one = std::make_shared<Enrolment>();
  one->number = next_number_++;
  Result<PrivateKey> key = make_key();
  const Result<Der> request = key ? make_request(key.value()) : Result<Der>(key.error());
  if (!request) {
    failed_ = request.error().message();
    return;
  }
  one->key = std::move(key).value();
  ++enrolling_;
  WireLink::Limits limits;
  limits.handshake = std::chrono::seconds(60);
  WireLink::Handlers handlers;
  handlers.on_open = [this, one, request = request.value()](const WirePeer&) {
    one->link->send(load_enrol(settings_.token, request, one->number));
  };
  handlers.on_message = [this, one, &identities](const wire::Envelope& envelope) {
    if (const wire::Refused* refused = envelope.message_as_Refused()) {
      const std::string why = refused->reason() ? refused->reason()->str() : "refused";
      ++enrol_ends_[why];
      enrol_at_ = LoadClock::now() + kRefusedPause;
      if (refused->retry_after_ms() == 0) failed_ = "not enrolled: " + why;
    }
    const wire::Enrolled* enrolled = envelope.message_as_Enrolled();
    if (enrolled == nullptr) return;
    const auto bytes_of = [](const flatbuffers::Vector<std::uint8_t>& bytes) {
      return std::span<const std::uint8_t>(bytes.data(), bytes.size());
    };
    Result<Certificate> certificate = certificate_from(bytes_of(*enrolled->certificate()));
    Result<Certificate> authority = certificate_from(bytes_of(*enrolled->authority()));
    if (!certificate || !authority) {
      failed_ = "Enrolled without certificates";
    } else {
      if (!identities.authority) identities.authority = std::move(authority).value();
      identities.agents.push_back({std::move(one->key), std::move(certificate).value()});
      one->done = true;
      ++result_.enrolled;
    }
    one->link->finish();
  };
  handlers.on_end = [this, one, total](const std::string& why) {
    --enrolling_;
    one->link.reset();
    if (one->done) return;
    ++enrol_ends_[why];
    if (next_number_ >= total) --next_number_;  // another one in its place
  };
  one->link = WireLink::connect(io_, settings_.server, stranger_, std::move(handlers), limits,
                                from_of(one->number));
}

Status LoadFleet::enrol() {
  if (!settings_.identities.empty()) {
    Result<LoadIdentities> there = read_identities(settings_.identities);
    if (!there) return there.error();
    identities_ = std::move(there).value();
  }
  const std::size_t total = settings_.agents;
  if (identities_.agents.size() >= total) {
    identities_.agents.resize(total);
    return {};
  }
  const Result<JoinToken> token = JoinToken::parse(settings_.token);
  if (!token) return token.error();
  auto stranger = WireTls::stranger(token.value().authority);
  if (!stranger) return stranger.error();
  stranger_ = std::move(stranger).value();
  next_number_ = identities_.agents.size();
  const bool done = run(
      "enrolled", settings_.patience_s,
      [&] { return !failed_.empty() || (identities_.agents.size() >= total && enrolling_ == 0); },
      [&] {
        while (failed_.empty() && LoadClock::now() >= enrol_at_ &&
               enrolling_ < settings_.enrol_at_a_time &&
               identities_.agents.size() + enrolling_ < total) {
          enrol_next(identities_, total);
        }
      });
  result_.enrol_s = seconds_since(began_);
  if (!failed_.empty()) return Error{settings_.server, failed_};
  if (!done) {
    std::string why;
    for (const auto& [text, count] : enrol_ends_)
      why += "; " + text + " x " + std::to_string(count);
    return Error{settings_.server, "not all were enrolled in time" + why};
  }
  for (const auto& [text, count] : enrol_ends_) {
    std::fprintf(stderr, "enrolling: %s x %llu\n", text.c_str(),
                 static_cast<unsigned long long>(count));
  }
  return settings_.identities.empty() ? Status()
                                      : write_identities(settings_.identities, identities_);
}

Status LoadFleet::connect() {
  counts_.verify = !settings_.verify.empty();
  counts_.reconnect_ms = settings_.reconnect_ms;
  std::shared_ptr<WireTls> first;
  for (std::size_t i = 0; i < identities_.agents.size(); ++i) {
    LoadIdentity& who = identities_.agents[i];
    auto tls = first ? WireTls::agent_beside(*first, who.certificate, who.key)
                     : WireTls::agent(identities_.authority, who.certificate, who.key);
    if (!tls) return tls.error();
    if (!first) first = tls.value();
    agents_.push_back(std::make_shared<LoadAgent>(i, std::move(tls).value(), counts_));
    connect_times_.push_back(settings_.connect_s * static_cast<double>(random_() >> 11U) /
                             static_cast<double>(1ULL << 53U));
  }
  std::sort(connect_times_.begin(), connect_times_.end());
  const bool done = run(
      "connected", settings_.patience_s, [&] { return counts_.connected == agents_.size(); },
      [&] { look_after(); });
  result_.connect_s = seconds_since(began_);
  if (!done) {
    std::string why;
    for (const auto& [text, count] : counts_.ends) {
      why += "; " + text + " x " + std::to_string(count);
    }
    return Error{settings_.server, std::to_string(counts_.connected) + " of " +
                                       std::to_string(agents_.size()) + " connected in time" + why};
  }
  // A little quiet, in which first policies and patches arrive.
  run(
      "settling", 3, [] { return false; }, [&] { look_after(); });
  result_.idle = usage_of(settings_.pid);
  return {};
}

void LoadFleet::send() {
  result_.before = usage_of(settings_.pid);
  run(
      "sending", settings_.for_s,
      [&] {
        return counts_.deltas_sent >= settings_.deltas_most &&
               counts_.alerts_sent >= settings_.alerts_most;
      },
      [&] {
        look_after();
        send_due(seconds_since(began_));
      });
  result_.sending_s = seconds_since(began_);
  result_.after = usage_of(settings_.pid);
  run(
      "waiting", 30,
      [&] {
        return counts_.deltas_acked + counts_.alerts_acked + counts_.refused_items >=
               counts_.deltas_sent + counts_.alerts_sent;
      },
      [&] { look_after(); });
}

void LoadFleet::close() {
  result_.received_bytes = counts_.received_bytes;
  result_.sent_bytes = counts_.sent_bytes;
  for (const auto& agent : agents_) {
    result_.received_bytes += agent->received();
    result_.sent_bytes += agent->sent();
    agent->close();
  }
  run(
      "closing", 10, [&] { return counts_.connected == 0; }, [] {});
}

Status LoadFleet::write_expected() const {
  if (!counts_.expected) return Error{settings_.verify, "no server told its key"};
  return write_baseline_file(settings_.verify, *counts_.expected);
}

const LoadResult& LoadFleet::result() {
  return result_;
}

void LoadFleet::look_after() {
  const double passed = seconds_since(began_);
  while (connect_begun_ < agents_.size() && connect_times_[connect_begun_] <= passed) {
    agents_[connect_begun_]->connect(io_, settings_.server, from_of(connect_begun_), random_);
    ++connect_begun_;
  }
  // Each agent is looked at about once a second.
  const auto now = LoadClock::now();
  for (std::size_t i = 0; i < connect_begun_ / 100 + 1 && connect_begun_ > 0; ++i) {
    const std::size_t number = heartbeat_turn_++ % connect_begun_;
    LoadAgent& agent = *agents_[number];
    if (!agent.linked() && now >= agent.connect_at()) {
      agent.connect(io_, settings_.server, from_of(number), random_);
    }
    agent.heartbeat_if_due();
  }
}

void LoadFleet::send_due(double passed_s) {
  const auto due = [passed_s](double a_second, std::uint64_t most) {
    return std::min(static_cast<std::uint64_t>(passed_s * a_second), most);
  };
  // An agent that must wait is passed over, so a slow server shows as a rate that is not reached.
  for (std::size_t tries = agents_.size(); tries > 0; --tries) {
    const bool delta = counts_.deltas_sent < due(settings_.deltas_s, settings_.deltas_most);
    const bool alert = counts_.alerts_sent < due(settings_.alerts_s, settings_.alerts_most);
    if (!delta && !alert) return;
    LoadAgent& agent = *agents_[turn_++ % agents_.size()];
    if (!agent.ready() || agent.must_wait()) continue;
    if (delta) agent.send_delta(random_, settings_.entries);
    if (alert) agent.send_alert(random_);
  }
}

std::string LoadFleet::from_of(std::size_t number) const {
  if (settings_.addresses <= 0) return {};
  return "127.0.0." + std::to_string(1 + number % static_cast<std::size_t>(settings_.addresses));
}

bool LoadFleet::run(const std::string& what, double limit_s, const std::function<bool()>& done,
                    const std::function<void()>& tick) {
  began_ = LoadClock::now();
  auto told = began_;
  bool good = false;
  while (!(good = done()) && seconds_since(began_) < limit_s) {
    tick();
    // Without work the loop would end at once, and must be told to go on.
    if (io_.stopped()) io_.restart();
    const auto until = LoadClock::now() + kTick;
    if (io_.run_until(until) == 0) std::this_thread::sleep_until(until);
    if (LoadClock::now() - told >= std::chrono::seconds(1)) {
      told = LoadClock::now();
      tell(what, seconds_since(began_), false);
    }
  }
  tell(what, seconds_since(began_), true);
  return good;
}

void LoadFleet::tell(const std::string& what, double passed_s, bool last) {
  static const bool kTerminal = ::isatty(STDERR_FILENO) == 1;
  if (!kTerminal && !last && static_cast<long>(passed_s) % 10 != 0) return;
  const ProcessUsage usage = usage_of(settings_.pid);
  std::fprintf(
      stderr,
      "%s%-9s %6.1f s  enrolled %zu  connected %zu of %zu  deltas %llu/%llu  alerts "
      "%llu/%llu  patches %llu  server %.0f MB %.1f s CPU%s",
      kTerminal ? "\r" : "", what.c_str(), passed_s, identities_.agents.size(), counts_.connected,
      settings_.agents, static_cast<unsigned long long>(counts_.deltas_acked),
      static_cast<unsigned long long>(counts_.deltas_sent),
      static_cast<unsigned long long>(counts_.alerts_acked),
      static_cast<unsigned long long>(counts_.alerts_sent),
      static_cast<unsigned long long>(counts_.patches), static_cast<double>(usage.rss_bytes) / 1e6,
      usage.cpu_s, kTerminal && !last ? "\033[K" : "\n");
  std::fflush(stderr);
}

}  // namespace doorward
