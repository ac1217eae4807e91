// Campaigns of intruders who have a way in: stolen or insider credentials, forgotten and new
// accounts, and the way from one host to the next.
#include <algorithm>
#include <array>

#include "bench/fleet/attacks.h"
#include "bench/fleet/life.h"

namespace doorward::fleet {
namespace {

Time seconds(double value) {
  return static_cast<Time>(value * 1e6);
}

constexpr std::array<std::string_view, 14> kRogueNames{
    "sysmon",  "support1",   "svc-agent", "backup2", "systemd-net", "dbadmin",  "helpdesk",
    "monitor", "svc_update", "kworker",   "toor",    "ops-temp",    "netdata2", "mchen"};

}  // namespace

void Intruder::stolen_credentials() {
  const Account& account = victim();
  const int count = rng_.between(3, 10);
  const Time first = begin(account, number_ % 2 == 0);
  const std::vector<Time> times = spread_log(first, 300.0, 3.0 * 86400.0, count);
  const std::size_t provider = far_provider(account);
  const bool has_key = rng_.chance(0.7);  // or only the password
  const double own = rng_.uniform(0.2, 0.9);
  Address from = address_of(provider);
  std::uint32_t foothold = exposed_host(account, own);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (i > 0 && rng_.chance(0.15)) {
      from = address_of(provider);
    }
    const bool onwards = i > 0 && rng_.chance(0.3);
    const std::uint32_t host =
        onwards ? (rng_.chance(0.5) ? own_host(account) : other_host(account))
                : (i > 0 && rng_.chance(0.5) ? foothold : exposed_host(account, own));
    Attempt& attempt =
        add(times[i], onwards ? world_.hosts()[foothold].inside : from, account.user, host);
    credential(account, has_key, attempt);
    if (!onwards) {
      foothold = host;
    }
  }
}

void Intruder::stolen_credentials_near() {
  const Account& account = victim();
  const int count = rng_.between(2, 8);
  const Time first = begin(account, number_ % 2 == 0);
  const std::vector<Time> times = spread_log(first, 300.0, 3.0 * 86400.0, count);
  const double way = rng_.uniform();  // neighbourhood, VPN, or another network of the provider
  const Address neighbour = way < 0.4 ? Networks::address_in(account.home_block, rng_)
                                      : address_of(account.home_provider);
  const Address tunnel = World::vpn_lease(rng_);
  const bool vpn = way >= 0.4 && way < 0.8;
  const double own = rng_.uniform(0.3, 0.8);
  const bool has_key = rng_.chance(0.7);
  for (const Time at : times) {
    std::uint32_t host = rng_.chance(own) ? own_host(account) : other_host(account);
    const Zone zone = world_.hosts()[host].zone;
    Address from = neighbour;
    if (vpn) {
      if (zone == Zone::inner) {
        host = rng_.pick(world_.hosts_in(Zone::onprem));
      }
      from = world_.hosts()[host].zone == Zone::onprem ? tunnel : World::vpn_exit(account.user);
    } else if (zone != Zone::cloud) {
      host = exposed_host(account, own);
    }
    credential(account, has_key, add(at, from, account.user, host));
  }
}

void Intruder::lateral_movement() {
  const auto foothold = static_cast<std::uint32_t>(rng_.below(world_.hosts().size()));
  const Address from = world_.hosts()[foothold].inside;
  const bool with_services = rng_.chance(0.3);
  std::vector<const Account*> accounts{&victim(with_services)};
  if (rng_.chance(0.4)) {
    accounts.push_back(&victim());
  }
  std::vector<std::uint32_t> targets;
  for (std::uint32_t i = 0; i < world_.hosts().size(); ++i) {
    if (i != foothold) {
      targets.push_back(i);
    }
  }
  rng_.shuffle(targets);
  targets.resize(std::min(targets.size(), static_cast<std::size_t>(rng_.between(8, 30))));
  const double span =
      rng_.chance(0.25) ? rng_.uniform(0.5, 2.5) * 86400.0 : rng_.log_uniform(240.0, 12 * 3600.0);
  const Time first = any_time(0.9);
  const std::vector<Time> times = spread(first, seconds(span), static_cast<int>(targets.size()));
  const bool has_key = rng_.chance(0.7);
  const double refused = rng_.uniform(0.0, 0.5);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const Account& account = *rng_.pick(accounts);
    if (rng_.chance(refused)) {
      add_guess(times[i], from, account.user, targets[i], true);
    } else {
      credential(account, has_key, add(times[i], from, account.user, targets[i]));
    }
  }
}

