#include "bench/fleet/attacks.h"

#include <algorithm>

#include "bench/fleet/life.h"

namespace doorward::fleet {
namespace {

constexpr int kKnownLogons = 12;  // ordinary logons before the test days of a victim
constexpr Time kDormancy = 35 * kDay;

History learn(const World& world, const std::vector<Attempt>& ordinary) {
  std::size_t users = 0;
  for (const Attempt& attempt : ordinary) {
    users = std::max<std::size_t>(users, attempt.user + 1U);
  }
  for (const Account& account : world.accounts()) {
    users = std::max<std::size_t>(users, account.user + 1U);
  }
  History history{std::vector<bool>(users), std::vector<Time>(users),
                  std::vector<std::uint32_t>(users)};
  std::vector<int> before(users);
  std::vector<int> during(users);
  for (const Attempt& attempt : ordinary) {
    if (attempt.outcome != Outcome::success) {
      continue;
    }
    ++(attempt.time < world.config().test_start() ? before : during)[attempt.user];
    history.hours[attempt.user] |= 1U << (attempt.time / kHour % 24);
    history.last_seen[attempt.user] = std::max(history.last_seen[attempt.user], attempt.time);
  }
  for (std::size_t user = 0; user < users; ++user) {
    history.active[user] = before[user] >= kKnownLogons && during[user] > 0;
  }
  return history;
}

}  // namespace

Intruder::Intruder(World& world, const History& history, Plan& plan, AttackKind kind, int number)
    : world_(world),
      history_(history),
      plan_(plan),
      index_(static_cast<int>(plan.campaigns.size())),
      number_(number),
      rng_(Rng(world.config().seed)
               .fork("attack", static_cast<std::uint64_t>(kind) * 1000 +
                                   static_cast<std::uint64_t>(number))) {
  Campaign campaign;
  campaign.kind = kind;
  campaign.number = number;
  plan_.campaigns.push_back(campaign);
}

const Account& Intruder::try_person() {
  const std::vector<Account>& accounts = world_.accounts();
  for (;;) {
    const Account& account = accounts[rng_.below(accounts.size())];
    if (account.person() || account.role == Role::service) {
      return account;
    }
  }
}

const Account& Intruder::victim(bool with_services) {
  const Account* last = &try_person();
  for (int tries = 0; tries < 2000; ++tries) {
    const Account& account = try_person();
    if (!account.person() && !with_services) {
      continue;
    }
    last = &account;
    if (!history_.active[account.user] || account.last_day < world_.config().days) {
      continue;
    }
    const bool taken = std::ranges::any_of(plan_.attempts, [&](const Attempt& attempt) {
      return attempt.user == account.user && attempt.outcome == Outcome::success;
    });
    if (!taken || tries > 1000) {
      return account;
    }
  }
  return *last;
}

Time Intruder::any_time(double last_share) {
  const Config& config = world_.config();
  return config.test_start() + static_cast<Time>(rng_.uniform(0.01, last_share) *
                                                 static_cast<double>(config.test_days * kDay));
}

Time Intruder::begin(const Account& account, bool working_hours) {
  if (!working_hours || account.days.empty()) {
    return any_time(0.93);
  }
  const Config& config = world_.config();
  const int first = config.days - config.test_days;
  for (int tries = 0; tries < 200; ++tries) {
    const int day = rng_.between(first, std::max(first, config.days - 2));
    const Day& today = account.days[static_cast<std::size_t>(day)];
    if (!today.working || today.place == Place::away) {
      continue;
    }
    const double minute = account.start_minute + rng_.uniform(0.0, account.work_minutes);
    const Time at =
        config.start + day * kDay + static_cast<Time>((minute - today.utc_minutes) * 60e6);
    if (at >= config.test_start()) {
      return at;
    }
  }
  return any_time(0.93);
}

std::vector<Time> Intruder::spread(Time from, Time span, int count) {
  const Time room = std::max(kMinute, world_.config().end() - kMinute - from);
  span = std::min(span, room);
  std::vector<Time> times{from};
  for (int i = 1; i < count; ++i) {
    times.push_back(from + kSecond + static_cast<Time>(rng_.uniform() * static_cast<double>(span)));
  }
  std::ranges::sort(times);
  return times;
}

std::size_t Intruder::far_provider(const Account& account) {
  const double where = rng_.uniform();
  for (;;) {
    const std::size_t provider =
        where < 0.5   ? world_.networks().pick(ProviderKind::hosting, -1, rng_)
        : where < 0.8 ? world_.networks().pick(ProviderKind::residential, -1, rng_)
        : where < 0.9 ? world_.networks().pick(ProviderKind::residential, account.site, rng_)
                      : world_.networks().pick(ProviderKind::mobile, account.site, rng_);
    if (provider != account.home_provider && provider != account.carrier) {
      return provider;
    }
  }
}

Address Intruder::far_address(const Account& account) {
  const std::size_t provider = far_provider(account);
  return address_of(provider);
}

Address Intruder::anywhere() {
  const ProviderKind kind = rng_.chance(0.5) ? ProviderKind::hosting : ProviderKind::residential;
  const std::size_t provider = world_.networks().pick(kind, -1, rng_);
  return address_of(provider);
}

std::vector<Time> Intruder::spread_log(Time from, double least, double most, int count) {
  return spread(from, static_cast<Time>(rng_.log_uniform(least, most) * 1e6), count);
}

bool Intruder::is_awake(const Account& account, Time at) const {
  const std::uint32_t hours = history_.hours[account.user];
  const auto hour = static_cast<unsigned>(at / kHour % 24);
  const unsigned around = (1U << hour) | (1U << (hour + 1) % 24) | (1U << (hour + 23) % 24);
  return (hours & around) != 0;
}

std::uint32_t Intruder::own_host(const Account& account) {
  if (account.hosts.empty()) {
    return other_host(account);
  }
  std::vector<double> weights;
  for (const HostUse& use : account.hosts) {
    weights.push_back(use.weight);
  }
  return account.hosts[rng_.weighted(weights)].host;
}

std::uint32_t Intruder::other_host(const Account& account) {
  for (int tries = 0; tries < 100; ++tries) {
    const auto host = static_cast<std::uint32_t>(rng_.below(world_.hosts().size()));
    const bool own =
        std::ranges::any_of(account.hosts, [&](const HostUse& use) { return use.host == host; });
    if (!own && world_.hosts()[host].zone != Zone::jump) {
      return host;
    }
  }
  return static_cast<std::uint32_t>(rng_.below(world_.hosts().size()));
}

std::uint32_t Intruder::exposed_host(const Account& account, double own) {
  if (rng_.chance(own)) {
    std::vector<std::uint32_t> fitting;
    for (const HostUse& use : account.hosts) {
      if (world_.hosts()[use.host].zone == Zone::cloud) {
        fitting.push_back(use.host);
      }
    }
    if (!fitting.empty()) {
      return rng_.pick(fitting);
    }
  }
  return rng_.pick(world_.exposed());
}

void Intruder::credential(const Account& account, bool has_key, Attempt& attempt) {
  if (account.method != Method::publickey) {
    attempt.method = account.method;
  } else if (has_key) {
    attempt.method = Method::publickey;
    attempt.key = key_on(account, world_.day_of(attempt.time), Place::home);
  } else {
    attempt.method = Method::password;
  }
}

Attempt& Intruder::add(Time at, Address from, std::uint32_t user, std::uint32_t host) {
  Attempt attempt;
  attempt.time = at;
  attempt.from = from;
  attempt.user = user;
  attempt.host = host;
  attempt.campaign = index_;
  attempt.port = any_port(rng_);
  attempt.method = Method::password;
  attempt.length = static_cast<Time>(rng_.lognormal(400.0, 1.5) * 1e6);
  plan_.attempts.push_back(attempt);
  return plan_.attempts.back();
}

Attempt& Intruder::add_guess(Time at, Address from, std::uint32_t user, std::uint32_t host,
                             bool known) {
  Attempt& attempt = add(at, from, user, host);
  attempt.outcome = known ? Outcome::failure : Outcome::invalid;
  attempt.failures = 1;
  attempt.length = 0;
  attempt.gap = static_cast<Time>(rng_.uniform(2.4, 4.0) * 1e6);
  return attempt;
}

void Intruder::finish() {
  const Config& config = world_.config();
  Campaign& campaign = plan_.campaigns.back();
  std::erase_if(plan_.attempts, [&](const Attempt& attempt) {
    const Time end = attempt.success_time() + kMinute;
    return attempt.campaign == index_ && (attempt.time < config.test_start() || end > config.end());
  });
  for (const Attempt& attempt : plan_.attempts) {
    if (attempt.campaign != index_) {
      continue;
    }
    const bool success = attempt.outcome == Outcome::success;
    const Time last =
        attempt.time + std::max(0, attempt.failures - (success ? 0 : 1)) * attempt.gap;
    if (campaign.events == 0 || attempt.time < campaign.start) {
      campaign.start = attempt.time;
    }
    campaign.end = std::max(campaign.end, last);
    campaign.events += attempt.failures + (success ? 1 : 0);
    campaign.has_success = campaign.has_success || success;
  }
  if (campaign.events == 0) {
    plan_.campaigns.pop_back();
  }
}

Plan plan_attacks(World& world, const std::vector<Attempt>& ordinary) {
  const History history = learn(world, ordinary);
  Plan plan;
  if (world.config().test_days <= 0) {
    return plan;
  }

  // Dormant accounts, those seen in the log first where the test days reach far enough past them.
  std::vector<const Account*> dormant;
  for (const bool seen : {true, false}) {
    int left = seen ? world.config().attacks / 2 : world.config().attacks;
    for (const Account& account : world.accounts()) {
      if (account.role != Role::dormant || (history.last_seen[account.user] != 0) != seen) {
        continue;
      }
      const bool long_ago =
          history.last_seen[account.user] + kDormancy + 12 * kHour < world.config().end();
      if (long_ago && left-- > 0) {
        dormant.push_back(&account);
      }
    }
  }
  for (int kind = 0; kind < kAttackKinds; ++kind) {
    for (int i = 0; i < world.config().attacks; ++i) {
      Intruder intruder(world, history, plan, static_cast<AttackKind>(kind), i + 1);
      switch (static_cast<AttackKind>(kind)) {
        case AttackKind::stolen_credentials:
          intruder.stolen_credentials();
          break;
        case AttackKind::stolen_credentials_near:
          intruder.stolen_credentials_near();
          break;
        case AttackKind::lateral_movement:
          intruder.lateral_movement();
          break;
        case AttackKind::dormant_account:
          if (static_cast<std::size_t>(i) < dormant.size()) {
            const Account& account = *dormant[static_cast<std::size_t>(i)];
            intruder.dormant_account(account, history.last_seen[account.user]);
          }
          break;
        case AttackKind::rogue_account:
          intruder.rogue_account();
          break;
        case AttackKind::spraying:
          intruder.spraying();
          break;
        case AttackKind::brute_force:
          intruder.brute_force();
          break;
        case AttackKind::off_hours:
          intruder.off_hours();
          break;
        case AttackKind::slow_guessing:
          intruder.slow_guessing();
          break;
      }
      intruder.finish();
    }
  }
  return plan;
}

}  // namespace doorward::fleet
