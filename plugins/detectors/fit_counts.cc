#include "plugins/detectors/fit_counts.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

namespace doorward {
namespace {

constexpr std::uint8_t kVersion = 1;

void add(std::uint64_t& to, std::uint64_t count) {
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - to;
  to += std::min(room, count);
}

/// Numbers below this have bins of their own.
constexpr unsigned kSingleBits = 4;
constexpr std::size_t kSingle = std::size_t{1} << kSingleBits;

/// A whole number's bin, with 2^parts_bits bins an octave.
std::size_t bin_of(double number, unsigned parts_bits, std::size_t bins) {
  // Weighted by age, a total may be below 1, and an estimate below what it estimates.
  const auto whole = static_cast<std::uint64_t>(std::clamp(number, 1.0, 1e15) + 0.5);
  if (whole < kSingle) return static_cast<std::size_t>(whole);
  const auto octave = static_cast<unsigned>(std::bit_width(whole)) - 1;
  const std::uint64_t part = (whole >> (octave - parts_bits)) & ((1U << parts_bits) - 1);
  const std::size_t bin =
      kSingle + (std::size_t{octave - kSingleBits} << parts_bits) + static_cast<std::size_t>(part);
  return bin < bins ? bin : kFitBins;
}

FitRange range_of(std::size_t bin, unsigned parts_bits) {
  if (bin < kSingle) return {static_cast<double>(bin), static_cast<double>(bin)};
  const std::size_t above = bin - kSingle;
  const std::size_t octave = kSingleBits + (above >> parts_bits);
  const std::size_t part = above & ((std::size_t{1} << parts_bits) - 1);
  const double width = std::exp2(static_cast<double>(octave) - parts_bits);
  const double first = (std::exp2(parts_bits) + static_cast<double>(part)) * width;
  return {first, first + width - 1};
}

constexpr unsigned kDistinctParts = 2;
constexpr unsigned kTotalParts = 1;
constexpr std::size_t kShares = kFitDistinctBins + kFitTotalBins;

}  // namespace

std::size_t fit_bin_of_new(double distinct) {
  return bin_of(distinct, kDistinctParts, kFitDistinctBins);
}

std::size_t fit_bin_of_total(double total) {
  const std::size_t bin = bin_of(total, kTotalParts, kFitTotalBins);
  return bin == kFitBins ? bin : kFitDistinctBins + bin;
}

double fit_share(double distinct, double total) {
  return std::min(1.0, std::max(1.0, distinct) / std::max(1.0, total));
}

std::size_t fit_bin_of_share(double share) {
  const auto bin = static_cast<std::size_t>(share * static_cast<double>(kFitShareBins));
  return kShares + std::min(bin, kFitShareBins - 1);
}

FitRange fit_range_of_new(std::size_t bin) {
  return range_of(bin, kDistinctParts);
}

FitRange fit_range_of_total(std::size_t bin) {
  return range_of(bin - kFitDistinctBins, kTotalParts);
}

FitRange fit_range_of_share(std::size_t bin) {
  constexpr double kWidth = 1 / static_cast<double>(kFitShareBins);
  const double first = static_cast<double>(bin - kShares) * kWidth;
  return {first, first + kWidth};
}

FitCounts::FitCounts(std::vector<std::string> ids) {
  rules_.reserve(ids.size());
  for (std::string& id : ids) rules_.push_back({std::move(id), {}});
}

void FitCounts::count(std::size_t rule, const Novelty& told) {
  assert(rule < rules_.size());
  if (rules_[rule].id.empty()) return;
  const std::size_t total = fit_bin_of_total(told.total);
  const std::size_t fresh = fit_bin_of_new(told.distinct);
  if (total == kFitBins || fresh == kFitBins) return;
  FitBins& bins = rules_[rule].bins;
  add(bins[total], 1);
  if (told.novel) {
    add(bins[fresh], 1);
    return;
  }
  const double share = fit_share(told.distinct, told.total);
  const std::size_t bin = fit_bin_of_share(share);
  add(bins[bin], 1);
  add(bins[bin + kFitShareBins],
      static_cast<std::uint64_t>(share * static_cast<double>(kFitShareOne) + 0.5));
}

void FitCounts::merge(const FitCounts& other) {
  for (const OfRule& theirs : other.rules_) {
    if (theirs.id.empty()) continue;
    auto ours = std::find_if(rules_.begin(), rules_.end(),
                             [&](const OfRule& one) { return one.id == theirs.id; });
    if (ours == rules_.end()) {
      if (rules_.size() >= kFitRulesMax) continue;
      rules_.push_back({theirs.id, {}});
      ours = std::prev(rules_.end());
    }
    for (std::size_t i = 0; i < kFitBins; ++i) add(ours->bins[i], theirs.bins[i]);
  }
}

void FitCounts::clear() {
  for (OfRule& rule : rules_) rule.bins.fill(0);
}

bool FitCounts::empty() const {
  return std::all_of(rules_.begin(), rules_.end(), [](const OfRule& rule) {
    return std::all_of(rule.bins.begin(), rule.bins.end(), [](std::uint64_t n) { return n == 0; });
  });
}

std::uint64_t FitCounts::events() const {
  std::uint64_t out = 0;
  for (const OfRule& rule : rules_) {
    for (std::size_t i = kFitDistinctBins; i < kShares; ++i) add(out, rule.bins[i]);
  }
  return out;
}

const FitBins* FitCounts::bins(std::string_view id) const {
  for (const OfRule& rule : rules_) {
    if (!rule.id.empty() && rule.id == id) return &rule.bins;
  }
  return nullptr;
}

std::vector<std::string_view> FitCounts::ids() const {
  std::vector<std::string_view> out;
  out.reserve(rules_.size());
  for (const OfRule& rule : rules_) out.emplace_back(rule.id);
  return out;
}

void FitCounts::save(StateWriter& out) const {
  std::vector<const OfRule*> told;
  for (const OfRule& rule : rules_) {
    const bool any =
        std::any_of(rule.bins.begin(), rule.bins.end(), [](std::uint64_t n) { return n != 0; });
    if (any && !rule.id.empty()) told.push_back(&rule);
  }
  std::sort(told.begin(), told.end(),
            [](const OfRule* a, const OfRule* b) { return a->id < b->id; });
  out.version(kVersion);
  out(static_cast<std::uint16_t>(told.size()));
  for (const OfRule* rule : told) {
    out.text(rule->id);
    std::uint16_t bins = 0;
    for (const std::uint64_t n : rule->bins) bins = static_cast<std::uint16_t>(bins + (n != 0));
    out(bins);
    for (std::size_t i = 0; i < kFitBins; ++i) {
      if (rule->bins[i] == 0) continue;
      out(static_cast<std::uint16_t>(i), std::min(rule->bins[i], kFitNumberMax));
    }
  }
}

void FitCounts::read(StateReader& in, bool any_rule) {
  in.version(kVersion);
  std::uint16_t rules = 0;
  in.between(rules, std::uint16_t{0}, static_cast<std::uint16_t>(kFitRulesMax));
  std::string before;
  for (std::size_t r = 0; r < rules && in.ok(); ++r) {
    OfRule rule{std::string(in.text(kFitIdBytesMax)), {}};
    // In order, so that none is there twice.
    if (rule.id.empty() || rule.id <= before) in.fail();
    before = rule.id;
    std::uint16_t bins = 0;
    in.between(bins, std::uint16_t{0}, static_cast<std::uint16_t>(kFitBins));
    std::size_t least = 0;
    for (std::size_t b = 0; b < bins && in.ok(); ++b) {
      std::uint16_t bin = 0;
      std::uint64_t count = 0;
      in(bin);
      in.between(count, std::uint64_t{1}, kFitNumberMax);
      if (bin < least || bin >= kFitBins) in.fail();
      if (!in.ok()) return;
      rule.bins[bin] = count;
      least = std::size_t{bin} + 1;
    }
    if (!in.ok()) return;
    if (any_rule) {
      rules_.push_back(std::move(rule));
      continue;
    }
    for (OfRule& ours : rules_) {
      if (ours.id != rule.id) continue;
      for (std::size_t i = 0; i < kFitBins; ++i) add(ours.bins[i], rule.bins[i]);
    }
  }
}

void FitCounts::load(StateReader& in) {
  read(in, false);
}

std::vector<std::uint8_t> FitCounts::encode() const {
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  save(out);
  return bytes;
}

Result<FitCounts> FitCounts::decode(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > kFitBytesMax) {
    return Error{"", "counts to fit from: longer than " + std::to_string(kFitBytesMax) + " bytes"};
  }
  FitCounts out;
  StateReader in(bytes);
  out.read(in, true);
  if (!in.done()) return Error{"", "counts to fit from: damaged, or of another version"};
  return out;
}

}  // namespace doorward
