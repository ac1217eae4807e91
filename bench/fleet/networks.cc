#include "bench/fleet/networks.h"

namespace doorward::fleet {
namespace {

struct Shape {
  ProviderKind kind;
  int providers;   // in each country
  int min_blocks;  // /16 networks of each
  int max_blocks;
};

constexpr std::array<Shape, 4> kShapes{{
    {ProviderKind::residential, 4, 2, 6},
    {ProviderKind::mobile, 2, 2, 4},
    {ProviderKind::hotel, 3, 1, 1},
    {ProviderKind::hosting, 2, 1, 5},
}};

// Every /16 that belongs to the public internet and to no documentation or private range.
std::vector<std::uint32_t> public_blocks() {
  std::vector<std::uint32_t> blocks;
  for (std::uint32_t a = 2; a < 223; ++a) {
    if (a == 10 || a == 127 || a == 100 || a == 169 || a == 172 || a == 192 || a == 198 ||
        a == 203 || a == 146 || a == 185) {
      continue;  // private and special ranges, and the company's own public ones
    }
    for (std::uint32_t b = 0; b < 256; ++b) {
      blocks.push_back((a << 24) | (b << 16));
    }
  }
  return blocks;
}

}  // namespace

Networks::Networks(Rng rng) {
  std::vector<std::uint32_t> blocks = public_blocks();
  rng.shuffle(blocks);
  for (std::size_t country = 0; country < kCountries.size(); ++country) {
    for (const Shape& shape : kShapes) {
      for (int i = 0; i < shape.providers; ++i) {
        Provider provider{shape.kind, static_cast<int>(country), {}, 0};
        const int count = rng.between(shape.min_blocks, shape.max_blocks);
        for (int b = 0; b < count; ++b) {
          provider.blocks.push_back(blocks.back());
          blocks.pop_back();
        }
        provider.v6_base =
            0x2a00000000000000ULL | (static_cast<std::uint64_t>(rng.below(0xffffff)) << 32);
        providers_.push_back(std::move(provider));
      }
    }
  }
}

std::size_t Networks::pick(ProviderKind kind, int country, Rng& rng) const {
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    const Provider& provider = providers_[i];
    if (provider.kind == kind && (country < 0 || provider.country == country)) {
      fitting.push_back(i);
    }
  }
  return rng.pick(fitting);
}

Address Networks::address(std::size_t provider, Rng& rng) const {
  return address_in(rng.pick(providers_[provider].blocks), rng);
}

Address Networks::address_in(std::uint32_t block, Rng& rng) {
  const auto third = static_cast<std::uint32_t>(rng.below(256));
  const auto fourth = static_cast<std::uint32_t>(1 + rng.below(254));
  return v4(block | (third << 8) | fourth);
}

}  // namespace doorward::fleet
