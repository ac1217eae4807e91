#include "plugins/detectors/rates/rate_history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace doorward {
namespace {

constexpr double kDecay = 0.9;          // weight of a bucket for each epoch of its age
constexpr double kFleetPrior = 30;      // buckets that the built-in prior weighs
constexpr double kOwnSpread = 8;        // buckets after which a partition's own dispersion leads
constexpr double kFleetSeason = 20;     // buckets of an hour after which its ratio leads
constexpr double kOwnSeason = 8;        // the same for a partition's four hours
constexpr double kSeasonMax = 5;        // an hour is at most so many times the mean, or part of it
constexpr double kSpreadMin = 0.02;     // no fleet is so even that a partition tells nothing
constexpr double kSpreadMax = 30;       // beyond, moments say nothing
constexpr double kMeanMin = 0.05;       // of z: below it moments say nothing
constexpr double kNewcomer = 4;         // busy buckets before which a partition is one
constexpr std::uint64_t kSettled = 20;  // busy buckets of earlier epochs that end a rule's first
constexpr double kCutDeviations = 2.5;  // above the fleet's mean a bucket is cut in its history
constexpr std::uint32_t kNeverCut = 4;  // z that is never cut
constexpr int kEveryHour = 168;         // season of what all hours add up to
constexpr int kAlways = -1;             // season of what is kept for all hours together

/// Four hours of working days (0..5) or of the weekend (6..11), UTC.
int part_of_week(int hour_of_week) {
  return hour_of_week % 24 / 4 + (hour_of_week >= 5 * 24 ? 6 : 0);
}

std::uint32_t beyond(std::uint32_t count) {
  return count <= kBusyFrom ? 0 : count - kBusyFrom;
}

double spread_of(double n, double s, double q, double fallback) {
  if (n < 2) return fallback;
  const double mean = s / n;
  const double variance = std::max(0.0, (q - s * mean) / (n - 1));
  const double floor = std::max(mean, kMeanMin);
  return std::clamp((variance - mean) / (floor * floor), 0.0, kSpreadMax);
}

double ratio(double n, double s, double mean, double prior, double strength) {
  return std::clamp((s + strength * prior * mean) / ((n + strength) * mean), 1 / kSeasonMax,
                    kSeasonMax);
}

}  // namespace

RateHistory::RateHistory(std::string_view rule_id, const Settings& settings)
    : number_(hash_text(HashKey{}, std::string(rule_id) + "\nrate").low), settings_(settings) {
  double weight = 1;
  for (double& w : weights_) {
    w = weight;
    weight *= kDecay;
  }
}

Hash128 RateHistory::key(Hash128 partition, int season, Part part) const {
  return join(partition, Hash128{},
              number_ + static_cast<std::uint64_t>(season + 1) * 4 + static_cast<unsigned>(part));
}

RateHistory::Weighed RateHistory::weigh(const Baseline& baseline, Hash128 key) const {
  const auto by_age = baseline.totals(settings_.space).read(key);
  Weighed out;
  for (unsigned age = 0; age < kEpochSlots; ++age) {
    out.sum += weights_[age] * by_age[age];
    out.full = out.full || by_age[age] == std::numeric_limits<std::uint32_t>::max();
  }
  return out;
}

RateHistory::Sums RateHistory::read(const Baseline& baseline, Hash128 partition, int season,
                                    bool squares, std::uint32_t taught) const {
  Sums out;
  const auto weigh_part = [&](Part part) {
    const Weighed total = weigh(baseline, key(partition, season, part));
    out.full = out.full || total.full;
    return total.sum;
  };
  const double z = beyond(taught);
  out.n = std::max(0.0, weigh_part(Part::buckets) - (taught >= kBusyFrom ? 1 : 0));
  out.s = std::max(0.0, weigh_part(Part::sum) - z);
  if (squares) out.q = std::max(0.0, weigh_part(Part::squares) - z * z);
  return out;
}

double RateHistory::season(const Baseline& baseline, Hash128 fleet, Hash128 partition,
                           int hour_of_week, std::uint32_t taught, double own_mean) const {
  const Sums every = read(baseline, fleet, kEveryHour, false, taught);
  const double mean = every.n > 0 ? every.s / every.n : 0;
  const Sums hour = read(baseline, fleet, hour_of_week, false, taught);
  const double all = mean < kMeanMin ? 1 : ratio(hour.n, hour.s, mean, 1, kFleetSeason);
  if (settings_.hours != Hours::own || own_mean < kMeanMin) return all;
  const Sums part = read(baseline, partition, part_of_week(hour_of_week), false, taught);
  return ratio(part.n, part.s, own_mean, all, kOwnSeason);
}

