// Detector `joint`: one event, one surprise. The p-values of all rare rules on an event are
// combined by Fisher's method, X = -2 sum w ln p (Fisher, 1932; weights after Good, 1955). Those
// p-values are discrete, conservative and depend on each other (a new address comes with a new
// network), so X is not held against chi-square but against its own measured distribution: every
// event's X is counted in the baseline, in bins that add across hosts, and the joint p-value is the
// share of events at least as surprising. Before enough was seen, Brown's moment fit stands in
// (measured_tail.h).
//
//   [joint]
//   over = ["rare_source_ip_for_user", ...]   rules to combine; default: every `rare` rule
//   weights = { rare_host_for_user = 0.5 }    weight of a rule's -2 ln p in the sum; default 1
//   mean = 2.5                                moments of X before any was seen
//   variance = 14
#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "plugins/detectors/detector.h"
#include "plugins/detectors/measured_tail.h"

namespace doorward {
namespace {

/// Below this X no event is below p = 0.05 by any reasonable prior; the tail is not computed.
constexpr double kDullBelow = 3;
/// No single part may carry more than this into the sum (p = 1e-6: -2 ln p).
constexpr double kPartMax = 27.6;

class Joint final : public Detector {
 public:
  struct Weight {
    std::string rule;
    double weight = 1;
  };

  Joint(std::string where, Hash128 name, std::vector<std::string> over, std::vector<Weight> weights,
        TailPrior prior)
      : where_(std::move(where)),
        name_(name),
        over_(std::move(over)),
        weights_(std::move(weights)),
        prior_(prior) {}

  [[nodiscard]] Stage stage() const override { return Stage::joint; }
  [[nodiscard]] bool has_p_values() const override { return true; }

  void bind(std::span<const Rule* const> rules, std::span<const std::string> left_out,
            std::vector<Error>& mistakes) override {
    const auto expect = [&](std::string_view key, const std::string& id) {
      const auto same = [&](const Rule* rule) { return rule->id == id; };
      if (std::any_of(rules.begin(), rules.end(), same)) return;
      if (std::find(left_out.begin(), left_out.end(), id) != left_out.end()) return;
      mistakes.push_back({where_, std::string(key) + ": no rule \"" + id + "\""});
    };
    for (const std::string& id : over_) expect("over", id);
    for (const Weight& weight : weights_) expect("weights", weight.rule);
    parts_.clear();
    taken_ = 0;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      parts_.push_back(weight_of(*rules[i]));
      if (takes(*rules[i])) taken_ |= std::uint64_t{1} << i;
    }
  }

  [[nodiscard]] std::uint64_t parts() const override { return taken_; }

  void score(const ScoreInput& input, Evidence& out) const override {
    double x = 0;
    for (std::uint64_t left = input.earlier_applies & taken_; left != 0; left &= left - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(left));
      out.applies = true;
      const double p = input.earlier[i].p_value;
      if (p < 1) x += parts_[i] * std::min(kPartMax, -2 * std::log(p));
    }
    out.statistic = x;
    out.p_value =
        x < kDullBelow ? 1 : measured_tail(input.baseline.histograms().read(name_), prior_, x);
  }

  void calibrate(const EventKeys& /*keys*/, const Evidence& evidence, bool repeated,
                 std::int64_t epoch, Baseline& baseline,
                 std::span<std::byte> /*state*/) const override {
    // One new habit, counted each time that it comes, would make the whole tail look common.
    if (repeated) return;
    baseline.histograms().add(name_, static_cast<std::uint32_t>(tail_bin(evidence.statistic)),
                              epoch);
  }

 private:
  [[nodiscard]] bool takes(const Rule& rule) const {
    return over_.empty() ? rule.detector == "rare"
                         : std::find(over_.begin(), over_.end(), rule.id) != over_.end();
  }

  [[nodiscard]] double weight_of(const Rule& rule) const {
    for (const Weight& weight : weights_) {
      if (weight.rule == rule.id) return weight.weight;
    }
    return 1;
  }

  std::string where_;  // file:line of the settings
  Hash128 name_;
  std::vector<std::string> over_;
  std::vector<Weight> weights_;
  std::vector<double> parts_;  // weights by rule; so that no name is compared for an event
  std::uint64_t taken_ = 0;
  TailPrior prior_;
};

std::unique_ptr<Detector> make_joint(Rule& rule, Params& table, ViewTable& /*views*/) {
  std::vector<std::string> over = table.texts("over");
  std::vector<Joint::Weight> weights;
  if (std::optional<Params> named = table.table("weights")) {
    for (const std::string& id : named->leaf_keys()) {
      weights.push_back({id, named->number(id, 1, 0, 10)});
    }
  }
  TailPrior prior;
  prior.mean = table.number("mean", prior.mean, 0.01, 1000);
  prior.variance = table.number("variance", prior.variance, 0.01, 100'000);
  if (rule.suppress_by.empty()) {
    rule.suppress_by = {View{Cut::whole, Field::user_name, false}};
  }
  // Histograms are named without the fleet key: what is counted is no secret.
  return std::make_unique<Joint>(table.where(), hash_text(HashKey{}, rule.id), std::move(over),
                                 std::move(weights), prior);
}

}  // namespace

extern const DetectorPlugin kDetectorJoint;
const DetectorPlugin kDetectorJoint = {
    "joint", "all rare rules on one event, combined into one p-value", make_joint};

}  // namespace doorward
