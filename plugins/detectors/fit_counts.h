// How often values were new, counted so that the counts of many hosts add: what theta and d of
// detector rare are fitted from (fit.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/detectors/novelty.h"
#include "plugins/state_archive.h"
#include "sketch/result.h"

namespace doorward {

/// With n the total of a partition and K its distinct values before an event, the event is new with
/// probability (theta + d K) / (n + theta). So the logarithm of the likelihood of all events is
///
///   sum over the new ones of ln(theta + d K)
///   + sum over the others of ln(1 - d K/n)        (and ln n, in which there is no parameter)
///   - sum over all of ln(n + theta)
///
/// and three histograms say all of it: of K of the new ones, of K/n of the others, of n of all.
/// Numbers up to 15 have bins of their own, larger ones four (K) or two (n) an octave; K/n has
/// sixteen equal ones, and beside the count of each the sum of the shares in it, so that their mean
/// is known. Events of partitions with a larger n or K than there are bins for are not counted:
/// both are known before the event, so leaving it out favours neither answer.
inline constexpr std::size_t kFitDistinctBins = 48;  // K < 2^12
inline constexpr std::size_t kFitTotalBins = 48;     // n < 2^20
inline constexpr std::size_t kFitShareBins = 16;     // and as many sums
inline constexpr std::size_t kFitBins = kFitDistinctBins + kFitTotalBins + 2 * kFitShareBins;
/// One in the sums of shares.
inline constexpr std::uint64_t kFitShareOne = 65'536;

using FitBins = std::array<std::uint64_t, kFitBins>;

/// Places among the bins. `distinct` and `total` at least 1; kFitBins: there is no bin for it.
std::size_t fit_bin_of_new(double distinct);
std::size_t fit_bin_of_total(double total);
/// The place of the count; that of the sum is kFitShareBins further.
std::size_t fit_bin_of_share(double share);
/// min(1, K/n), with neither below 1.
double fit_share(double distinct, double total);

/// The whole numbers of a bin of new ones or totals: [first, last].
struct FitRange {
  double first = 0;
  double last = 0;
};
FitRange fit_range_of_new(std::size_t bin);
FitRange fit_range_of_total(std::size_t bin);
/// The shares K/n of a bin: [first, last).
FitRange fit_range_of_share(std::size_t bin);

/// Most rules in one set of counts, and longest id; what goes beyond is refused when decoding, and
/// left out when merging.
inline constexpr std::size_t kFitRulesMax = 256;
inline constexpr std::size_t kFitIdBytesMax = 64;
/// Most that an encoded number may be; more is cut when encoding and refused when decoding. Sums of
/// more than 64 bits stay at the greatest number.
inline constexpr std::uint64_t kFitNumberMax = std::uint64_t{1} << 56U;
/// Longest encoding that is looked at: all bins of all rules.
inline constexpr std::size_t kFitBytesMax = kFitRulesMax * (kFitIdBytesMax + 8 + kFitBins * 8);

/// Counts of a few rules. Not thread-safe.
class FitCounts {
 public:
  FitCounts() = default;
  /// By index of the rule set; an empty id is a rule that is not counted.
  explicit FitCounts(std::vector<std::string> ids);

  /// One event of the rule at this index. Does not allocate.
  void count(std::size_t rule, const Novelty& told);

  /// Adds counts of the same rules, by id. Rules that are not here are added as long as there are
  /// no more than kFitRulesMax. Bins stay at the greatest number instead of running over.
  void merge(const FitCounts& other);

  /// All counts become 0; rules stay.
  void clear();
  [[nodiscard]] bool empty() const;
  /// Counted, of all rules together.
  [[nodiscard]] std::uint64_t events() const;

  /// By id; null when not counted here.
  [[nodiscard]] const FitBins* bins(std::string_view id) const;
  /// Ids by index; empty ones are not counted.
  [[nodiscard]] std::vector<std::string_view> ids() const;

  /// Only what is not 0; the same counts give the same bytes, whatever the order of rules.
  [[nodiscard]] std::vector<std::uint8_t> encode() const;
  /// Trusts nothing. Errors: too long, damaged, beyond the limits above, or another version.
  static Result<FitCounts> decode(std::span<const std::uint8_t> bytes);

  /// For an agent's saved state: load() adds what was saved of rules that are still counted.
  void save(StateWriter& out) const;
  void load(StateReader& in);

 private:
  struct OfRule {
    std::string id;
    FitBins bins{};
  };
  void read(StateReader& in, bool any_rule);

  std::vector<OfRule> rules_;
};

}  // namespace doorward
