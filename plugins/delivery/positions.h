// The small file that says how far each output has read (docs/spool.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doorward {

struct SpoolPosition {
  std::string name;
  std::uint64_t sequence = 0;  ///< of the next document that the reader has not delivered
};

struct SpoolPositions {
  std::uint64_t next = 1;  ///< sequence of the next document; never goes back
  std::vector<SpoolPosition> readers;
};

/// The file's bytes. At most kReadersMax readers, names within their limit (asserted).
std::string positions_bytes(const SpoolPositions& positions);

/// nullopt when the bytes are damaged or of another version.
std::optional<SpoolPositions> parse_positions(std::string_view bytes);

}  // namespace doorward
