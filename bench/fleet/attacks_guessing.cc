// Campaigns of intruders who guess passwords: many users, one user, or slowly from everywhere.
#include <algorithm>

#include "bench/fleet/attacks.h"
#include "bench/fleet/life.h"

namespace doorward::fleet {
namespace {

Time seconds(double value) {
  return static_cast<Time>(value * 1e6);
}

}  // namespace

// The guess that was right, and what follows it.
void Intruder::log_on_after(Time at, Address from, const Account& account, std::uint32_t host,
                            int more) {
  add(at, from, account.user, host);
  for (int i = 0; i < more; ++i) {
    at += seconds(rng_.log_uniform(60.0, 6 * 3600.0));
    const bool onwards = rng_.chance(0.3);
    const Address next = onwards ? world_.hosts()[host].inside : from;
    add(at, next, account.user, onwards ? other_host(account) : host);
  }
}

void Intruder::spraying() {
  std::vector<Address> from;
  const std::size_t provider = world_.networks().pick(ProviderKind::hosting, -1, rng_);
  for (int i = rng_.chance(0.6) ? 1 : rng_.between(2, 3); i > 0; --i) {
    from.push_back(address_of(provider));
  }
  std::vector<std::uint32_t> hosts;
  for (int i = rng_.chance(0.5) ? 1 : rng_.between(2, 4); i > 0; --i) {
    hosts.push_back(rng_.pick(world_.exposed()));
  }
  std::vector<const Account*> users;
  for (const Account& account : world_.accounts()) {
    if (account.role != Role::runner && account.employed(world_.config().days - 1)) {
      users.push_back(&account);
    }
  }
  rng_.shuffle(users);
  users.resize(std::min(users.size(), static_cast<std::size_t>(rng_.between(30, 150))));
  const Time first = any_time();
  const std::vector<Time> times =
      spread_log(first, 300.0, 12 * 3600.0, static_cast<int>(users.size()));
  for (std::size_t i = 0; i < users.size(); ++i) {
    // A list of names is never quite up to date.
    const bool known = !rng_.chance(0.12);
    const std::uint32_t user =
        known ? users[i]->user
              : world_.add_name(world_.name(users[i]->user) + (rng_.chance(0.5) ? "1" : "_"));
    const Address source = rng_.pick(from);
    add_guess(times[i], source, user, rng_.pick(hosts), known);
  }
  if (number_ % 2 == 0) {
    const Account& account = victim();
    log_on_after(times[times.size() * 4 / 5] + seconds(2.7), from.front(), account, hosts.front(),
                 rng_.between(1, 3));
  }
}

// Targets are people: guessing at the services whose names every bot tries would be
// indistinguishable from the background.
void Intruder::brute_force() {
  const Account& account = victim();
  const std::uint32_t host = exposed_host(account, 0.7);
  const std::size_t provider = far_provider(account);
  std::vector<Address> from;
  for (int i = rng_.chance(0.75) ? 1 : rng_.between(2, 3); i > 0; --i) {
    from.push_back(address_of(provider));
  }
  const int failures = static_cast<int>(rng_.log_uniform(40.0, 400.0));
  const int per_connection = rng_.chance(0.5) ? 1 : rng_.between(2, 6);
  const Time first = any_time();
  const std::vector<Time> times =
      spread_log(first, 180.0, 5 * 3600.0, std::max(1, failures / per_connection));
  for (const Time at : times) {
    Attempt& attempt = add_guess(at, rng_.pick(from), account.user, host, true);
    attempt.failures = static_cast<std::uint16_t>(per_connection);
  }
  if (number_ % 2 == 0) {
    const Time at =
        times.back() + Time{per_connection} * 4 * kSecond + seconds(rng_.uniform(1.0, 30.0));
    log_on_after(at, from.front(), account, host, rng_.between(0, 3));
  }
}

void Intruder::slow_guessing() {
  std::vector<const Account*> targets;
  for (int i = rng_.chance(0.6) ? 1 : rng_.between(2, 3); i > 0; --i) {
    targets.push_back(&victim());
  }
  const int guesses = rng_.between(40, 150);
  const Time first = any_time(0.7);
  const Time span = seconds(rng_.uniform(0.5, 5.0) * 86400.0);
  const std::vector<Time> times = spread(first, span, guesses);
  std::vector<std::uint32_t> hosts;
  for (int i = rng_.between(1, 4); i > 0; --i) {
    hosts.push_back(exposed_host(*targets.front(), 0.6));
  }
  Address from = anywhere();
  for (const Time at : times) {
    if (!rng_.chance(0.15)) {
      from = anywhere();
    }
    const std::uint32_t user = rng_.pick(targets)->user;
    add_guess(at, from, user, rng_.pick(hosts), true);
  }
  if (number_ % 5 == 1 || number_ % 5 == 4) {
    const Time at = times.back() + seconds(rng_.log_uniform(5.0, 3600.0));
    const int more = rng_.between(0, 2);
    log_on_after(at, anywhere(), *targets.front(), hosts.front(), more);
  }
}

}  // namespace doorward::fleet
