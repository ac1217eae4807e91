// The internet's background noise on exposed hosts: bots that guess, and scanners that only knock.
#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "bench/fleet/life.h"

namespace doorward::fleet {
namespace {

constexpr std::array<std::string_view, 72> kDictionary{
    "root",          "admin",     "test",      "ubuntu", "user",      "oracle",        "postgres",
    "git",           "guest",     "ftpuser",   "pi",     "debian",    "centos",        "ec2-user",
    "deploy",        "hadoop",    "mysql",     "nagios", "jenkins",   "www-data",      "tomcat",
    "support",       "backup",    "minecraft", "steam",  "es",        "elastic",       "kafka",
    "spark",         "vagrant",   "ansible",   "docker", "zabbix",    "student",       "demo",
    "web",           "ftp",       "mail",      "info",   "teamspeak", "ts3",           "server",
    "administrator", "sysadmin",  "operator",  "nginx",  "apache",    "redis",         "mongodb",
    "solana",        "validator", "node",      "eth",    "odoo",      "dev",           "developer",
    "test1",         "user1",     "testuser",  "temp",   "linux",     "system",        "anna",
    "tom",           "paul",      "maria",     "frappe", "sol",       "gitlab-runner", "amir",
    "hduser",        "svn"};

constexpr double kBotsADay = 190.0;
constexpr double kScannersADay = 60.0;
constexpr double kKnownNames = 0.003;  // guesses at a name that somebody here really has

struct Names {
  std::vector<std::uint32_t> words;  // ids of the dictionary
  std::vector<bool> exists;          // by id: has an account
  std::vector<std::uint32_t> staff;
};

Names learn_names(World& world) {
  Names names;
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (const Account& account : world.accounts()) {
    known.emplace(account.name, account.user);
    if (account.person()) {
      names.staff.push_back(account.user);
    }
  }
  for (const std::string_view word : kDictionary) {
    const auto found = known.find(word);
    names.words.push_back(found != known.end() ? found->second : world.add_name(word));
  }
  // On every Linux host there is a root, whether or not a service uses it.
  for (const Account& account : world.accounts()) {
    names.exists.resize(std::max<std::size_t>(names.exists.size(), account.user + 1U));
    names.exists[account.user] = true;
  }
  const std::size_t root = names.words.front();
  names.exists.resize(std::max(names.exists.size(), root + 1));
  names.exists[root] = true;
  return names;
}

bool exists(const Names& names, std::uint32_t user) {
  return user < names.exists.size() && names.exists[user];
}

Address somewhere(const World& world, Rng& rng) {
  const ProviderKind kind = rng.chance(0.7) ? ProviderKind::hosting : ProviderKind::residential;
  const std::size_t provider = world.networks().pick(kind, -1, rng);
  return world.networks().address(provider, rng);
}

void run_bot(const World& world, const Names& names, Time from, Rng& rng,
             std::vector<Attempt>& out) {
  const std::vector<std::uint32_t>& exposed = world.exposed();
  const Address address = somewhere(world, rng);
  const int guesses = std::clamp(static_cast<int>(rng.lognormal(6.0, 1.6)), 1, 1200);
  const double span = rng.log_uniform(5.0, 3.0 * 86400.0) * 1e6;
  const std::size_t hosts = rng.chance(0.5) ? 1 : 1 + rng.below(exposed.size());
  const std::size_t first_host = rng.below(exposed.size());
  const int per_connection = rng.chance(0.75) ? 1 : rng.between(3, 6);
  const double style = rng.uniform();
  const std::uint32_t favourite = rng.pick(names.words);
  for (int left = guesses; left > 0; left -= per_connection) {
    Attempt attempt;
    attempt.time = from + static_cast<Time>(rng.uniform() * span);
    attempt.from = address;
    attempt.host = exposed[(first_host + rng.below(hosts)) % exposed.size()];
    attempt.user = style < 0.35                                      ? names.words.front()
                   : style < 0.5                                     ? favourite
                   : rng.chance(kKnownNames) && !names.staff.empty() ? rng.pick(names.staff)
                                                                     : rng.pick(names.words);
    attempt.method = Method::password;
    attempt.failures = static_cast<std::uint16_t>(std::min(left, per_connection));
    attempt.outcome = exists(names, attempt.user) ? Outcome::failure : Outcome::invalid;
    if (rng.chance(0.04)) {
      attempt.outcome = exists(names, attempt.user) ? Outcome::abandoned : Outcome::invalid;
      attempt.failures = 0;
    }
    attempt.gap = static_cast<Time>(rng.uniform(1.8, 3.5) * 1e6);
    attempt.port = any_port(rng);
    if (attempt.time < world.config().end()) {
      out.push_back(attempt);
    }
  }
}

void run_scanner(const World& world, Time from, Rng& rng, std::vector<Attempt>& out) {
  const Address address = somewhere(world, rng);
  const double span = rng.log_uniform(20.0, 86400.0) * 1e6;
  for (const std::uint32_t host : world.exposed()) {
    if (!rng.chance(0.4)) {
      continue;
    }
    Attempt attempt;
    attempt.time = from + static_cast<Time>(rng.uniform() * span);
    attempt.from = address;
    attempt.host = host;
    attempt.outcome = Outcome::probe;
    attempt.port = any_port(rng);
    if (attempt.time < world.config().end()) {
      out.push_back(attempt);
    }
  }
}

}  // namespace

void make_noise(World& world, std::vector<Attempt>& out) {
  const Names names = learn_names(world);
  Rng rng = Rng(world.config().seed).fork("noise");
  const double factor = world.config().noise * static_cast<double>(world.exposed().size()) / 38.0;
  for (int day = 0; day < world.config().days; ++day) {
    const Time midnight = world.config().start + day * kDay;
    const double wave = rng.lognormal(1.0, 0.25);  // some days are worse
    const int bots = rng.poisson(kBotsADay * factor * wave);
    for (int i = 0; i < bots; ++i) {
      run_bot(world, names, midnight + static_cast<Time>(rng.uniform() * 86400e6), rng, out);
    }
    const int scanners = rng.poisson(kScannersADay * factor);
    for (int i = 0; i < scanners; ++i) {
      run_scanner(world, midnight + static_cast<Time>(rng.uniform() * 86400e6), rng, out);
    }
  }
}

}  // namespace doorward::fleet
