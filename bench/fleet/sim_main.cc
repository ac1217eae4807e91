// fleet-sim: writes the authentication log of a simulated company, with attacks in its last days.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/fleet/attacks.h"
#include "bench/fleet/life.h"
#include "bench/fleet/log_writer.h"
#include "bench/fleet/results.h"
#include "bench/fleet/world.h"

namespace {

using namespace doorward::fleet;

int simulate(const Config& config, const std::string& directory, bool stats) {
  World world(config);
  std::vector<Attempt> attempts;
  live_people(world, attempts);
  run_services(world, attempts);
  make_noise(world, attempts);
  std::erase_if(attempts, [&](const Attempt& attempt) {
    return attempt.time < config.start || attempt.time >= config.end();
  });
  const auto earlier = [](const Attempt& a, const Attempt& b) { return a.time < b.time; };
  std::ranges::stable_sort(attempts, earlier);
  const Realism realism = measure(world, attempts);
  Plan plan = plan_attacks(world, attempts);
  std::ranges::stable_sort(plan.attempts, earlier);

  std::filesystem::create_directories(directory);
  LogWriter log(world, directory + "/auth.log");
  std::vector<Attempt> all;
  all.reserve(attempts.size() + plan.attempts.size());
  std::ranges::merge(attempts, plan.attempts, std::back_inserter(all), earlier);
  std::ranges::sort(plan.new_users, {}, &NewUser::time);
  auto added = plan.new_users.begin();
  for (const Attempt& attempt : all) {
    for (; added != plan.new_users.end() && added->time <= attempt.time; ++added) {
      log.write_useradd(added->time, added->host, added->user);
    }
    log.write(attempt);
  }
  const bool written =
      log.finish() && write_truth(world, plan, directory + "/truth.csv") &&
      write_meta(world, plan, realism, log.lines(), log.bytes(), directory + "/meta.json");
  if (!written) {
    std::fprintf(stderr, "fleet-sim: cannot write to %s\n", directory.c_str());
    return 2;
  }
  if (stats) {
    std::fputs(describe(config, realism).c_str(), stdout);
  }
  std::printf("%s: %llu lines, %.1f MB, %zu campaigns\n", directory.c_str(),
              static_cast<unsigned long long>(log.lines()), static_cast<double>(log.bytes()) / 1e6,
              plan.campaigns.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  Config config;
  std::string start = "2026-01-05";
  std::string directory;
  bool stats = false;
  CLI::App app{"Writes DIR/auth.log, DIR/truth.csv and DIR/meta.json of a simulated fleet"};
  app.add_option("--out", directory, "directory to write to")->required();
  app.add_option("--seed", config.seed, "the same seed gives the same bytes");
  app.add_option("--users", config.users, "accounts on the first day")
      ->check(CLI::Range(10, 20000));
  app.add_option("--hosts", config.hosts, "hosts")->check(CLI::Range(20, 10000));
  app.add_option("--days", config.days, "days of log")->check(CLI::Range(1, 400));
  app.add_option("--test-days", config.test_days, "last days, which hold the attacks")
      ->check(CLI::Range(0, 400));
  app.add_option("--attacks", config.attacks, "campaigns of each kind")->check(CLI::Range(0, 900));
  app.add_option("--noise", config.noise, "factor on the internet's guessing")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--start", start, "first day, YYYY-MM-DD");
  app.add_flag("--sshd-only", config.sshd_only, "leave out sudo, cron and useradd lines");
  app.add_flag("--stats", stats, "print how new ordinary logons look");
  CLI11_PARSE(app, argc, argv);
  const auto first = parse_stamp(start);
  if (!first || *first % kDay != 0) {
    std::fprintf(stderr, "fleet-sim: --start must be YYYY-MM-DD, not '%s'\n", start.c_str());
    return 1;
  }
  config.start = *first;
  config.test_days = std::min(config.test_days, config.days);
  return simulate(config, directory, stats);
} catch (const std::exception& error) {
  std::fprintf(stderr, "fleet-sim: %s\n", error.what());
  return 2;
}
