// Machines that log on to machines: scheduled jobs with a fixed address, and CI runners whose
// addresses come and go.
#include <algorithm>
#include <array>
#include <cmath>

#include "bench/fleet/life.h"

namespace doorward::fleet {
namespace {

constexpr std::array<int, 13> kPeriods{5,   10,  15,  20,  30,  60,  90,
                                       120, 180, 240, 360, 720, 1440};  // minutes
constexpr double kMoves = 0.25;       // services that change their address once
constexpr double kNewTarget = 0.3;    // services that get one more host
constexpr double kOutside = 0.12;     // services run by a partner, from a public address
constexpr double kBreaks = 0.004;     // chance a day that the credential goes stale for hours
constexpr double kLeast = 2.0;        // logons a day of the quietest service
constexpr double kMost = 190.0;       // and of the busiest
constexpr double kRunnerRate = 68.0;  // logons of one CI account on a working day
constexpr std::size_t kRunnerSlots = 6;
constexpr double kRunnerHours = 10.0;  // mean life of a runner

Time minutes(double value) {
  return static_cast<Time>(value * 60e6);
}

// The neat period nearest above the one that gives this volume.
int period_for(double runs_a_day) {
  for (const int period : kPeriods) {
    if (1440.0 / period <= runs_a_day) {
      return period;
    }
  }
  return kPeriods.back();
}

void run_scheduled(const World& world, const Account& account, double volume,
                   std::vector<Attempt>& out) {
  const Config& config = world.config();
  Rng rng = Rng(config.seed).fork("service", account.user);
  const bool outside = rng.chance(kOutside);
  const auto any_source = [&] {
    if (!outside) {
      return world.hosts()[rng.below(world.hosts().size())].inside;
    }
    const std::size_t provider = world.networks().pick(ProviderKind::hosting, -1, rng);
    return world.networks().address(provider, rng);
  };
  std::vector<std::uint32_t> targets;
  for (const HostUse& use : account.hosts) {
    targets.push_back(outside ? rng.pick(world.exposed()) : use.host);
  }
  Address source = any_source();
  const int period = period_for(volume / static_cast<double>(targets.size()));
  const int offset = rng.between(0, std::min(period, 300) - 1);
  const int move_day = rng.chance(kMoves) ? rng.between(1, config.days) : -1;
  const int grow_day = rng.chance(kNewTarget) ? rng.between(1, config.days) : -1;

  Time broken_until = 0;
  for (int day = 0; day < config.days; ++day) {
    if (day == move_day) {
      source = any_source();
    }
    if (day == grow_day) {
      targets.push_back(outside ? rng.pick(world.exposed())
                                : static_cast<std::uint32_t>(rng.below(world.hosts().size())));
    }
    const Time midnight = config.start + day * kDay;
    if (rng.chance(kBreaks)) {
      broken_until = midnight + minutes(rng.uniform(60.0, 1400.0));
    }
    for (int minute = offset; minute < 1440; minute += period) {
      if (rng.chance(0.003)) {
        continue;
      }
      Time at = midnight + minutes(minute) + static_cast<Time>(rng.uniform(0.6, 4.0) * 1e6);
      for (const std::uint32_t target : targets) {
        Attempt attempt;
        attempt.time = at;
        attempt.from = source;
        attempt.user = account.user;
        attempt.host = target;
        attempt.method = account.method;
        if (account.method == Method::publickey) {
          attempt.key = account.keys.front().key;
        }
        attempt.port = any_port(rng);
        attempt.length = static_cast<Time>(rng.lognormal(4.0, 1.0) * 1e6);
        if (at < broken_until) {
          const bool password = account.method != Method::publickey;
          attempt.outcome = password ? Outcome::failure : Outcome::abandoned;
          attempt.failures = password ? 1 : 0;
        }
        if (attempt.time < config.end()) {
          out.push_back(attempt);
        }
        at += static_cast<Time>(rng.exponential(3.0) * 1e6) + kSecond / 5;
      }
    }
  }
}

void run_runners(const World& world, const Account& account, std::vector<Attempt>& out) {
  struct Slot {
    Address address;
    Time until = 0;
  };
  const Config& config = world.config();
  Rng rng = Rng(config.seed).fork("runner", account.user);
  std::array<Slot, kRunnerSlots> slots{};
  const double scale = rng.uniform(0.5, 1.5);
  for (int day = 0; day < config.days; ++day) {
    const Time midnight = config.start + day * kDay;
    const bool week = weekday(midnight) < 5;
    const int jobs = rng.poisson(kRunnerRate * scale * (week ? 1.0 : 0.2));
    for (int i = 0; i < jobs; ++i) {
      // Most jobs follow the developers' day; the rest are nightly.
      const double minute = rng.chance(0.8) ? rng.normal(840.0, 190.0) : rng.uniform(0.0, 240.0);
      Attempt attempt;
      attempt.time = midnight + minutes(std::clamp(minute, 0.0, 1439.9));
      Slot& slot = slots[rng.below(kRunnerSlots)];
      if (slot.until < attempt.time) {
        const auto third = static_cast<unsigned>(rng.below(16));
        slot.address = v4(10, 60, third, 4 + static_cast<unsigned>(rng.below(248)));
        slot.until = attempt.time + minutes(60.0 * rng.exponential(kRunnerHours));
      }
      attempt.from = slot.address;
      attempt.user = account.user;
      attempt.host = account.hosts[rng.below(account.hosts.size())].host;
      attempt.method = account.method;
      attempt.key = account.keys.front().key;
      attempt.port = any_port(rng);
      attempt.length = static_cast<Time>(rng.lognormal(20.0, 1.0) * 1e6);
      out.push_back(attempt);
    }
  }
}

}  // namespace

void run_services(const World& world, std::vector<Attempt>& out) {
  // Logons a day run from a few to very many; the sum over all services hardly varies by seed.
  std::vector<const Account*> services;
  for (const Account& account : world.accounts()) {
    if (account.role == Role::service) {
      services.push_back(&account);
    }
    if (account.role == Role::runner) {
      run_runners(world, account, out);
    }
  }
  Rng rng = Rng(world.config().seed).fork("volumes");
  rng.shuffle(services);
  for (std::size_t i = 0; i < services.size(); ++i) {
    const double rank = (static_cast<double>(i) + 0.5) / static_cast<double>(services.size());
    run_scheduled(world, *services[i], kLeast * std::pow(kMost / kLeast, rank), out);
  }
}

}  // namespace doorward::fleet
