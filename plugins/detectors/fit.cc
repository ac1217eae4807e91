#include "plugins/detectors/fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "plugins/detectors/pitman_yor.h"

namespace doorward {
namespace {

/// Points within a bin over which a logarithm is averaged.
constexpr std::size_t kPoints = 8;

/// Events of one bin, and what K, n or K/n may have been.
struct Cell {
  double events = 0;
  std::array<double, kPoints> values{};
  std::size_t points = kPoints;
};

struct Cells {
  std::vector<Cell> fresh;   // K of those that were new
  std::vector<Cell> totals;  // n of all
  std::vector<Cell> shares;  // K/n of those that were not new
};

Cell cell_at(double events, double value) {
  Cell cell;
  cell.events = events;
  cell.points = 1;
  cell.values[0] = value;
  return cell;
}

/// Whole numbers that are equally frequent.
Cell cell_of(std::uint64_t events, FitRange range) {
  if (range.first == range.last) return cell_at(static_cast<double>(events), range.first);
  Cell cell;
  cell.events = static_cast<double>(events);
  const double low = range.first - 0.5;
  const double step = (range.last + 0.5 - low) / static_cast<double>(kPoints);
  for (std::size_t i = 0; i < kPoints; ++i) {
    cell.values[i] = low + (static_cast<double>(i) + 0.5) * step;
  }
  return cell;
}

Cells cells_of(const FitBins& bins) {
  Cells cells;
  constexpr std::size_t kShares = kFitDistinctBins + kFitTotalBins;
  for (std::size_t i = 0; i < kShares + kFitShareBins; ++i) {
    if (bins[i] == 0) continue;
    if (i < kFitDistinctBins) {
      cells.fresh.push_back(cell_of(bins[i], fit_range_of_new(i)));
    } else if (i < kShares) {
      cells.totals.push_back(cell_of(bins[i], fit_range_of_total(i)));
    } else {
      const auto events = static_cast<double>(bins[i]);
      const double mean =
          static_cast<double>(bins[i + kFitShareBins]) / static_cast<double>(kFitShareOne) / events;
      // Whoever sent them may have sent anything.
      const FitRange range = fit_range_of_share(i);
      cells.shares.push_back(cell_at(events, std::clamp(mean, range.first, range.last)));
    }
  }
  return cells;
}

template <class Log>
double sum_over(const std::vector<Cell>& cells, Log log) {
  double sum = 0;
  for (const Cell& cell : cells) {
    double mean = 0;
    for (std::size_t i = 0; i < cell.points; ++i) mean += log(cell.values[i]);
    sum += cell.events * mean / static_cast<double>(cell.points);
  }
  return sum;
}

double log_likelihood(const Cells& cells, double strength, double discount) {
  return sum_over(cells.fresh, [&](double k) { return std::log(strength + discount * k); }) +
         sum_over(cells.shares, [&](double share) { return std::log1p(-discount * share); }) -
         sum_over(cells.totals, [&](double n) { return std::log(n + strength); });
}

double events_of(const std::vector<Cell>& cells) {
  double sum = 0;
  for (const Cell& cell : cells) sum += cell.events;
  return sum;
}

struct Place {
  double log_strength = 0;
  double discount = 0;
};

/// A coarse grid, then ever finer ones around the best; the surface has one hill.
Place search(const Cells& cells) {
  constexpr int kSteps = 8;
  constexpr int kRounds = 10;
  double low = std::log(kFitStrengthMin);
  double high = std::log(kFitStrengthMax);
  double least = kDiscountMin;
  double most = kDiscountMax;
  Place best;
  double best_value = -HUGE_VAL;
  for (int round = 0; round < kRounds; ++round) {
    const int steps = round == 0 ? 4 * kSteps : kSteps;
    const double strength_step = (high - low) / steps;
    const double discount_step = (most - least) / steps;
    for (int i = 0; i <= steps; ++i) {
      for (int j = 0; j <= steps; ++j) {
        const Place at{low + i * strength_step, least + j * discount_step};
        const double value = log_likelihood(cells, std::exp(at.log_strength), at.discount);
        if (value > best_value) {
          best_value = value;
          best = at;
        }
      }
    }
    // Two steps to each side: a ridge that lies across the grid does not lose the hill.
    low = std::max(std::log(kFitStrengthMin), best.log_strength - 2 * strength_step);
    high = std::min(std::log(kFitStrengthMax), best.log_strength + 2 * strength_step);
    least = std::max(kDiscountMin, best.discount - 2 * discount_step);
    most = std::min(kDiscountMax, best.discount + 2 * discount_step);
  }
  return best;
}

}  // namespace

NoveltyFit fit_novelty(const FitBins& bins, double default_strength, double default_discount) {
  NoveltyFit out;
  out.strength = out.measured_strength = default_strength;
  out.discount = out.measured_discount = default_discount;
  const Cells cells = cells_of(bins);
  const double events = events_of(cells.totals);
  const double novel = events_of(cells.fresh);
  out.events = static_cast<std::uint64_t>(std::min(events, 1e18));
  out.novel = static_cast<std::uint64_t>(std::min(novel, 1e18));
  if (out.events < kFitEventsMin) return out;
  const Place best = search(cells);
  out.fitted = true;
  out.measured_strength = std::exp(best.log_strength);
  out.measured_discount = best.discount;
  const double measured = novel / (novel + kFitDefaultWeight);
  const double before = std::log(std::max(default_strength, kFitStrengthMin));
  out.strength = std::exp(measured * best.log_strength + (1 - measured) * before);
  out.discount = measured * best.discount + (1 - measured) * default_discount;
  return out;
}

}  // namespace doorward
