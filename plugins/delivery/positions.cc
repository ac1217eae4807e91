#include "plugins/delivery/positions.h"

#include <zlib.h>

#include <array>
#include <cassert>
#include <cstring>

#include "plugins/delivery/limits.h"

namespace doorward {
namespace {

constexpr std::string_view kMagic = "DWPOSIT\x01";

template <class T>
void put(std::string& out, T value) {
  std::array<char, sizeof value> bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);
  out.append(bytes.data(), bytes.size());
}

/// Takes from the front; false when there is not enough.
template <class T>
bool take(std::string_view& bytes, T& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return true;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

std::string positions_bytes(const SpoolPositions& positions) {
  assert(positions.readers.size() <= kReadersMax);
  std::string out(kMagic);
  put<std::uint64_t>(out, positions.next);
  put<std::uint32_t>(out, static_cast<std::uint32_t>(positions.readers.size()));
  for (const SpoolPosition& reader : positions.readers) {
    assert(reader.name.size() <= kReaderNameBytesMax);
    put<std::uint64_t>(out, reader.sequence);
    put<std::uint32_t>(out, static_cast<std::uint32_t>(reader.name.size()));
    out += reader.name;
  }
  put<std::uint32_t>(out, checksum(out));
  return out;
}

std::optional<SpoolPositions> parse_positions(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + sizeof(std::uint32_t)) {
    return std::nullopt;
  }
  std::string_view body = bytes.substr(0, bytes.size() - sizeof(std::uint32_t));
  std::string_view tail = bytes.substr(body.size());
  std::uint32_t check = 0;
  take(tail, check);
  if (check != checksum(body)) return std::nullopt;
  body.remove_prefix(kMagic.size());
  SpoolPositions out;
  std::uint32_t count = 0;
  if (!take(body, out.next) || !take(body, count) || count > kReadersMax) return std::nullopt;
  for (std::uint32_t i = 0; i < count; ++i) {
    SpoolPosition reader;
    std::uint32_t size = 0;
    if (!take(body, reader.sequence) || !take(body, size)) return std::nullopt;
    if (size > kReaderNameBytesMax || size > body.size()) return std::nullopt;
    reader.name = body.substr(0, size);
    body.remove_prefix(size);
    out.readers.push_back(std::move(reader));
  }
  if (!body.empty()) return std::nullopt;
  return out;
}

}  // namespace doorward
