// Seeded random numbers for the fleet simulator.
//
// Everything is written out here, because the standard library's distributions may differ from one
// library to the next and a seed must give the same fleet everywhere. fork() derives an
// independent stream from the *seed*, not from the numbers drawn so far, so that adding a draw
// in one part of the simulator leaves every other part as it was.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace doorward::fleet {

// The splitmix64 finaliser: a bijection that spreads every input bit over the whole output.
constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : seed_(seed), state_(mix(seed + kGolden)) {}

  // An independent stream named by a label and a number.
  [[nodiscard]] Rng fork(std::string_view label, std::uint64_t number = 0) const {
    std::uint64_t value = seed_ + kGolden;
    for (const char c : label) {
      value = mix(value ^ static_cast<unsigned char>(c)) + kGolden;
    }
    return Rng(mix(value ^ mix(number + kGolden)));
  }

  std::uint64_t next() { return mix(state_ += kGolden); }

  // Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  // Uniform in [0, count); count must be in 1..2^32-1. The bias is below count / 2^32.
  std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(((next() >> 32) * static_cast<std::uint64_t>(count)) >> 32);
  }

  // Uniform in [low, high], both included.
  int between(int low, int high) {
    return low + static_cast<int>(below(static_cast<std::size_t>(high - low) + 1));
  }

  bool chance(double probability) { return uniform() < probability; }

  double normal(double mean, double deviation) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    const double angle = 2.0 * std::numbers::pi * uniform();
    return mean + deviation * radius * std::cos(angle);
  }
  double exponential(double mean) { return -mean * std::log(1.0 - uniform()); }
  double lognormal(double median, double sigma) { return median * std::exp(normal(0.0, sigma)); }
  double log_uniform(double low, double high) {
    return low * std::exp(uniform() * std::log(high / low));
  }

  int poisson(double mean) {
    if (mean > 60.0) {
      return static_cast<int>(std::max(0.0, std::round(normal(mean, std::sqrt(mean)))));
    }
    const double limit = std::exp(-mean);
    int count = 0;
    double product = uniform();
    while (product > limit) {
      ++count;
      product *= uniform();
    }
    return count;
  }

  // Failures before the first stop: 0, 1, 2, ... with the given chance to go on each time.
  int geometric(double go_on, int most) {
    int count = 0;
    while (count < most && chance(go_on)) {
      ++count;
    }
    return count;
  }

  template <typename T>
  const T& pick(const std::vector<T>& values) {
    return values[below(values.size())];
  }

  // An index with probability proportional to its weight; the weights must not all be zero.
  std::size_t weighted(std::span<const double> weights) {
    double total = 0.0;
    for (const double weight : weights) {
      total += weight;
    }
    double left = uniform() * total;
    for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
      left -= weights[i];
      if (left < 0.0) {
        return i;
      }
    }
    return weights.size() - 1;
  }

  template <typename T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[below(i)]);
    }
  }

 private:
  static constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;
  std::uint64_t seed_;
  std::uint64_t state_;
};

}  // namespace doorward::fleet
