// The working lives of people: when they log on, to what, from where, and how they mistype.
#include <algorithm>
#include <string>
#include <utility>

#include "bench/fleet/life.h"

namespace doorward::fleet {
namespace {

constexpr double kTypo = 0.045;        // password logons with one or more wrong tries first
constexpr double kGivesUp = 0.008;     // password logons that never come to be
constexpr double kKeyTrouble = 0.006;  // key logons that end before authentication
constexpr double kWrongName = 0.003;   // logons after a try with a mistyped name
constexpr double kStubborn = 0.002;    // days on which a program retries an old password
constexpr double kVisit = 0.003;       // logons to a host that is not one of the usual ones
constexpr double kStickyLease = 0.45;  // VPN: the same lease as last time

class Person {
 public:
  Person(World& world, const Account& account, std::vector<Attempt>& out)
      : world_(world),
        account_(account),
        out_(out),
        rng_(Rng(world.config().seed).fork("life", account.user)),
        tunnel_(World::vpn_lease(rng_)) {}

  void live() {
    for (int day = account_.first_day; day < account_.last_day; ++day) {
      const Day& today = account_.days[static_cast<std::size_t>(day)];
      if (today.place == Place::away) {
        continue;
      }
      const Time midnight = world_.config().start + day * kDay - today.utc_minutes * kMinute;
      if (!rng_.chance(kStickyLease)) {
        tunnel_ = World::vpn_lease(rng_);
      }
      if (today.working) {
        work(day, today, midnight);
      } else if (rng_.chance(account_.weekend)) {
        leisure(day, today, midnight);
      }
      if (account_.method == Method::password && rng_.chance(kStubborn)) {
        retry_old(day, today, midnight);
      }
      if (today.on_call) {
        answer_pages(day, today, midnight);
      }
    }
  }

 private:
  void work(int day, const Day& today, Time midnight) {
    const double shift = rng_.normal(account_.start_minute, account_.start_jitter);
    const bool monday = weekday(world_.config().start + day * kDay) == 0;
    const double share = monday ? 1.15 : 1.0;
    // A stretch holds 1.55 logons on average.
    const int stretches = rng_.poisson(account_.rate * share / 1.55);
    for (int i = 0; i < stretches; ++i) {
      stretch(day, today, midnight + minutes(shift + moment()), today.place, 5);
    }
    if (rng_.chance(account_.evening)) {
      const double late = rng_.normal(1260.0, 50.0);
      const Place place = today.place == Place::travel ? Place::travel : Place::home;
      const int count = 1 + rng_.poisson(0.8);
      for (int i = 0; i < count; ++i) {
        stretch(day, today, midnight + minutes(late + rng_.uniform(0.0, 90.0)), place, 3);
      }
    }
    if (account_.role == Role::operations && rng_.chance(0.03)) {
      sweep(day, today, midnight + minutes(shift));
    }
  }

  void leisure(int day, const Day& today, Time midnight) {
    const Place place = today.place == Place::office ? Place::home : today.place;
    const double from = rng_.uniform(540.0, 1260.0);
    const int count = 1 + rng_.poisson(0.6);
    for (int i = 0; i < count; ++i) {
      stretch(day, today, midnight + minutes(from + rng_.uniform(0.0, 120.0)), place, 3);
    }
  }

  void answer_pages(int day, const Day& today, Time midnight) {
    const int pages = rng_.poisson(0.45);
    for (int page = 0; page < pages; ++page) {
      const Time at = midnight + minutes(rng_.uniform(1320.0, 1830.0));
      const int hops = rng_.between(1, 4);
      const Place place = today.place == Place::travel ? Place::travel : Place::home;
      for (int i = 0; i < hops; ++i) {
        stretch(day, today, at + minutes(rng_.uniform(0.0, 40.0)), place, 1);
      }
    }
  }

