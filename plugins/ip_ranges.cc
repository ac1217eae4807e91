#include "plugins/ip_ranges.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>

namespace doorward {
namespace {

std::size_t width_of(const IpAddress& ip) {
  return ip.family == IpAddress::Family::v4 ? 4 : 16;
}

/// The address after this one; false when there is none.
bool increment(IpAddress& ip) {
  for (std::size_t i = width_of(ip); i-- > 0;) {
    if (++ip.bytes[i] != 0) return true;
  }
  return false;
}

IpAddress last_of(const IpAddress& prefix, int bits) {
  IpAddress last = prefix;
  for (std::size_t i = 0; i < width_of(prefix); ++i) {
    const int before = static_cast<int>(8 * i);
    const int fixed = std::clamp(bits - before, 0, 8);
    last.bytes[i] = static_cast<std::uint8_t>(last.bytes[i] | (0xFF >> fixed));
  }
  return last;
}

void join_touching(std::vector<IpRange>& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const IpRange& a, const IpRange& b) { return a.first.bytes < b.first.bytes; });
  std::size_t kept = 0;
  for (const IpRange& range : ranges) {
    if (kept > 0) {
      IpRange& before = ranges[kept - 1];
      IpAddress next = before.last;
      const bool touches = !increment(next) || range.first.bytes <= next.bytes;
      if (touches) {
        before.last.bytes = std::max(before.last.bytes, range.last.bytes);
        continue;
      }
    }
    ranges[kept++] = range;
  }
  ranges.resize(kept);
  ranges.shrink_to_fit();
}

}  // namespace

Result<IpRange> IpRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const std::optional<IpAddress> ip = IpAddress::parse(address);
  if (!ip) return Error{"", "expected an address or a prefix such as 10.0.0.0/8"};
  if (slash == std::string_view::npos) return IpRange{*ip, *ip};

  const bool v4 = ip->family == IpAddress::Family::v4;
  const int mapped = v4 && address.find(':') != std::string_view::npos ? 96 : 0;
  const int most = v4 ? 32 : 128;
  const std::string_view length = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  const bool number = error == std::errc() && end == length.data() + length.size();
  if (!number || bits < mapped || bits > most + mapped) {
    return Error{"", "expected a prefix length from " + std::to_string(mapped) + " to " +
                         std::to_string(most + mapped)};
  }
  bits -= mapped;
  const IpAddress prefix = ip->prefix(bits);
  if (!(prefix == *ip)) {
    std::array<char, IpAddress::kTextMax> room{};
    return Error{"", "bits are set behind the prefix; is " + std::string(prefix.format(room)) +
                         "/" + std::to_string(bits) + " meant?"};
  }
  return IpRange{prefix, last_of(prefix, bits)};
}

void IpRanges::add(const IpRange& range) {
  (range.first.family == IpAddress::Family::v4 ? v4_ : v6_).push_back(range);
}

void IpRanges::seal() {
  join_touching(v4_);
  join_touching(v6_);
}

const IpRange* IpRanges::at_or_before(const IpAddress& ip) const {
  if (!ip.valid()) return nullptr;
  const std::vector<IpRange>& ranges = ip.family == IpAddress::Family::v4 ? v4_ : v6_;
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), ip,
      [](const IpAddress& a, const IpRange& b) { return a.bytes < b.first.bytes; });
  return after == ranges.begin() ? nullptr : &*(after - 1);
}

bool IpRanges::contains(const IpAddress& ip) const {
  const IpRange* range = at_or_before(ip);
  return range != nullptr && range->contains(ip);
}

bool IpRanges::contains(const IpRange& range) const {
  // Touching ranges are joined, so a range that is covered lies in a single one.
  const IpRange* around = at_or_before(range.first);
  return around != nullptr && around->contains(range.first) && around->contains(range.last);
}

}  // namespace doorward
