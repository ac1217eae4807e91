// fleet-score: compares alerts on a simulated fleet with the truth, beside what users have today.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/fleet/alerts.h"
#include "bench/fleet/peers.h"
#include "bench/fleet/report.h"
#include "bench/fleet/score.h"
#include "bench/fleet/truth.h"

namespace {

using namespace doorward::fleet;

struct Options {
  std::string truth;
  std::vector<std::string> alerts;
  std::string log;
  std::string from;
  double min_score = 0.0;
  bool json = false;
};

// The test days: as asked for, else as meta.json says, else the days that hold the campaigns.
Period period_of(const Options& options, const Truth& truth) {
  const auto meta = std::filesystem::path(options.truth).replace_filename("meta.json");
  Period period;
  if (const auto known = load_period(meta.string())) {
    period = *known;
  } else {
    for (const TruthCampaign& campaign : truth.campaigns) {
      const Time first = campaign.start / kDay * kDay;
      if (period.from == 0 || first < period.from) {
        period.from = first;
      }
      period.to = std::max(period.to, campaign.end / kDay * kDay + kDay);
    }
  }
  if (!options.from.empty()) {
    const auto from = parse_stamp(options.from);
    if (!from) {
      throw std::runtime_error("--days-from: expected YYYY-MM-DD, not '" + options.from + "'");
    }
    period.from = *from;
  }
  if (period.to <= period.from) {
    throw std::runtime_error("no test days: see --days-from");
  }
  return period;
}

void add_peers(const Truth& truth, const std::string& log, Period period,
               std::vector<Method>& methods) {
  const std::vector<Logon> logons = load_logons(log);
  std::fprintf(stderr, "fleet-score: %s: %zu logons\n", log.c_str(), logons.size());
  const auto add = [&](const char* name, const std::vector<Alert>& alerts, double threshold) {
    methods.push_back({name, judge(truth, alerts, period), threshold, false});
  };
  add("pair, 14 days", first_seen_pairs(logons, 14 * kDay), 0.0);
  add("pair, ever", first_seen_pairs(logons, std::nullopt), 0.0);
  const std::vector<Alert> rare = elastic_rare(logons);
  add("rare >= 75", rare, 75.0);
  add("rare >= 50", rare, 50.0);
}

void run(const Options& options) {
  const Truth truth = load_truth(options.truth);
  const Period period = period_of(options, truth);
  std::vector<Method> methods;
  for (const std::string& path : options.alerts) {
    const AlertFile file = load_alerts(path);
    std::vector<Verdict> verdicts = judge(truth, file.alerts, period);
    std::fprintf(stderr,
                 "fleet-score: %s: %zu alerts, %zu in the test days, %zu lines unreadable\n",
                 path.c_str(), file.alerts.size(), verdicts.size(), file.unreadable);
    methods.push_back({path == "-" ? "stdin" : std::filesystem::path(path).stem().string(),
                       std::move(verdicts), options.min_score, true});
  }
  if (!options.log.empty()) {
    add_peers(truth, options.log, period, methods);
  }
  const std::string report =
      options.json ? json_report(truth, methods, period) : text_report(truth, methods, period);
  std::fputs(report.c_str(), stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  CLI::App app{"Scores alerts (ECS, one JSON object a line) against a simulated fleet's truth"};
  app.add_option("--truth", options.truth, "truth.csv of fleet-sim")->required();
  app.add_option("--alerts", options.alerts,
                 "alerts to score; may be given more than once; - is stdin");
  app.add_option("--log", options.log, "auth.log of fleet-sim: adds the peers' methods");
  app.add_option("--days-from", options.from,
                 "first test day; default from meta.json beside the truth");
  app.add_option("--min-score", options.min_score, "leave out alerts below this doorward.score");
  app.add_flag("--json", options.json, "for machines");
  CLI11_PARSE(app, argc, argv);
  if (options.alerts.empty() && options.log.empty()) {
    std::fputs("fleet-score: nothing to score; give --alerts, --log or both\n", stderr);
    return 1;
  }
  run(options);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "fleet-score: %s\n", error.what());
  return 2;
}