  // Maintenance: many hosts within an hour or two.
  void sweep(int day, const Day& today, Time from) {
    const int count = rng_.between(10, std::max(10, static_cast<int>(world_.hosts().size()) / 2));
    const double span = rng_.uniform(20.0, 150.0);
    const Time begin = from + minutes(rng_.uniform(60.0, 300.0));
    const Whereabouts where{today.place, tunnel_, {}, false};
    for (int i = 0; i < count; ++i) {
      const Time at = begin + minutes(rng_.uniform(0.0, span));
      connect(day, today, at, where, usual_host(day, 0.35));
    }
  }

  // A program keeps trying a password that was changed.
  void retry_old(int day, const Day& today, Time midnight) {
    const Whereabouts where{today.place, tunnel_, {}, false};
    Attempt attempt;
    attempt.host = usual_host(day, 0.0);
    if (world_.hosts()[attempt.host].zone == Zone::inner) {
      return;
    }
    attempt.user = account_.user;
    attempt.method = Method::password;
    attempt.outcome = Outcome::failure;
    attempt.failures = 1;
    attempt.from = address_seen(account_, today, where, world_.hosts()[attempt.host]);
    const Time every = minutes(rng_.log_uniform(1.0, 15.0));
    const Time begin = midnight + minutes(account_.start_minute + rng_.uniform(0.0, 300.0));
    const Time end = begin + minutes(rng_.log_uniform(10.0, 300.0));
    for (Time at = begin; at < end; at += every) {
      attempt.time = at + minutes(rng_.uniform(0.0, 0.05));
      attempt.port = any_port(rng_);
      out_.push_back(attempt);
    }
  }

  void mistype_name(Attempt attempt) {
    std::string name = world_.name(attempt.user);
    const std::size_t at = rng_.below(name.size() - 1);
    if (rng_.chance(0.5)) {
      std::swap(name[at], name[at + 1]);
    } else {
      name.erase(at, 1);
    }
    if (name == world_.name(attempt.user)) {
      return;
    }
    attempt.user = world_.add_name(name);
    attempt.time -= minutes(rng_.uniform(0.2, 0.8));
    attempt.outcome = Outcome::invalid;
    attempt.failures = attempt.method == Method::publickey ? 0 : 1;
    attempt.method = Method::password;
    attempt.port = any_port(rng_);
    out_.push_back(attempt);
  }

  // Minutes after the start of work: two humps with lunch between them.
  double moment() {
    const double half = account_.work_minutes / 2.0;
    const double within = (rng_.uniform() + rng_.uniform()) / 2.0;
    if (rng_.chance(0.15)) {
      return rng_.exponential(20.0);
    }
    return rng_.chance(0.52) ? within * half : half + 30.0 + within * half;
  }

  // One or several logons in a row, from one network.
  void stretch(int day, const Day& today, Time at, Place place, int most) {
    Whereabouts where{place, tunnel_, {}, rng_.chance(account_.mobile)};
    if (rng_.chance(0.08)) {
      where.tunnel = tunnel_ = World::vpn_lease(rng_);
    }
    if (where.tethered) {
      where.mobile = world_.mobile_address(account_, rng_);
    }
    std::uint32_t host = usual_host(day, kVisit);
    const int count = 1 + rng_.geometric(0.36, most - 1);
    for (int i = 0; i < count; ++i) {
      connect(day, today, at, where, host);
      at += minutes(rng_.exponential(6.0)) + kSecond;
      if (rng_.chance(0.45)) {
        host = usual_host(day, kVisit);
      }
    }
  }

  std::uint32_t usual_host(int day, double visit) {
    if (rng_.chance(visit)) {
      const auto host = static_cast<std::uint32_t>(rng_.below(world_.hosts().size()));
      if (world_.hosts()[host].zone != Zone::jump) {
        return host;
      }
    }
    std::vector<double> weights;
    for (const HostUse& use : account_.hosts) {
      weights.push_back(day >= use.from_day && day < use.to_day ? use.weight : 1e-9);
    }
    return account_.hosts[rng_.weighted(weights)].host;
  }