void Intruder::dormant_account(const Account& account, Time last_seen) {
  const Time earliest = last_seen == 0 ? 0 : last_seen + 35 * kDay;
  const bool has_key = rng_.chance(0.7);
  Time from_time = any_time();
  const Time end = world_.config().end();
  if (from_time < earliest) {
    from_time =
        earliest + static_cast<Time>(rng_.uniform(0.0, 0.9) * static_cast<double>(end - earliest));
  }
  const int count = rng_.between(2, 6);
  const std::vector<Time> times = spread_log(from_time, 300.0, 2.0 * 86400.0, count);
  const double way = rng_.uniform();
  const Address outside = far_address(account);
  const Address tunnel = World::vpn_lease(rng_);
  const Address inside = world_.hosts()[rng_.below(world_.hosts().size())].inside;
  for (const Time at : times) {
    const std::uint32_t host = way < 0.5          ? exposed_host(account, 0.5)
                               : way < 0.75       ? rng_.pick(world_.hosts_in(Zone::onprem))
                               : rng_.chance(0.5) ? own_host(account)
                                                  : other_host(account);
    const Address from = way < 0.5 ? outside : way < 0.75 ? tunnel : inside;
    credential(account, has_key, add(at, from, account.user, host));
  }
}

void Intruder::rogue_account() {
  std::string name(kRogueNames[rng_.below(kRogueNames.size())]);
  if (rng_.chance(0.6)) {
    name += std::to_string(rng_.between(1, 99));
  }
  const std::uint32_t user = world_.add_name(name);
  const std::uint32_t key = world_.add_key(rng_);
  const bool with_key = rng_.chance(0.6);
  const Account& nobody = victim();  // only for the choice of a network
  const double way = rng_.uniform();
  const Address from = way < 0.45   ? far_address(nobody)
                       : way < 0.85 ? world_.hosts()[rng_.below(world_.hosts().size())].inside
                                    : World::vpn_lease(rng_);
  const std::vector<std::uint32_t>& reach =
      way < 0.45 ? world_.exposed() : world_.hosts_in(Zone::onprem);
  std::vector<std::uint32_t> hosts;
  for (int i = rng_.between(1, 4); i > 0; --i) {
    hosts.push_back(rng_.pick(reach));
  }
  const Time first = any_time();
  const int count = rng_.between(2, 8);
  const std::vector<Time> times = spread_log(first, 300.0, 3.0 * 86400.0, count);
  for (const std::uint32_t host : hosts) {
    const Time made = times.front() - seconds(rng_.log_uniform(60.0, 3600.0));
    plan_.new_users.push_back({std::max(made, world_.config().test_start()), host, user});
  }
  for (const Time at : times) {
    Attempt& attempt = add(at, from, user, rng_.pick(hosts));
    attempt.method = with_key ? Method::publickey : Method::password;
    attempt.key = key;
  }
}

void Intruder::off_hours() {
  // Between 00:30 and 04:30 of the night of somebody who sleeps then.
  const Account* insider = &victim();
  double minute = rng_.uniform(30.0, 270.0);
  const auto wakes = [&] {
    const Day& today = insider->days[static_cast<std::size_t>(world_.config().days - 1)];
    const Time local = static_cast<Time>((minute - today.utc_minutes) * 60e6);
    return is_awake(*insider, local + kDay) || is_awake(*insider, local + kDay + kHour);
  };
  for (int tries = 0; tries < 100 && wakes(); ++tries) {
    insider = &victim();
    minute = rng_.uniform(30.0, 270.0);
  }
  const Account& account = *insider;
  const Config& config = world_.config();
  const int first = config.days - config.test_days;
  const int nights = rng_.chance(0.3) ? 2 : 1;
  int day = rng_.between(first, std::max(first, config.days - 3));
  for (int night = 0; night < nights; ++night, ++day) {
    const Day& today = account.days[static_cast<std::size_t>(std::min(day, config.days - 1))];
    const Time at =
        config.start + day * kDay + static_cast<Time>((minute - today.utc_minutes) * 60e6);
    Whereabouts where;
    where.place = rng_.chance(0.25) ? Place::office : Place::home;
    where.tunnel = World::vpn_lease(rng_);
    const int count = rng_.between(2, 6);
    for (const Time time : spread_log(at, 120.0, 7200.0, count)) {
      std::uint32_t host = other_host(account);
      while (world_.hosts()[host].zone == Zone::inner) {
        host = other_host(account);
      }
      const Address from = address_seen(account, today, where, world_.hosts()[host]);
      Attempt& attempt = add(time, from, account.user, host);
      attempt.method = account.method;
      if (account.method == Method::publickey) {
        attempt.key = key_on(account, day, where.place);
      }
    }
  }
}

}  // namespace doorward::fleet
