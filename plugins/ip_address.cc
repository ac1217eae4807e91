#include "plugins/ip_address.h"

#include <algorithm>

namespace doorward {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr std::size_t kGroups = 8;

/// Reads "a.b.c.d" into to[0..3]. The whole of `text` must be the address.
bool read_v4(std::string_view text, std::uint8_t* to) {
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (at >= text.size() || text[at] != '.') return false;
      ++at;
    }
    const std::size_t start = at;
    unsigned value = 0;
    while (at < text.size() && at - start < 3 && text[at] >= '0' && text[at] <= '9') {
      value = value * 10 + static_cast<unsigned>(text[at] - '0');
      ++at;
    }
    if (at == start || value > 255) return false;
    if (at - start > 1 && text[start] == '0') return false;
    to[part] = static_cast<std::uint8_t>(value);
  }
  return at == text.size();
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Reads RFC 4291 text without a zone. The whole of `text` must be the address.
bool read_v6(std::string_view text, Bytes& to) {
  std::array<std::uint16_t, kGroups> groups{};
  std::size_t count = 0;
  std::size_t gap = kGroups + 1;  // index of the group that "::" stands before; none yet
  std::size_t at = 0;
  if (text.starts_with("::")) {
    gap = 0;
    at = 2;
  }
  while (at < text.size()) {
    if (count == kGroups) return false;
    const std::size_t start = at;
    unsigned value = 0;
    int digit = 0;
    while (at < text.size() && at - start < 5 && (digit = hex_value(text[at])) >= 0) {
      value = value * 16 + static_cast<unsigned>(digit);
      ++at;
    }
    if (at == start || at - start > 4) return false;
    if (at < text.size() && text[at] == '.') {
      // The last 32 bits in dotted form.
      std::uint8_t quad[4];
      if (count > kGroups - 2 || !read_v4(text.substr(start), quad)) return false;
      groups[count++] = static_cast<std::uint16_t>(quad[0] << 8 | quad[1]);
      groups[count++] = static_cast<std::uint16_t>(quad[2] << 8 | quad[3]);
      break;
    }
    groups[count++] = static_cast<std::uint16_t>(value);
    if (at == text.size()) break;
    if (text[at] != ':') return false;
    ++at;
    if (at == text.size()) return false;  // "1:" ends in a single colon
    if (text[at] == ':') {
      if (gap <= kGroups) return false;  // a second "::"
      gap = count;
      ++at;
    }
  }
  const bool has_gap = gap <= kGroups;
  if (has_gap ? count >= kGroups : count != kGroups) return false;
  const std::size_t tail = has_gap ? count - gap : 0;
  for (std::size_t i = 0; i < kGroups; ++i) {
    std::uint16_t group = 0;
    if (!has_gap || i < gap) {
      group = groups[i];
    } else if (i >= kGroups - tail) {
      group = groups[count - (kGroups - i)];
    }
    to[2 * i] = static_cast<std::uint8_t>(group >> 8);
    to[2 * i + 1] = static_cast<std::uint8_t>(group & 0xff);
  }
  return true;
}

bool is_v4_mapped(const Bytes& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

char* write_decimal(char* to, unsigned value) {
  if (value >= 100) *to++ = static_cast<char>('0' + value / 100);
  if (value >= 10) *to++ = static_cast<char>('0' + value / 10 % 10);
  *to++ = static_cast<char>('0' + value % 10);
  return to;
}

char* write_hex(char* to, unsigned value) {
  constexpr char kDigits[] = "0123456789abcdef";
  bool started = false;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = value >> shift & 0xf;
    if (digit == 0 && !started && shift > 0) continue;
    started = true;
    *to++ = kDigits[digit];
  }
  return to;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // The longest text is 45 bytes and a zone is an interface name; hostile megabytes stop here.
  if (text.size() < 2 || text.size() > 64) return std::nullopt;
  IpAddress address;
  if (text.find(':') == std::string_view::npos) {
    if (!read_v4(text, address.bytes.data())) return std::nullopt;
    address.family = Family::v4;
    return address;
  }
  if (const std::size_t zone = text.find('%'); zone != std::string_view::npos) {
    if (zone + 1 == text.size()) return std::nullopt;
    text = text.substr(0, zone);
  }
  if (!read_v6(text, address.bytes)) return std::nullopt;
  address.family = Family::v6;
  if (is_v4_mapped(address.bytes)) {
    std::copy(address.bytes.begin() + 12, address.bytes.end(), address.bytes.begin());
    std::fill(address.bytes.begin() + 4, address.bytes.end(), std::uint8_t{0});
    address.family = Family::v4;
  }
  return address;
}

IpAddress IpAddress::prefix(int bits) const {
  if (family == Family::none) return *this;
  const int width = family == Family::v4 ? 32 : 128;
  bits = std::clamp(bits, 0, width);
  IpAddress cut;
  cut.family = family;
  const auto whole = static_cast<std::size_t>(bits / 8);
  std::copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(whole), cut.bytes.begin());
  if (const int rest = bits % 8; rest != 0) {
    cut.bytes[whole] = static_cast<std::uint8_t>(bytes[whole] & (0xff << (8 - rest)));
  }
  return cut;
}

std::string_view IpAddress::format(std::array<char, kTextMax>& out) const {
  char* to = out.data();
  if (family == Family::v4) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i > 0) *to++ = '.';
      to = write_decimal(to, bytes[i]);
    }
  } else if (family == Family::v6) {
    std::array<unsigned, kGroups> groups;
    for (std::size_t i = 0; i < kGroups; ++i) {
      groups[i] = static_cast<unsigned>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
    }
    // RFC 5952: the longest run of two or more zero groups becomes "::", the first one of equals.
    std::size_t run_start = kGroups;
    std::size_t run_length = 1;
    for (std::size_t i = 0; i < kGroups;) {
      std::size_t end = i;
      while (end < kGroups && groups[end] == 0) ++end;
      if (end - i > run_length) {
        run_start = i;
        run_length = end - i;
      }
      i = std::max(end, i + 1);
    }
    for (std::size_t i = 0; i < kGroups;) {
      if (i == run_start) {
        *to++ = ':';
        *to++ = ':';
        i += run_length;
        continue;
      }
      if (i > 0 && to[-1] != ':') *to++ = ':';
      to = write_hex(to, groups[i]);
      ++i;
    }
  }
  const auto length = static_cast<std::size_t>(to - out.data());
  *to = '\0';
  return {out.data(), length};
}

}  // namespace doorward
