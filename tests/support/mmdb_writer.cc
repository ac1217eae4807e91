#include "tests/support/mmdb_writer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace doorward {
namespace {

enum Type : unsigned {
  kPointer = 1,
  kText = 2,
  kDouble = 3,
  kUint16 = 5,
  kUint32 = 6,
  kMap = 7,
  kInt32 = 8,
  kUint64 = 9,
  kArray = 11,
  kFloat = 15
};

void put_byte(std::string& out, std::uint64_t value) {
  out += static_cast<char>(static_cast<unsigned char>(value & 0xff));
}

/// Big-endian, in `size` bytes.
void put_number(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) put_byte(out, value >> (8 * i));
}

/// The control byte, or bytes, of a value.
std::string head(unsigned type, std::size_t size) {
  std::string out;
  const unsigned first = type <= 7 ? type << 5 : 0;
  const std::size_t more = size < 29 ? size : size < 285 ? 29 : size < 65821 ? 30 : 31;
  put_byte(out, first | more);
  if (type > 7) put_byte(out, type - 7);
  if (more == 29) put_number(out, size - 29, 1);
  if (more == 30) put_number(out, size - 285, 2);
  if (more == 31) put_number(out, size - 65821, 3);
  return out;
}

/// An integer without its leading zero bytes.
std::string integer(unsigned type, std::uint64_t value) {
  std::size_t size = 0;
  while (size < 8 && value >> (8 * size) != 0) ++size;
  std::string out = head(type, size);
  put_number(out, value, size);
  return out;
}

std::vector<bool> bits_of(const IpAddress& ip, int bits, int ip_version) {
  std::vector<bool> out;
  if (ip_version == 6 && ip.family == IpAddress::Family::v4) out.resize(96);
  for (int bit = 0; bit < bits; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    out.push_back((ip.bytes[byte] >> (7 - bit % 8) & 1) != 0);
  }
  return out;
}

}  // namespace

MmdbValue MmdbValue::text(const std::string& text) {
  MmdbValue out;
  out.bytes_ = head(kText, text.size()) + text;
  return out;
}

MmdbValue MmdbValue::uint16(std::uint16_t value) {
  MmdbValue out;
  out.bytes_ = integer(kUint16, value);
  return out;
}

MmdbValue MmdbValue::uint32(std::uint32_t value) {
  MmdbValue out;
  out.bytes_ = integer(kUint32, value);
  return out;
}

MmdbValue MmdbValue::uint64(std::uint64_t value) {
  MmdbValue out;
  out.bytes_ = integer(kUint64, value);
  return out;
}

MmdbValue MmdbValue::int32(std::int32_t value) {
  MmdbValue out;
  out.bytes_ = head(kInt32, 4);
  put_number(out.bytes_, static_cast<std::uint32_t>(value), 4);
  return out;
}

MmdbValue MmdbValue::real(double value) {
  MmdbValue out;
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  out.bytes_ = head(kDouble, 8);
  put_number(out.bytes_, bits, 8);
  return out;
}

MmdbValue MmdbValue::short_real(float value) {
  MmdbValue out;
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  out.bytes_ = head(kFloat, 4);
  put_number(out.bytes_, bits, 4);
  return out;
}

MmdbValue MmdbValue::array(const std::vector<MmdbValue>& items) {
  MmdbValue out;
  out.bytes_ = head(kArray, items.size());
  for (const MmdbValue& item : items) out.bytes_ += item.bytes_;
  return out;
}

MmdbValue MmdbValue::map(const std::vector<std::pair<std::string, MmdbValue>>& entries) {
  MmdbValue out;
  out.bytes_ = head(kMap, entries.size());
  for (const auto& [key, value] : entries) out.bytes_ += text(key).bytes_ + value.bytes_;
  return out;
}

MmdbValue MmdbValue::pointer(std::uint32_t offset) {
  MmdbValue out;
  put_byte(out.bytes_, kPointer << 5 | 3U << 3);  // the widest form: four bytes follow
  put_number(out.bytes_, offset, 4);
  return out;
}

std::uint32_t MmdbWriter::put(const MmdbValue& value) {
  const auto [at, added] =
      offsets_.try_emplace(value.bytes(), static_cast<std::uint32_t>(data_.size()));
  if (added) data_ += value.bytes();
  return at->second;
}

void MmdbWriter::add(const std::string& network, const MmdbValue& record) {
  const std::size_t slash = network.find('/');
  const std::optional<IpAddress> ip = IpAddress::parse(network.substr(0, slash));
  assert(ip && slash != std::string::npos);
  networks_.emplace_back(bits_of(*ip, std::stoi(network.substr(slash + 1)), options_.ip_version),
                         put(record));
}

std::string MmdbWriter::file() const {
  auto networks = networks_;
  std::stable_sort(networks.begin(), networks.end(),
                   [](const auto& a, const auto& b) { return a.first.size() < b.first.size(); });
  std::vector<Node> nodes = {{kEmpty, kEmpty}};
  for (const auto& [bits, offset] : networks) {
    std::size_t node = 0;
    for (std::size_t i = 0; i < bits.size(); ++i) {
      const std::size_t side = bits[i] ? 1 : 0;
      if (i + 1 == bits.size()) {
        nodes[node][side] = -2 - std::int64_t{offset};
        break;
      }
      if (nodes[node][side] < 0) {
        // What was a leaf, or empty, becomes a node whose two sides are the same.
        const std::int64_t was = nodes[node][side];
        nodes[node][side] = static_cast<std::int64_t>(nodes.size());
        nodes.push_back({was, was});
      }
      node = static_cast<std::size_t>(nodes[node][side]);
    }
  }

  std::string out;
  const auto record = [&](std::int64_t to) {
    if (to >= 0) return static_cast<std::uint64_t>(to);
    return nodes.size() + (to == kEmpty ? 0 : static_cast<std::uint64_t>(-2 - to) + 16);
  };
  for (const Node& node : nodes) {
    const std::uint64_t left = record(node[0]);
    const std::uint64_t right = record(node[1]);
    if (options_.record_bits == 28) {
      put_number(out, left & 0xffffff, 3);
      put_byte(out, (left >> 24 & 0xf) << 4 | (right >> 24 & 0xf));
      put_number(out, right & 0xffffff, 3);
    } else {
      const auto bytes = static_cast<std::size_t>(options_.record_bits / 8);
      put_number(out, left, bytes);
      put_number(out, right, bytes);
    }
  }
  out.append(16, '\0');
  out += data_;
  out += "\xab\xcd\xefMaxMind.com";
  using V = MmdbValue;
  out += V::map({{"node_count", V::uint32(static_cast<std::uint32_t>(nodes.size()))},
                 {"record_size", V::uint16(static_cast<std::uint16_t>(options_.record_bits))},
                 {"ip_version", V::uint16(static_cast<std::uint16_t>(options_.ip_version))},
                 {"database_type", V::text(options_.type)},
                 {"languages", V::array({V::text("en")})},
                 {"binary_format_major_version", V::uint16(2)},
                 {"binary_format_minor_version", V::uint16(0)},
                 {"build_epoch", V::uint64(1'767'225'600)},
                 {"description", V::map({{"en", V::text("made by a test")}})}})
             .bytes();
  return out;
}

}  // namespace doorward
