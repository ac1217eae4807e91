#include "bench/fleet/world.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace doorward::fleet {
namespace {

struct HostGroup {
  std::string_view prefix;
  Duty duty;
  Zone zone;
  double share;
};

constexpr std::array<HostGroup, 13> kGroups{{
    {"web", Duty::web, Zone::cloud, 0.16},
    {"app", Duty::app, Zone::cloud, 0.14},
    {"edge", Duty::web, Zone::cloud, 0.05},
    {"app-int", Duty::app, Zone::onprem, 0.09},
    {"build", Duty::build, Zone::onprem, 0.08},
    {"git", Duty::files, Zone::onprem, 0.03},
    {"ana", Duty::analysis, Zone::onprem, 0.08},
    {"files", Duty::files, Zone::onprem, 0.05},
    {"infra", Duty::infra, Zone::onprem, 0.05},
    {"db", Duty::database, Zone::inner, 0.14},
    {"queue", Duty::app, Zone::inner, 0.05},
    {"vault", Duty::infra, Zone::inner, 0.03},
    {"jump", Duty::jump, Zone::jump, 0.05},
}};

// Names that services have here. Some are in every password guesser's dictionary too.
constexpr std::array<std::string_view, 26> kServiceNames{
    "root",    "backup",  "nagios",     "ansible",   "etl",     "git",      "postgres",
    "rsync",   "logship", "prometheus", "mirror",    "reports", "ldapsync", "dbcopy",
    "archive", "certbot", "metrics",    "inventory", "feeds",   "scanner",  "puppet",
    "webpush", "billing", "geoupdate",  "snapshots", "healthd"};
constexpr std::array<std::string_view, 4> kRunnerNames{"deploy", "gitlab-runner", "jenkins",
                                                       "ci-e2e"};

constexpr std::string_view kKeyLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

World::World(const Config& config)
    : config_(config), rng_(Rng(config.seed).fork("world")), networks_(rng_.fork("networks")) {
  build_hosts();
  build_services();
  build_staff();
  build_dormant();
}

std::uint32_t World::add_name(std::string_view name) {
  names_.emplace_back(name);
  return static_cast<std::uint32_t>(names_.size() - 1);
}

std::uint32_t World::add_key(Rng& rng) {
  std::string text = rng.chance(0.75) ? "ED25519" : rng.chance(0.8) ? "RSA" : "ECDSA";
  text += " SHA256:";
  for (int i = 0; i < 42; ++i) {
    text += kKeyLetters[rng.below(kKeyLetters.size())];
  }
  text += kKeyLetters[4 * rng.below(16)];  // the last of 43 letters carries four bits
  keys_.push_back(std::move(text));
  return static_cast<std::uint32_t>(keys_.size() - 1);
}

int World::day_of(Time time) const {
  const Time day = (time - config_.start) / kDay;
  return static_cast<int>(std::clamp<Time>(day, 0, config_.days - 1));
}

Address World::office_exit(int site, std::uint64_t who) {
  return v4(146, 40 + static_cast<unsigned>(site), 17, 4 + static_cast<unsigned>(mix(who) % 3));
}

Address World::vpn_exit(std::uint64_t who) {
  return v4(146, 40, 17, 20 + static_cast<unsigned>(mix(who) % 2));
}

void World::build_hosts() {
  Rng rng = rng_.fork("hosts");
  by_zone_.resize(4);
  double due = 0.0;
  for (const HostGroup& group : kGroups) {
    due += group.share * config_.hosts;
    const bool last = &group == &kGroups.back();
    const auto target = static_cast<std::size_t>(last ? config_.hosts : std::lround(due));
    for (int i = 1; hosts_.size() < target; ++i) {
      Host host;
      host.name = std::string(group.prefix) + (i < 10 ? "0" : "") + std::to_string(i);
      host.zone = group.zone;
      host.duty = group.duty;
      host.dual_stack = group.zone == Zone::cloud && rng.chance(0.6);
      host.new_sshd = rng.chance(0.12);
      host.small_pids = rng.chance(0.2);
      host.folds_repeats = rng.chance(0.15);
      const auto index = static_cast<std::uint32_t>(hosts_.size());
      host.inside = v4(10, 20 + static_cast<unsigned>(group.zone), index / 200, 10 + index % 200);
      by_zone_[static_cast<std::size_t>(group.zone)].push_back(index);
      if (group.zone == Zone::cloud || group.zone == Zone::jump) {
        exposed_.push_back(index);
      }
      hosts_.push_back(std::move(host));
    }
  }

  // Teams share hosts: a handful each, from two or three duties.
  const int teams = std::max(4, config_.users / 15);
  for (int team = 0; team < teams; ++team) {
    std::vector<std::uint32_t> shared;
    const int count = rng.between(5, 11);
    for (int i = 0; i < count; ++i) {
      const auto host = static_cast<std::uint32_t>(rng.below(hosts_.size()));
      if (hosts_[host].zone == Zone::jump) {
        continue;
      }
      if (std::ranges::find(shared, host) == shared.end()) {
        shared.push_back(host);
      }
    }
    if (shared.empty()) {
      shared.push_back(by_zone_[0].front());
    }
    team_hosts_.push_back(std::move(shared));
  }
}

void World::build_services() {
  Rng rng = rng_.fork("services");
  const int services = std::max(2, config_.users * 23 / 300);
  const int runners = std::max(1, config_.users * 4 / 300);
  // Large fleets use every name several times over.
  const auto name_at = [](const auto& list, int index) {
    const auto size = static_cast<int>(list.size());
    const std::string name(list[static_cast<std::size_t>(index % size)]);
    return index < size ? name : name + "-" + std::to_string(index / size + 1);
  };
  for (int i = 0; i < services + runners; ++i) {
    Account account;
    const bool runner = i >= services;
    account.name = runner ? name_at(kRunnerNames, i - services) : name_at(kServiceNames, i);
    account.role = runner ? Role::runner : Role::service;
    account.user = add_name(account.name);
    account.last_day = config_.days;
    account.method = !runner && rng.chance(0.15) ? Method::password : Method::publickey;
    if (account.method == Method::publickey) {
      account.keys.push_back({add_key(rng), 0});
    }
    const int targets = runner ? rng.between(6, 14) : 1 + rng.geometric(0.75, 40);
    for (int t = 0; t < targets; ++t) {
      const auto host = static_cast<std::uint32_t>(rng.below(hosts_.size()));
      account.hosts.push_back({host, 1.0, 0, config_.days});
    }
    accounts_.push_back(std::move(account));
  }
}

void World::build_dormant() {
  // Accounts that nobody uses any more. Half were seen in the first days of the log; the others
  // were last used before it begins. Some are attacked, some stay quiet.
  const int count = config_.attacks + 6;
  for (int i = 0; i < count; ++i) {
    Account account = new_person(5000 + i, 0);
    account.role = Role::dormant;
    account.last_day = i % 2 == 0 ? std::min(1 + i / 2 % 3, config_.days) : 0;
    if (account.last_day > 0) {
      account.days[0].place =
          account.days[0].place == Place::away ? Place::home : account.days[0].place;
      account.days[0].working = true;
      account.rate = 6.0;
    }
    accounts_.push_back(std::move(account));
  }
}

std::uint32_t key_on(const Account& account, int day, Place place) {
  const std::vector<KeyUse>& uses =
      place == Place::office && !account.desk_keys.empty() ? account.desk_keys : account.keys;
  std::uint32_t key = uses.front().key;
  for (const KeyUse& use : uses) {
    if (use.from_day <= day) {
      key = use.key;
    }
  }
  return key;
}

}  // namespace doorward::fleet
