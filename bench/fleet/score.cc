#include "bench/fleet/score.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace doorward::fleet {
namespace {

constexpr int kCurvePoints = 10;
constexpr std::array<double, 7> kBudgets{0.5, 1.0, 2.0, 3.3, 5.0, 10.0, 20.0};

double days_of(Period period) {
  return static_cast<double>(period.to - period.from) / static_cast<double>(kDay);
}

CurvePoint point_at(const Truth& truth, const std::vector<Verdict>& verdicts, Period period,
                    double threshold) {
  const Score score = score_at(truth, verdicts, period, threshold);
  return {threshold, score.false_per_day, score.all.recall(), score.with_success.recall()};
}

}  // namespace

std::vector<Verdict> judge(const Truth& truth, const std::vector<Alert>& alerts, Period period) {
  std::vector<Verdict> verdicts;
  for (const Alert& alert : alerts) {
    if (alert.time < period.from || alert.time >= period.to) {
      continue;
    }
    Verdict verdict{alert.score, kFalse, 0, alert.rule};
    int best_common = 0;
    Time best_distance = 0;
    auto event =
        std::ranges::lower_bound(truth.events, alert.time - kMatchSlack, {}, &TruthEvent::time);
    for (; event != truth.events.end() && event->time <= alert.time + kMatchSlack; ++event) {
      const bool user = !alert.user.empty() && alert.user == event->user;
      const bool ip = !alert.ip.empty() && alert.ip == event->ip;
      if (!user && !ip) {
        continue;
      }
      if (!alert.host.empty() && alert.host != event->host) {
        continue;
      }
      const int common = (user ? 1 : 0) + (ip ? 1 : 0);
      const Time distance = std::abs(event->time - alert.time);
      if (common > best_common || (common == best_common && distance < best_distance)) {
        best_common = common;
        best_distance = distance;
        verdict.campaign = static_cast<int>(event->campaign);
        verdict.position = event->position;
      }
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

Score score_at(const Truth& truth, const std::vector<Verdict>& verdicts, Period period,
               double threshold) {
  Score score;
  score.by_kind.resize(truth.kinds.size());
  const double days = days_of(period);
  std::vector<int> first(truth.campaigns.size(), 0);  // 0 is not found
  for (const Verdict& verdict : verdicts) {
    if (verdict.score < threshold) {
      continue;
    }
    if (verdict.campaign == kFalse) {
      score.false_per_day += 1.0 / days;
      score.false_by_rule[verdict.rule] += 1.0 / days;
      continue;
    }
    score.true_per_day += 1.0 / days;
    int& position = first[static_cast<std::size_t>(verdict.campaign)];
    if (position == 0 || verdict.position < position) {
      position = verdict.position;
    }
  }

  std::vector<int> positions;
  for (std::size_t i = 0; i < truth.campaigns.size(); ++i) {
    const TruthCampaign& campaign = truth.campaigns[i];
    const int found = first[i] > 0 ? 1 : 0;
    if (found > 0) {
      positions.push_back(first[i]);
    }
    ++score.by_kind[campaign.kind].total;
    ++score.all.total;
    score.by_kind[campaign.kind].found += found;
    score.all.found += found;
    if (campaign.has_success) {
      ++score.with_success.total;
      score.with_success.found += found;
    }
  }
  if (!positions.empty()) {
    std::ranges::sort(positions);
    const std::size_t half = positions.size() / 2;
    score.median_events =
        positions.size() % 2 == 1 ? positions[half] : (positions[half - 1] + positions[half]) / 2.0;
  }
  return score;
}

std::vector<CurvePoint> curve(const Truth& truth, const std::vector<Verdict>& verdicts,
                              Period period) {
  std::vector<CurvePoint> points;
  if (verdicts.empty()) {
    return points;
  }
  const auto [low, high] = std::ranges::minmax(verdicts, {}, &Verdict::score);
  const double from = low.score;
  const double step = (high.score - from) / (kCurvePoints - 1);
  for (int i = 0; i < kCurvePoints && (i == 0 || step > 0.0); ++i) {
    // Rounding must not push the last threshold above the highest score.
    const double threshold = i + 1 == kCurvePoints ? high.score : from + i * step;
    points.push_back(point_at(truth, verdicts, period, threshold));
  }
  return points;
}

std::vector<BudgetPoint> budgets(const Truth& truth, const std::vector<Verdict>& verdicts,
                                 Period period) {
  std::vector<double> scores;
  std::vector<double> wrong;  // scores of false alerts
  for (const Verdict& verdict : verdicts) {
    scores.push_back(verdict.score);
    if (verdict.campaign == kFalse) {
      wrong.push_back(verdict.score);
    }
  }
  std::ranges::sort(scores);
  std::ranges::sort(wrong);
  std::vector<BudgetPoint> out;
  for (const double budget : kBudgets) {
    // The lowest score that leaves few enough false alerts at or above it.
    const auto allowed = static_cast<std::ptrdiff_t>(budget * days_of(period) + 1e-9);
    const std::ptrdiff_t excess = std::ssize(wrong) - allowed;
    auto threshold = scores.begin();
    if (excess > 0) {
      threshold = std::ranges::upper_bound(scores, wrong[static_cast<std::size_t>(excess - 1)]);
    }
    if (threshold == scores.end()) {
      continue;
    }
    out.push_back({budget, point_at(truth, verdicts, period, *threshold)});
    if (excess <= 0) {
      break;  // larger budgets change nothing
    }
  }
  return out;
}

}  // namespace doorward::fleet
