// The people of the company: roles, usual hosts, keys, and where each of them is on each day.
#include <algorithm>
#include <array>
#include <cmath>

#include "bench/fleet/world.h"

namespace doorward::fleet {
namespace {

constexpr std::array<std::string_view, 40> kFirst{
    "anna",  "ben",    "carla", "david",  "elena", "felix", "grace", "henry",  "ines",  "jonas",
    "kavya", "lars",   "maria", "nikhil", "olga",  "paul",  "quinn", "rahul",  "sofia", "tom",
    "uma",   "viktor", "wanda", "xavier", "yara",  "zoe",   "amit",  "bianca", "chris", "deepa",
    "erik",  "farah",  "gita",  "hugo",   "irina", "jack",  "klara", "leo",    "meera", "noah"};
constexpr std::array<std::string_view, 48> kLast{
    "adler",    "bauer",  "carter",  "diaz",   "evans",   "fischer", "gupta", "hansen",
    "iyer",     "jansen", "kumar",   "lang",   "mehta",   "novak",   "olsen", "patel",
    "quist",    "reddy",  "sharma",  "turner", "ullrich", "vogel",   "weber", "young",
    "ziegler",  "arnold", "brandt",  "cooper", "dietz",   "engel",   "frank", "graham",
    "hoffmann", "ingram", "joshi",   "keller", "lopez",   "meyer",   "nair",  "otto",
    "peters",   "rao",    "schmitt", "thomas", "unger",   "varma",   "wolf",  "zimmer"};

struct RoleShape {
  Role role;
  double share;  // of all people
  double rate;   // logons on a working day, before individual spread
  int min_hosts;
  int max_hosts;
  double skew;    // Zipf exponent over the usual hosts
  double travel;  // chance to leave for a trip on a working day
};

constexpr std::array<RoleShape, 6> kRoles{{
    {Role::developer, 0.50, 7.4, 3, 9, 1.3, 0.006},
    {Role::operations, 0.11, 16.0, 18, 40, 0.7, 0.004},
    {Role::analyst, 0.19, 4.2, 1, 4, 1.2, 0.004},
    {Role::executive, 0.07, 1.8, 1, 3, 1.4, 0.06},
    {Role::contractor, 0.09, 4.5, 2, 5, 1.2, 0.01},
    {Role::occasional, 0.04, 1.5, 1, 2, 1.0, 0.0},
}};

constexpr double kDesktopKeys = 0.22;  // people with a second key at their desk
constexpr double kRotation = 0.004;    // chance a day to replace a key
constexpr int kDaysToTrack = 400;

const RoleShape& shape_of(Role role) {
  for (const RoleShape& shape : kRoles) {
    if (shape.role == role) {
      return shape;
    }
  }
  return kRoles[0];
}

}  // namespace

void World::build_staff() {
  Rng rng = rng_.fork("staff");
  const int services = static_cast<int>(accounts_.size());
  const int people = std::max(1, config_.users - services);
  for (int i = 0; i < people; ++i) {
    accounts_.push_back(new_person(i, 0));
  }

  // Leavers, and joiners who mostly begin on a Monday.
  for (int day = 2; day < config_.days; day += rng.between(4, 8)) {
    Account& leaver =
        accounts_[static_cast<std::size_t>(services) + rng.below(static_cast<std::size_t>(people))];
    leaver.last_day = std::min(leaver.last_day, day);
  }
  int number = people;
  for (int day = 1; day < config_.days; day += rng.between(2, 6)) {
    int first = day;
    const Time local = config_.start + first * kDay;
    if (rng.chance(0.65)) {
      first += (7 - weekday(local)) % 7;
    }
    if (first < config_.days) {
      accounts_.push_back(new_person(number, first));
    }
    ++number;
  }
}

Account World::new_person(int number, int first_day) {
  Rng rng = rng_.fork("person", static_cast<std::uint64_t>(number));
  Account account;
  const std::string_view first =
      rng.pick(std::vector<std::string_view>(kFirst.begin(), kFirst.end()));
  const std::string_view last = rng.pick(std::vector<std::string_view>(kLast.begin(), kLast.end()));
  account.name = rng.chance(0.7) ? std::string(1, first[0]) + std::string(last)
                                 : std::string(first) + "." + std::string(last);
  const std::string stem = account.name;
  for (int i = 2; std::ranges::find(names_, account.name) != names_.end(); ++i) {
    account.name = stem + std::to_string(i);
  }
  account.user = add_name(account.name);

  std::array<double, kRoles.size()> shares{};
  for (std::size_t i = 0; i < shares.size(); ++i) {
    shares[i] = kRoles[i].share;
  }
  account.role = kRoles[rng.weighted(shares)].role;
  const std::array<double, kOfficeCountries> sites{0.62, 0.22, 0.16};
  account.site = static_cast<int>(rng.weighted(sites));
  account.first_day = first_day;
  account.last_day = config_.days;
  settle(account, rng);
  choose_hosts(account, rng);
  choose_keys(account, rng);
  choose_days(account, rng);
  return account;
}

void World::settle(Account& account, Rng& rng) {
  const RoleShape& shape = shape_of(account.role);
  account.rate = shape.rate * rng.lognormal(1.06, 0.45);
  account.start_minute = rng.normal(535.0, 50.0);
  account.start_jitter = rng.log_uniform(8.0, 55.0);
  account.work_minutes = rng.normal(500.0, 40.0);
  account.evening = rng.chance(0.3) ? rng.uniform(0.1, 0.4) : rng.uniform(0.0, 0.06);
  account.weekend = rng.chance(0.2) ? rng.uniform(0.1, 0.35) : rng.uniform(0.0, 0.05);
  account.mobile = rng.chance(0.25) ? rng.uniform(0.03, 0.2) : 0.0;
  if (account.role == Role::executive) {
    account.mobile = rng.uniform(0.05, 0.3);
  }
  account.tunnels_all = rng.chance(0.3);
  const int home = account.role == Role::contractor && rng.chance(0.5)
                       ? static_cast<int>(rng.below(8))
                       : account.site;
  account.home_provider = networks_.pick(ProviderKind::residential, home, rng);
  account.home_block = rng.pick(networks_.provider(account.home_provider).blocks);
  account.carrier = networks_.pick(ProviderKind::mobile, home, rng);
}

void World::choose_hosts(Account& account, Rng& rng) {
  const RoleShape& shape = shape_of(account.role);
  const std::vector<std::uint32_t>* team = &rng.pick(team_hosts_);
  const int count = std::min(rng.between(shape.min_hosts, shape.max_hosts), config_.hosts / 2);
  std::vector<std::uint32_t> taken;
  const auto add = [&](int rank, int from_day, int to_day) {
    for (int tries = 0; tries < 20; ++tries) {
      const bool own = rng.chance(account.role == Role::operations ? 0.3 : 0.85);
      const std::uint32_t host =
          own ? rng.pick(*team) : static_cast<std::uint32_t>(rng.below(hosts_.size()));
      if (hosts_[host].zone == Zone::jump || std::ranges::find(taken, host) != taken.end()) {
        continue;
      }
      taken.push_back(host);
      account.hosts.push_back({host, std::pow(rank + 1.0, -shape.skew), from_day, to_day});
      return;
    }
  };
  for (int rank = 0; rank < count; ++rank) {
    add(rank, 0, kDaysToTrack);
  }

  // Drift: now and then a new host joins the list and another leaves it; a change of project
  // replaces several at once.
  for (int day = account.first_day + 1; day < config_.days; ++day) {
    const int changes = rng.chance(0.006) ? rng.between(2, 4) : rng.chance(0.012) ? 1 : 0;
    if (changes > 1) {
      team = &rng.pick(team_hosts_);
    }
    for (int i = 0; i < changes; ++i) {
      if (rng.chance(0.7) && !account.hosts.empty()) {
        HostUse& old = account.hosts[rng.below(account.hosts.size())];
        if (account.hosts.size() > 2) {
          old.to_day = std::min(old.to_day, day);
        }
      }
      add(rng.between(0, 3), day, kDaysToTrack);
    }
  }
  if (account.hosts.empty()) {
    account.hosts.push_back({by_zone_[0].front(), 1.0, 0, kDaysToTrack});
  }
}

void World::choose_keys(Account& account, Rng& rng) {
  const bool prefers_password = account.role == Role::analyst || account.role == Role::executive ||
                                account.role == Role::occasional;
  if (rng.chance(prefers_password ? 0.6 : 0.12)) {
    account.method = rng.chance(0.25) ? Method::keyboard : Method::password;
    return;
  }
  account.keys.push_back({add_key(rng), 0});
  if (rng.chance(kDesktopKeys)) {
    account.desk_keys.push_back({add_key(rng), 0});
  }
  for (int day = account.first_day + 1; day < config_.days; ++day) {
    if (!rng.chance(kRotation)) {
      continue;
    }
    auto& uses = account.desk_keys.empty() || rng.chance(0.5) ? account.keys : account.desk_keys;
    uses.push_back({add_key(rng), day});
  }
}

void World::choose_days(Account& account, Rng& rng) {
  const RoleShape& shape = shape_of(account.role);
  const double remote = account.role == Role::contractor ? 1.0
                        : rng.chance(0.22)               ? 1.0
                        : rng.chance(0.4)                ? rng.uniform(0.0, 0.15)
                                                         : rng.uniform(0.2, 0.7);
  const double renewal = rng.chance(0.4) ? 0.008 : 1.0 / rng.log_uniform(1.5, 12.0);
  const bool has_v6 = rng.chance(0.35);
  const bool stable_prefix = rng.chance(0.75);
  const std::uint64_t provider_v6 = networks_.provider(account.home_provider).v6_base;
  const auto office_net = static_cast<unsigned>(rng.below(3));

  // Absences: a leave of some days for a third of the people, a long one for a few.
  int leave_from = -1;
  int leave_to = -1;
  if (rng.chance(0.35)) {
    leave_from = rng.between(0, config_.days);
    leave_to = leave_from + rng.between(4, 16);
  } else if (rng.chance(0.05)) {
    leave_from = rng.between(-20, config_.days / 2);
    leave_to = leave_from + rng.between(24, 48);
  }
  Rng holidays = rng_.fork("holidays", static_cast<std::uint64_t>(account.site));
  const int holiday = holidays.between(3, 24);

  std::uint64_t prefix = provider_v6 | (rng.next() & 0xffffff00ULL);
  Address home4 = Networks::address_in(account.home_block, rng);
  const auto lease = [&] {
    const unsigned net = rng.chance(0.8) ? office_net : static_cast<unsigned>(rng.below(3));
    const auto site = static_cast<unsigned>(account.site);
    return v4(10, 10 + site, net, 20 + static_cast<unsigned>(rng.below(220)));
  };
  Address office = lease();
  // Other roofs: a second home that some return to, and now and then a place never seen before.
  const double roams = rng.chance(0.3) ? 0.06 : 0.015;
  const bool has_second_home = rng.chance(0.1);
  const std::size_t second_provider = networks_.pick(ProviderKind::residential, account.site, rng);
  const Address second_home = networks_.address(second_provider, rng);
  Address elsewhere;
  int elsewhere_until = -1;
  int trip_until = -1;
  std::size_t hotel = 0;
  Address hotel_address;

  account.days.resize(static_cast<std::size_t>(config_.days));
  for (int day = 0; day < config_.days; ++day) {
    Day& today = account.days[static_cast<std::size_t>(day)];
    if (rng.chance(renewal)) {
      const bool move = rng.chance(0.08);
      home4 = move ? networks_.address(account.home_provider, rng)
                   : Networks::address_in(account.home_block, rng);
      if (!stable_prefix) {
        prefix = provider_v6 | (rng.next() & 0xffffff00ULL);
      }
    }
    if (rng.chance(0.05)) {
      office = lease();
    }
    if (elsewhere_until < day && rng.chance(has_second_home ? 0.08 : roams)) {
      elsewhere_until = day + rng.between(0, 3);
      const std::size_t host = networks_.pick(ProviderKind::residential, account.site, rng);
      elsewhere = has_second_home && rng.chance(0.8) ? second_home : networks_.address(host, rng);
    }
    const bool visits = day <= elsewhere_until;
    today.home4 = visits ? elsewhere : home4;
    if (has_v6 && !visits) {
      today.home6 = v6(prefix, rng.next());
    }
    today.office = office;
    const bool week = weekday(config_.start + day * kDay) < 5;
    const bool absent = (day >= leave_from && day < leave_to) || day % 30 == holiday ||
                        rng.chance(account.role == Role::occasional ? 0.88 : 0.05);
    today.working = week && !absent;
    if (today.working && trip_until < day && rng.chance(shape.travel)) {
      trip_until = day + rng.between(1, 6);
      const int country =
          rng.chance(0.35) ? account.site : static_cast<int>(rng.below(kCountries.size() - 4));
      hotel = networks_.pick(ProviderKind::hotel, country, rng);
      hotel_address = networks_.address(hotel, rng);
    }
    const bool travels = day <= trip_until;
    if (travels && rng.chance(0.4)) {
      hotel_address = networks_.address(hotel, rng);
    }
    today.hotel = hotel_address;
    const int country = travels ? networks_.provider(hotel).country : account.site;
    today.utc_minutes =
        static_cast<std::int16_t>(kCountries[static_cast<std::size_t>(country)].utc_minutes);
    const bool gone = day >= leave_from && day < leave_to;
    today.place = gone                          ? Place::away
                  : travels                     ? Place::travel
                  : week && !rng.chance(remote) ? Place::office
                                                : Place::home;
  }
  // One week on call in six for operations.
  if (account.role == Role::operations || (account.role == Role::developer && rng.chance(0.1))) {
    for (int day = rng.between(-6, 41); day < config_.days; day += 42) {
      for (int i = std::max(0, day); i < std::min(day + 7, config_.days); ++i) {
        Day& today = account.days[static_cast<std::size_t>(i)];
        today.on_call = today.place != Place::away;
      }
    }
  }
}

}  // namespace doorward::fleet
