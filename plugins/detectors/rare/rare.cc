// Detector `rare`: how probable is a value this rare for its partition, under a Pitman-Yor process
// with back-off to coarser views (design.md 4.2).
//
//   [rare]
//   partition = "user.name"             whose habit it is; "fleet" for everybody's
//   by = "source.ip"                    what is rare
//   backoff = ["source.ip/net",         coarser views of the same value, tried in order while the
//              "fleet: source.ip/net"]  value is new; "fleet: " looks at everybody's history
//   theta = 1.0                         Pitman-Yor strength
//   discount = 0.5                      Pitman-Yor discount at the finest level
//   backoff_discount = 0.9              the same at the coarser ones
//   smooth = 1                          hours only: neighbours that count half
//   window_days = 28                    look back so far only (default: the whole ring)
//   decay = 0.9                         weight of a count for each epoch of its age
//
// At the finest level counts are judged against logons. At a coarser one the customers are the
// distinct values of the level below, as in a hierarchical Pitman-Yor process (Teh, 2006); a fleet
// level's customers are the distinct (partition, value) pairs. The chain stops at the first level
// that knows the value. Every update is unconditional and linear, so baselines of several hosts
// add.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "plugins/detectors/detector.h"
#include "plugins/detectors/pitman_yor.h"
#include "plugins/detectors/rare/phrase.h"
#include "plugins/detectors/used_view.h"

namespace doorward {
namespace {

constexpr int kSmoothMax = 3;

struct Level {
  View partition;
  View by;
  std::uint8_t partition_index = 0;
  std::uint8_t by_index = 0;
  bool fleet = false;           // another partition than the finest level's
  std::uint64_t number = 0;     // names the level in keys
  std::uint64_t customers = 0;  // fleet levels: names the table of (partition, value) pairs
};

class Rare final : public Detector {
 public:
  Rare(Space space, std::vector<Level> levels, PitmanYor model, PitmanYor coarse, int smooth,
       unsigned age_max, double decay)
      : space_(space),
        levels_(std::move(levels)),
        model_(model),
        coarse_(coarse),
        smooth_(smooth),
        age_max_(age_max) {
    double weight = 1;
    for (double& w : weights_) {
      w = weight;
      weight *= decay;
    }
  }

  [[nodiscard]] bool has_p_values() const override { return true; }
  void score(const ScoreInput& input, Evidence& out) const override;
  void history(const ScoreInput& input, std::vector<LevelHistory>& out) const override;
  [[nodiscard]] bool learns() const override { return true; }
  [[nodiscard]] bool has_novelty() const override { return true; }
  [[nodiscard]] std::optional<Novelty> novelty(const EventKeys& keys, const ViewTable& views,
                                               const Baseline& baseline) const override;
  void learn(const EventKeys& keys, std::int64_t epoch, Baseline& baseline) const override;
  [[nodiscard]] std::string phrase(const Evidence& evidence, const Event& event) const override {
    return rare_phrase(evidence, event);
  }

 private:
  struct Seen {
    double count = 0;
    bool regular = false;             // a counter is full: not rare by any measure
    std::uint8_t dormant_epochs = 0;  // seen, but longer ago than the window
  };

  template <class Counts>
  [[nodiscard]] double weigh(const Counts& by_age) const {
    double sum = 0;
    for (unsigned age = 0; age <= age_max_; ++age) sum += weights_[age] * by_age[age];
    return sum;
  }

  /// Where to look: the event's keys, the views that made them, and the history.
  struct Sight {
    const EventKeys& keys;
    const ViewTable& views;
    const Baseline& baseline;
  };
  [[nodiscard]] Seen look_up(const Sight& sight, const Level& level, Hash128 partition) const;
  void add_count(const Sight& sight, Hash128 key, double weight, Seen& seen) const;

