// What a rate's past buckets held, in the totals of the baseline, and what that lets expect.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "plugins/detectors/rates/negative_binomial.h"
#include "plugins/view.h"
#include "sketch/baseline.h"

namespace doorward {

/// A bucket is part of history from its second event on: a busy bucket. What is modelled is z, the
/// events beyond these two. So what comes once - a guess from each of ten million addresses, a name
/// that nobody else makes up - writes nothing and thins no average.
inline constexpr std::uint32_t kBusyFrom = 2;
inline double beyond_busy(double count) {
  return count <= kBusyFrom ? 0 : count - kBusyFrom;
}

/// Whose past a bucket is held against.
enum class Kind : std::uint8_t {
  unknown,
  newcomer,     ///< a partition with fewer than four busy buckets in its past: mostly the fleet's
  established,  ///< a partition with more: mostly its own. Without own history: everybody
};

/// What is expected of a busy bucket.
struct RateModel {
  NegativeBinomial beyond;  ///< of z
  double buckets = 0;       ///< past busy buckets of the partition (of all, without own history)
  Kind kind = Kind::unknown;
  bool assumed = false;  ///< neither the partition nor the fleet has taught anything
};

/// What a bucket has taught so far. Plain bytes, all zero when it begins.
struct Taught {
  std::uint32_t own = 0;    ///< events that the partition's history has learned
  std::uint32_t fleet = 0;  ///< events that the fleet's history has learned
  bool of_fleet = false;    ///< it teaches the fleet's history
  bool fleet_done = false;  ///< ... no more
};

/// Number of busy buckets n, sum of z and sum of z^2, for each partition (its own history) and for
/// all of them together (the fleet's). Hours of the week scale the mean: n and sum of z of all
/// buckets for each of the 168 hours and, on demand, of each partition for each four hours of
/// working days and weekends. Each is a key of Totals, so every update is a sum and baselines of
/// hosts add. Sums weigh 0.9 to the power of their age in epochs. Keys: up to 343 for the rule; 3
/// for each partition, 27 with its own hours.
///
/// The fleet's history is the prior for partitions that have little of their own, so it has to be
/// like them. Where there are own histories it holds the buckets of newcomers alone, and none of a
/// rule's first epoch, in which everything is a newcomer: an account at which the whole internet
/// guesses every day tells nothing of the others. And a bucket counts in it with no more than the
/// mean and 2.5 standard deviations, so that some that are quite different do not set the scale
/// (moments of a mixture that one bucket in a hundred dominates would call everything possible);
/// when more than one in eight is that large, they are usual and the limit moves up by itself.
///
/// z is negative binomial, by a Gamma-Poisson model (Gelman et al., "Bayesian Data Analysis"; with
/// moments in the place of a full posterior). With m and alpha of the fleet's history
/// (variance = m + alpha m^2), half of alpha is taken for differences between partitions and half
/// for those from bucket to bucket. So a partition's rate has the Gamma prior of shape
/// a = 2 / alpha and mean m, worth a / m buckets; its posterior has shape a + S and mean
/// (a + S) / (a / m + n); and its own dispersion from bucket to bucket is measured, shrunk to
/// alpha / 2 with the weight of kOwnSpread buckets, and never below Poisson.
class RateHistory {
 public:
  enum class Hours : std::uint8_t { none, all, own };

  struct Settings {
    double usual = 4;          ///< mean of a busy bucket before any was seen
    double spread = 1;         ///< alpha before any was seen
    bool own = true;           ///< keep a history of each partition
    Hours hours = Hours::all;  ///< whether hours of the week matter, and whose
    Space space = Space::successes;
  };

  RateHistory(std::string_view rule_id, const Settings& settings);

  /// The model for a bucket of `partition`. What this bucket has taught so far is taken out again.
  /// `fleet`: the hash of the view of that name.
  [[nodiscard]] RateModel model(const Baseline& baseline, Hash128 fleet, Hash128 partition,
                                int hour_of_week, const Taught& taught) const;

  /// What a bucket of `partition` that begins is.
  [[nodiscard]] Kind kind_of(const Baseline& baseline, Hash128 partition) const;

  /// Whether newcomers tell anything by now: the rule has seen an epoch's end.
  [[nodiscard]] bool settled(const Baseline& baseline, Hash128 fleet) const;

  /// The bucket of `partition` held `to` events. Learns what is not learned yet.
  void teach(Baseline& baseline, std::int64_t epoch, Hash128 fleet, Hash128 partition,
             int hour_of_week, std::uint32_t to, Taught& taught) const;

 private:
  struct Sums {
    double n = 0;
    double s = 0;
    double q = 0;
    bool full = false;  // a counter is at its limit: q says nothing
  };
  enum class Part : std::uint8_t { buckets, sum, squares };

  /// A total over the epochs, each by its weight.
  struct Weighed {
    double sum = 0;
    bool full = false;  // a counter is at its limit
  };

  [[nodiscard]] Hash128 key(Hash128 partition, int season, Part part) const;
  [[nodiscard]] Weighed weigh(const Baseline& baseline, Hash128 key) const;
  [[nodiscard]] Sums read(const Baseline& baseline, Hash128 partition, int season, bool squares,
                          std::uint32_t taught) const;
  [[nodiscard]] NegativeBinomial prior(const Baseline& baseline, Hash128 fleet,
                                       const Taught& taught, double& buckets) const;
  [[nodiscard]] double season(const Baseline& baseline, Hash128 fleet, Hash128 partition,
                              int hour_of_week, std::uint32_t taught, double own_mean) const;
  void add(Totals& totals, std::int64_t epoch, Hash128 whose, int season, bool squares,
           std::uint32_t from, std::uint32_t to) const;

  std::uint64_t number_;
  Settings settings_;
  std::array<double, kEpochSlots> weights_{};
};

}  // namespace doorward
