#include "plugins/pipeline/alert_budget.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "plugins/detectors/evidence.h"

namespace doorward {
namespace {

constexpr TimeUs kHourUs = 3600 * kSecondUs;
constexpr TimeUs kDayUs = 24 * kHourUs;

/// Names the set of days. A partition with so low a hash is the last that a full table gives up. Of
/// additions that travel only the low word is sent, so the high one has to follow from it.
const Hash128 kDays = wide(1);

std::int64_t floor_of(TimeUs time, TimeUs unit) {
  return time / unit - (time % unit < 0 ? 1 : 0);
}

Hash128 day_hash(std::int64_t day) {
  return hash_text(HashKey{}, {reinterpret_cast<const char*>(&day), sizeof day});
}

}  // namespace

AlertBudget::AlertBudget(const RuleSet& rules, double per_day)
    : per_day_(per_day), pending_(rules.size()), set_(rules.size()) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules.rule(i);
    const bool takes_part = rules.has_p_values(i) && rule.threshold <= 100;
    // Named without the fleet key: how many events there are is no secret.
    parts_.push_back({join(hash_text(HashKey{}, rule.id), hash_text(HashKey{}, "verdicts"), 0),
                      takes_part ? rule.budget_share : 0, rule.threshold});
    thresholds_.push_back(rule.threshold);
  }
}

void AlertBudget::count(std::span<const Evidence> evidence, RuleMask mask) {
  for (; mask != 0; mask &= mask - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(mask));
    // A rate gives one verdict for a bucket, however many events it holds.
    const bool again = evidence[i].rate.window_s > 0 && !evidence[i].rate.begins;
    if (evidence[i].applies && !again) ++pending_[i];
  }
}

void AlertBudget::apply(std::span<Evidence> evidence) const {
  if (per_day_ <= 0) return;
  for (std::size_t i = 0; i < thresholds_.size(); ++i) evidence[i].threshold = thresholds_[i];
}

void AlertBudget::flush(Baseline& baseline) {
  bool any = false;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (pending_[i] == 0) continue;
    any = true;
    if (baseline.holds(pending_epoch_)) {
      baseline.totals(Space::successes).add(parts_[i].key, pending_epoch_, pending_[i]);
    }
    pending_[i] = 0;
  }
  if (any && baseline.holds(pending_epoch_)) {
    baseline.distinct(Space::successes).add(kDays, day_hash(pending_day_), pending_epoch_);
  }
}

void AlertBudget::tick(TimeUs now, Baseline& baseline) {
  flush(baseline);
  pending_day_ = floor_of(now, kDayUs);
  pending_epoch_ = baseline.epoch_of(now);
  next_tick_ = std::min((floor_of(now, kHourUs) + 1) * kHourUs,
                        (pending_epoch_ + 1) * baseline.options().epoch_us);
  if (per_day_ > 0) follow(now, baseline);
}

double AlertBudget::days_of(const ByAge& verdicts, TimeUs now, const Baseline& baseline) {
  unsigned oldest = kEpochSlots;
  double full = 0;
  const double epoch_days = static_cast<double>(baseline.options().epoch_us) / kDayUs;
  for (unsigned age = 0; age < kEpochSlots; ++age) {
    if (verdicts[age] == 0) continue;
    if (oldest < kEpochSlots && oldest > 0) full += epoch_days;
    oldest = age;
  }
  if (oldest == kEpochSlots) return 0;
  // Counting began somewhere in the oldest epoch: its days with events tell how much of it there
  // is. The newest is over as far as `now`; those between are whole.
  const DistinctTable& distinct = baseline.distinct(Space::successes);
  const double elapsed = std::clamp(
      static_cast<double>(now - baseline.newest() * baseline.options().epoch_us) / kDayUs, 0.0,
      epoch_days);
  if (oldest == 0) return std::min(elapsed, distinct.estimate(kDays, 0));
  const double first = distinct.estimate(kDays, oldest) - distinct.estimate(kDays, oldest - 1);
  return std::clamp(first, 0.0, epoch_days) + full + (verdicts[0] > 0 ? elapsed : 0);
}

void AlertBudget::follow(TimeUs now, const Baseline& baseline) {
  std::vector<double> totals(parts_.size());
  ByAge all{};
  double shares = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].share <= 0) continue;
    const ByAge by_age = baseline.totals(Space::successes).read(parts_[i].key);
    for (unsigned age = 0; age < kEpochSlots; ++age) {
      totals[i] += by_age[age];
      all[age] = Totals::saturated_sum(all[age], by_age[age]);
    }
    if (totals[i] > 0) shares += parts_[i].share;
  }
  const double days = baseline.newest() == kNoEpoch ? 0 : days_of(all, now, baseline);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    set_[i] = totals[i] > 0 && days >= kBudgetDaysMin;
    thresholds_[i] = parts_[i].own;
    if (!set_[i]) continue;
    const double expected = per_day_ * parts_[i].share / shares;
    const double p_value = expected * days / totals[i];
    thresholds_[i] = std::clamp(score_of(p_value), kBudgetScoreMin, 100.0);
  }
}

void AlertBudget::save(StateWriter& out) const {
  out(per_day_, pending_day_, pending_epoch_, next_tick_);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    out(pending_[i], parts_[i].share, parts_[i].own, thresholds_[i],
        static_cast<std::uint8_t>(set_[i] ? 1 : 0));
  }
}

void AlertBudget::load(StateReader& in, const SavedRules& then) {
  double per_day = 0;
  in(per_day, pending_day_, pending_epoch_, next_tick_);
  constexpr std::int64_t kDaysMax = kSavedTimeMax / kDayUs;
  // The next tick is within the hour after the last, which was on that day.
  const bool ticked = next_tick_ != kNoTime;
  if (pending_day_ < -kDaysMax || pending_day_ > kDaysMax ||
      (ticked &&
       (next_tick_ <= pending_day_ * kDayUs || next_tick_ > (pending_day_ + 1) * kDayUs))) {
    in.fail();
  }
  bool alike = per_day == per_day_ && then.size() == parts_.size();
  for (std::size_t i = 0; i < then.size() && in.ok(); ++i) {
    std::uint32_t pending = 0;
    Part part;
    double threshold = 0;
    std::uint8_t set = 0;
    in(pending, part.share, part.own, threshold, set);
    const std::size_t now = then.find(i);
    if (now == SavedRules::kGone) {
      alike = false;
      continue;
    }
    pending_[now] = pending;
    alike = alike && part.share == parts_[now].share && part.own == parts_[now].own;
    if (!std::isfinite(threshold) || set > 1) in.fail();
    thresholds_[now] = threshold;
    set_[now] = set != 0;
  }
  if (alike) return;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    thresholds_[i] = parts_[i].own;
    set_[i] = false;
  }
  if (per_day_ > 0) next_tick_ = kNoTime;
}

}  // namespace doorward