  void connect(int day, const Day& today, Time at, const Whereabouts& where, std::uint32_t host) {
    const Host& target = world_.hosts()[host];
    Attempt attempt;
    attempt.time = at;
    attempt.user = account_.user;
    attempt.host = host;
    attempt.method = account_.method;
    if (account_.method == Method::publickey) {
      attempt.key = key_on(account_, day, where.place);
    }
    attempt.length =
        rng_.chance(0.3) ? minutes(rng_.uniform(0.02, 0.3)) : minutes(rng_.lognormal(22.0, 1.4));
    attempt.length = std::min(attempt.length, 14 * kHour);
    if (account_.role == Role::operations && rng_.chance(0.4)) {
      attempt.sudo = static_cast<std::uint8_t>(rng_.between(1, 3));
    }
    attempt.from = address_seen(account_, today, where, target);
    if (target.zone == Zone::inner) {
      const std::vector<std::uint32_t>& jumps = world_.hosts_in(Zone::jump);
      const std::uint32_t jump = jumps[mix(account_.user) % jumps.size()];
      Attempt first = attempt;
      first.host = jump;
      first.sudo = 0;
      first.length = attempt.length + 3 * kSecond;
      first.from = address_seen(account_, today, where, world_.hosts()[jump]);
      if (!finish(first)) {
        return;
      }
      attempt.time = first.success_time() + seconds(rng_.uniform(0.4, 3.0));
      attempt.from = world_.hosts()[jump].inside;
    }
    finish(attempt);
  }

  // Adds the human part: wrong passwords and lost patience. False when nobody got in.
  bool finish(Attempt attempt) {
    attempt.port = any_port(rng_);
    attempt.gap = seconds(rng_.uniform(3.2, 9.0));
    if (attempt.time >= world_.config().end()) {
      return false;
    }
    if (rng_.chance(kWrongName)) {
      mistype_name(attempt);
    }
    if (attempt.method == Method::publickey) {
      if (rng_.chance(kKeyTrouble)) {
        attempt.outcome = Outcome::abandoned;
      }
    } else if (rng_.chance(kGivesUp)) {
      attempt.outcome = Outcome::failure;
      attempt.failures = static_cast<std::uint16_t>(rng_.between(1, 3));
    } else if (rng_.chance(kTypo)) {
      attempt.failures = static_cast<std::uint16_t>(1 + rng_.geometric(0.25, 1));
    }
    if (attempt.time >= world_.config().start) {
      out_.push_back(attempt);
    }
    return attempt.outcome == Outcome::success;
  }

  static Time minutes(double value) { return static_cast<Time>(value * 60e6); }
  static Time seconds(double value) { return static_cast<Time>(value * 1e6); }

  World& world_;
  const Account& account_;
  std::vector<Attempt>& out_;
  Rng rng_;
  Address tunnel_;
};

}  // namespace

Address address_seen(const Account& account, const Day& day, const Whereabouts& where,
                     const Host& host) {
  const bool open = host.zone == Zone::cloud || host.zone == Zone::jump;
  if (where.place == Place::office && !where.tethered) {
    return host.zone == Zone::cloud ? World::office_exit(account.site, account.user) : day.office;
  }
  if (!open) {
    return where.tunnel;
  }
  if (account.tunnels_all) {
    return World::vpn_exit(account.user);
  }
  if (where.tethered) {
    return where.mobile;
  }
  if (where.place == Place::travel) {
    return day.hotel;
  }
  return host.dual_stack && day.home6.v6 ? day.home6 : day.home4;
}

std::uint16_t any_port(Rng& rng) {
  return static_cast<std::uint16_t>(32768 + rng.below(28232));
}

void live_people(World& world, std::vector<Attempt>& out) {
  for (const Account& account : world.accounts()) {
    if (account.person() || account.role == Role::dormant) {
      Person(world, account, out).live();
    }
  }
}

}  // namespace doorward::fleet