  Space space_;
  std::vector<Level> levels_;
  PitmanYor model_;   // of the finest level
  PitmanYor coarse_;  // of the levels above
  int smooth_;
  unsigned age_max_;
  std::array<double, kEpochSlots> weights_{};
};

void Rare::add_count(const Sight& sight, Hash128 key, double weight, Seen& seen) const {
  const std::array<std::uint8_t, kEpochSlots> by_age = sight.baseline.pairs(space_).read(key);
  // Byte i is age i; most are zero.
  double count = 0;
  for (auto left = std::bit_cast<std::uint64_t>(by_age); left != 0;) {
    const auto age = static_cast<unsigned>(std::countr_zero(left)) / 8;
    left &= ~(std::uint64_t{0xFF} << 8 * age);
    if (age > age_max_) {
      if (seen.dormant_epochs == 0) seen.dormant_epochs = static_cast<std::uint8_t>(age);
      break;
    }
    count += weights_[age] * by_age[age];
    seen.regular = seen.regular || by_age[age] == PairCounts::kCountMax;
  }
  seen.count += weight * count;
}

Rare::Seen Rare::look_up(const Sight& sight, const Level& level, Hash128 partition) const {
  Seen seen;
  const Cut cut = level.by.cut;
  if (smooth_ == 0 || (cut != Cut::hour_of_week && cut != Cut::hour_of_day)) {
    add_count(sight, join(partition, sight.keys.hash[level.by_index], level.number), 1, seen);
    return seen;
  }
  for (int step = -smooth_; step <= smooth_; ++step) {
    const Hash128 hour = sight.views.hour_hash(cut, sight.keys.hour_of_week + step);
    add_count(sight, join(partition, hour, level.number), step == 0 ? 1.0 : 0.5, seen);
  }
  return seen;
}

void Rare::score(const ScoreInput& input, Evidence& out) const {
  const Baseline& baseline = input.baseline;
  const DistinctTable& distinct = baseline.distinct(space_);
  double p = 1;
  double customers = 0;
  bool known_partition = false;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const Level& level = levels_[i];
    const Hash128 partition = input.keys.hash[level.partition_index];
    if (partition.none() || input.keys.hash[level.by_index].none()) {
      if (i == 0) break;
      continue;  // no such coarser view of this event (a country without a database): skip it
    }
    const Hash128 key = join(partition, Hash128{}, level.number);
    if (i == 0) {
      customers = weigh(baseline.totals(space_).read(key));
      known_partition = customers > 0;
    } else if (level.fleet) {
      customers = distinct.estimate(join(partition, Hash128{}, level.customers), age_max_);
      if (customers <= 0) break;
    }
    // No history of one's own is no evidence (rare_user tells of new users); the fleet's may be.
    if (!level.fleet && !known_partition) continue;

    const Seen seen = look_up({input.keys, input.views, baseline}, level, partition);
    const double values = distinct.estimate(key, age_max_);
    // Nothing learned at this level yet, but below it: the view came later than the history (a
    // geography database was added), and its silence is no evidence.
    if (i > 0 && !level.fleet && seen.count <= 0 && values <= 0) continue;
    LevelEvidence& told = out.level[out.levels++];
    told = {level.partition, level.by, level.fleet, 1, customers, values, seen.count};
    out.applies = true;
    if (i == 0) out.dormant_epochs = seen.count > 0 ? std::uint8_t{0} : seen.dormant_epochs;
    if (seen.count > 0) {
      if (i == 0 && !seen.regular) {
        told.factor = model_.at_most(seen.count, customers, told.distinct);
        p *= told.factor;
      }
      break;
    }
    told.factor = (i == 0 ? model_ : coarse_).novel(customers, told.distinct);
    p *= told.factor;
    customers = told.distinct;
  }
  out.p_value = p;
}

std::optional<Novelty> Rare::novelty(const EventKeys& keys, const ViewTable& views,
                                     const Baseline& baseline) const {
  const Level& level = levels_[0];
  const Hash128 partition = keys.hash[level.partition_index];
  if (partition.none() || keys.hash[level.by_index].none()) return std::nullopt;
  const Hash128 key = join(partition, Hash128{}, level.number);
  const double total = weigh(baseline.totals(space_).read(key));
  if (total <= 0) return std::nullopt;
  const double values = baseline.distinct(space_).estimate(key, age_max_);
  return Novelty{total, values, look_up({keys, views, baseline}, level, partition).count <= 0};
}

void Rare::history(const ScoreInput& input, std::vector<LevelHistory>& out) const {
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const Level& level = levels_[i];
    const Hash128 partition = input.keys.hash[level.partition_index];
    const Hash128 value = input.keys.hash[level.by_index];
    if (partition.none() || value.none()) continue;
    LevelHistory one;
    one.partition = level.partition;
    one.by = level.by;
    one.fleet = level.fleet;
    const Hash128 key = join(partition, Hash128{}, level.number);
    one.distinct = input.baseline.distinct(space_).estimate(key, kEpochSlots - 1);
    if (i == 0) {
      for (const auto of_age : input.baseline.totals(space_).read(key)) one.total += of_age;
    }
    const auto by_age = input.baseline.pairs(space_).read(join(partition, value, level.number));
    std::copy(by_age.begin(), by_age.end(), one.seen.begin());
    out.push_back(one);
  }
}

