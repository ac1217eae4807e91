// The internet around the fleet: countries, access providers and the addresses they hand out.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/fleet/address.h"
#include "bench/fleet/rng.h"

namespace doorward::fleet {

struct Country {
  std::string_view code;
  int utc_minutes;  // standard time; the simulator knows no summer time
};

// The first three are where the company has its offices.
inline constexpr int kOfficeCountries = 3;
inline constexpr std::array<Country, 18> kCountries{{
    {"DE", 60},
    {"US", -300},
    {"IN", 330},
    {"GB", 0},
    {"FR", 60},
    {"NL", 60},
    {"ES", 60},
    {"PL", 60},
    {"JP", 540},
    {"SG", 480},
    {"AE", 240},
    {"BR", -180},
    {"CA", -480},
    {"AU", 600},
    {"CN", 480},
    {"RU", 180},
    {"VN", 420},
    {"NG", 60},
}};

enum class ProviderKind : std::uint8_t { residential, mobile, hotel, hosting };

struct Provider {
  ProviderKind kind{};
  int country = 0;
  std::vector<std::uint32_t> blocks;  // /16 networks
  std::uint64_t v6_base = 0;          // a /32, in the high half
};

class Networks {
 public:
  explicit Networks(Rng rng);

  [[nodiscard]] const Provider& provider(std::size_t index) const { return providers_[index]; }
  // A provider of that kind; country -1 means any.
  [[nodiscard]] std::size_t pick(ProviderKind kind, int country, Rng& rng) const;
  // An address anywhere in the provider's blocks.
  [[nodiscard]] Address address(std::size_t provider, Rng& rng) const;
  // An address inside one /16.
  static Address address_in(std::uint32_t block, Rng& rng);

 private:
  std::vector<Provider> providers_;
};

}  // namespace doorward::fleet
