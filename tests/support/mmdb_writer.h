// Writes MMDB files (MaxMind DB format 2.0) in memory, in any layout of records, for tests of what
// reads them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plugins/ip_address.h"

namespace doorward {

/// A value of the format, encoded. Maps keep the order given.
class MmdbValue {
 public:
  static MmdbValue text(const std::string& text);
  static MmdbValue uint16(std::uint16_t value);
  static MmdbValue uint32(std::uint32_t value);
  static MmdbValue uint64(std::uint64_t value);
  static MmdbValue int32(std::int32_t value);
  static MmdbValue real(double value);
  static MmdbValue short_real(float value);
  static MmdbValue array(const std::vector<MmdbValue>& items);
  static MmdbValue map(const std::vector<std::pair<std::string, MmdbValue>>& entries);
  /// A pointer to an offset of the data section.
  static MmdbValue pointer(std::uint32_t offset);

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

struct MmdbOptions {
  int record_bits = 28;  ///< 24, 28 or 32
  int ip_version = 6;    ///< 4: has no IPv6 addresses
  std::string type = "Test";
};

class MmdbWriter {
 public:
  explicit MmdbWriter(MmdbOptions options = {}) : options_(std::move(options)) {}

  /// "81.2.69.0/24" or "2a00:23c0::/32". A longer prefix within a shorter one goes first whatever
  /// the order.
  void add(const std::string& network, const MmdbValue& record);

  /// Puts a value into the data section that no network leads to, and gives its offset, for
  /// pointers.
  std::uint32_t put(const MmdbValue& value);

  /// The whole file.
  [[nodiscard]] std::string file() const;

 private:
  static constexpr std::int64_t kEmpty = -1;
  using Node = std::array<std::int64_t, 2>;  // a node's number, kEmpty, or -2 - offset of data

  MmdbOptions options_;
  std::string data_;
  std::map<std::string, std::uint32_t> offsets_;  // of records, each stored once
  std::vector<std::pair<std::vector<bool>, std::uint32_t>> networks_;
};

}  // namespace doorward