Kind RateHistory::kind_of(const Baseline& baseline, Hash128 partition) const {
  if (!settings_.own) return Kind::established;
  return weigh(baseline, key(partition, kAlways, Part::buckets)).sum < kNewcomer
             ? Kind::newcomer
             : Kind::established;
}

bool RateHistory::settled(const Baseline& baseline, Hash128 fleet) const {
  if (!settings_.own) return true;
  const auto by_age = baseline.totals(settings_.space).read(key(fleet, kEveryHour, Part::buckets));
  std::uint64_t before = 0;
  for (unsigned age = 1; age < kEpochSlots; ++age) before += by_age[age];
  return before >= kSettled;
}

NegativeBinomial RateHistory::prior(const Baseline& baseline, Hash128 fleet, const Taught& taught,
                                    double& buckets) const {
  const Sums all = read(baseline, fleet, kAlways, true, taught.fleet);
  const double mean = std::max(
      kMeanMin, (kFleetPrior * beyond_busy(settings_.usual) + all.s) / (kFleetPrior + all.n));
  const double measured =
      all.full ? settings_.spread : spread_of(all.n, all.s, all.q, settings_.spread);
  const double spread = std::max(
      kSpreadMin, (kFleetPrior * settings_.spread + all.n * measured) / (kFleetPrior + all.n));
  buckets = all.n;
  return {mean, 1 / spread};
}

RateModel RateHistory::model(const Baseline& baseline, Hash128 fleet, Hash128 partition,
                             int hour_of_week, const Taught& taught) const {
  RateModel out;
  out.beyond = prior(baseline, fleet, taught, out.buckets);
  out.kind = Kind::established;
  out.assumed = !(out.buckets > 0);
  double own_mean = 0;
  if (settings_.own) {
    const Sums own = read(baseline, partition, kAlways, true, taught.own);
    const double spread = 1 / out.beyond.size;
    const double shape = 2 / spread;
    const double within =
        (own.n * spread_of(own.n, own.s, own.q, spread / 2) + kOwnSpread * spread / 2) /
        (own.n + kOwnSpread);
    out.beyond = {(shape + own.s) / (shape / out.beyond.mean + own.n),
                  1 / (1 / (shape + own.s) + within)};
    out.buckets = own.n;
    out.assumed = out.assumed && !(own.n > 0);
    out.kind = own.n < kNewcomer ? Kind::newcomer : Kind::established;
    own_mean = own.n > 0 ? own.s / own.n : 0;
  }
  if (settings_.hours != Hours::none) {
    out.beyond.mean *= season(baseline, fleet, partition, hour_of_week, taught.own, own_mean);
  }
  return out;
}

void RateHistory::add(Totals& totals, std::int64_t epoch, Hash128 whose, int season, bool squares,
                      std::uint32_t from, std::uint32_t to) const {
  if (from < kBusyFrom) totals.add(key(whose, season, Part::buckets), epoch);
  const std::uint32_t before = beyond(from);
  const std::uint32_t now = beyond(to);
  if (now == before) return;
  totals.add(key(whose, season, Part::sum), epoch, now - before);
  if (squares) {
    totals.add(key(whose, season, Part::squares), epoch, now * now - before * before);
  }
}

void RateHistory::teach(Baseline& baseline, std::int64_t epoch, Hash128 fleet, Hash128 partition,
                        int hour_of_week, std::uint32_t to, Taught& taught) const {
  if (to < kBusyFrom || to <= taught.own) return;
  Totals& totals = baseline.totals(settings_.space);
  if (taught.of_fleet && !taught.fleet_done) {
    std::uint32_t upto = to;
    if (beyond(to) > kNeverCut) {
      double buckets = 0;
      const NegativeBinomial usual = prior(baseline, fleet, taught, buckets);
      const double most = usual.mean + kCutDeviations * std::sqrt(usual.variance());
      if (beyond(to) > most) {
        upto = kBusyFrom + static_cast<std::uint32_t>(std::max<double>(most, kNeverCut));
        taught.fleet_done = true;
      }
    }
    if (upto > taught.fleet) {
      add(totals, epoch, fleet, kAlways, true, taught.fleet, upto);
      taught.fleet = upto;
    }
  }
  if (settings_.own) add(totals, epoch, partition, kAlways, true, taught.own, to);
  add(totals, epoch, fleet, kEveryHour, false, taught.own, to);
  if (settings_.hours != Hours::none) {
    add(totals, epoch, fleet, hour_of_week, false, taught.own, to);
    if (settings_.hours == Hours::own) {
      add(totals, epoch, partition, part_of_week(hour_of_week), false, taught.own, to);
    }
  }
  taught.own = to;
}

}  // namespace doorward
