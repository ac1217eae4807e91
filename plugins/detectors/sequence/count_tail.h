// How unusual a count is, from how often each count was seen before.
#pragma once

#include <array>
#include <cstdint>

#include "sketch/histograms.h"

namespace doorward {

inline constexpr std::size_t kCountBins = Histograms::kBins;

/// The bin of a count: its own up to 63, then eight for each doubling, 16,384 and above in the
/// last.
unsigned count_bin(std::uint32_t count);

/// P(N >= count), in (0, 1], given how many past counts fell into each bin.
///
/// Before much was seen, N is believed to be 0 in 95 of 100 cases and otherwise geometric, each
/// further one half as probable: people mistype a password once, twice, seldom four times. Then the
/// measured share takes over: where fewer than kCountCompany were seen as large, it is the share of
/// the largest count that had such company, and falls no faster than 1/count beyond it, since what
/// makes large counts (a program that goes on with an old password) knows no scale. Between the two
/// the logarithms are averaged, weighed by how much was seen. Never grows with the count.
double count_tail(const std::array<std::uint64_t, kCountBins>& bins, std::uint32_t count);

inline constexpr std::uint64_t kCountCompany = 4;

}  // namespace doorward