void Rare::learn(const EventKeys& keys, std::int64_t epoch, Baseline& baseline) const {
  const Hash128 owner = keys.hash[levels_[0].partition_index];
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const Level& level = levels_[i];
    const Hash128 partition = keys.hash[level.partition_index];
    const Hash128 value = keys.hash[level.by_index];
    if (partition.none() || value.none()) {
      if (i == 0) break;
      continue;
    }
    const Hash128 key = join(partition, Hash128{}, level.number);
    if (i == 0) baseline.totals(space_).add(key, epoch);
    const bool again = baseline.distinct(space_).add(key, value, epoch);
    baseline.pairs(space_).add(join(partition, value, level.number), epoch, again);
    if (level.fleet) {
      baseline.distinct(space_).add(join(partition, Hash128{}, level.customers),
                                    join(owner, value, level.number), epoch);
    }
  }
}

/// A stable number for a level: the same rule text means the same keys in every process.
std::uint64_t level_number(const std::string& rule_id, const std::string& part) {
  return hash_text(HashKey{}, rule_id + '\n' + part).low;
}

std::optional<Level> read_level(const Rule& rule, Params& table, ViewTable& views,
                                std::string_view key, const View& partition, std::string_view text,
                                bool fleet) {
  const std::optional<UsedView> by = use_view(table, key, text, views);
  if (!by) return std::nullopt;
  const std::optional<UsedView> owner = use_view(table, key, partition, views);
  if (!owner) return std::nullopt;
  Level level{partition, by->view, owner->index, by->index, fleet, 0, 0};
  const std::string name = partition.name() + " / " + by->view.name();
  level.number = level_number(rule.id, name);
  level.customers = level_number(rule.id, name + " / pairs");
  return level;
}

std::unique_ptr<Detector> make_rare(Rule& rule, Params& table, ViewTable& views) {
  const std::string partition_text = table.text_required("partition");
  const std::string by_text = table.text_required("by");
  const std::vector<std::string> backoff = table.texts("backoff");
  rule.strength.written = table.number("theta", 1.0, kStrengthMin, kStrengthMax);
  rule.discount.written = table.number("discount", 0.5, kDiscountMin, kDiscountMax);
  const double theta = rule.strength.in_force();
  const double discount = rule.discount.in_force();
  const double coarse_discount = table.number("backoff_discount", 0.9, kDiscountMin, kDiscountMax);
  const auto smooth = static_cast<int>(table.integer("smooth", 0, 0, kSmoothMax));
  const std::int64_t window_days = table.integer("window_days", 0, 0, 365);
  const double decay = table.number("decay", 0.9, 0.1, 1);

  const std::optional<View> partition = View::from_name(partition_text);
  if (!partition) {
    table.mistake("partition", "no such view: \"" + partition_text + "\"");
    return nullptr;
  }
  if (backoff.size() + 1 > kLevelsMax) {
    table.mistake("backoff", "at most " + std::to_string(kLevelsMax - 1) + " levels");
    return nullptr;
  }
  std::vector<Level> levels;
  const auto push = [&](std::optional<Level> level) {
    if (level) levels.push_back(*level);
    return level.has_value();
  };
  if (!push(read_level(rule, table, views, "by", *partition, by_text, false))) return nullptr;
  constexpr std::string_view kFleet = "fleet: ";
  for (const std::string& text : backoff) {
    const bool fleet = text.starts_with(kFleet);
    const std::string_view by = std::string_view(text).substr(fleet ? kFleet.size() : 0);
    if (!push(read_level(rule, table, views, "backoff", fleet ? View{} : *partition, by, fleet))) {
      return nullptr;
    }
  }
  rule.needs_place = levels[0].partition.of_place() || levels[0].by.of_place();
  if (rule.suppress_by.empty()) rule.suppress_by = {levels[0].partition, levels[0].by};
  // A ring of 7-day epochs: the newest is part of a week, so a window of w days takes in w/7 more.
  constexpr std::int64_t kOldest = kEpochSlots - 1;
  const auto age_max =
      static_cast<unsigned>(window_days == 0 ? kOldest : std::min(kOldest, (window_days + 6) / 7));
  // Anybody can write failures, so a rule that looks at them keeps its history apart.
  const Space space = rule.when.outcome() == Outcome::success ? Space::successes : Space::failures;
  return std::make_unique<Rare>(space, std::move(levels), PitmanYor(theta, discount),
                                PitmanYor(theta, coarse_discount), smooth, age_max, decay);
}

}  // namespace

extern const DetectorPlugin kDetectorRare;
const DetectorPlugin kDetectorRare = {
    "rare", "values that are rare for their partition (Pitman-Yor, with back-off)", make_rare};

}  // namespace doorward
