// All that an agent remembers - its baseline, what its pipeline and sources hold, how far its
// inputs were read - as one file, so that after a kill at any moment all parts are of one moment.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/baseline_codec.h"
#include "proto/whole_file.h"
#include "sketch/result.h"

namespace doorward {

/// Version of the format; others are refused.
inline constexpr std::uint16_t kAgentStateVersion = 1;

/// Name of the file in a state folder (/var/lib/doorward).
inline constexpr std::string_view kStateFileName = "agent.state";

/// Sections of a file, and bytes of a name. More are an Error when written and when read.
inline constexpr std::size_t kStateSectionsMax = 64;
inline constexpr std::size_t kStateNameBytesMax = 64;

/// All sections beside the baseline together, in bytes, before compression.
inline constexpr std::size_t kStateBesideBytesMax = std::size_t{256} << 20;

/// Damaged files that are kept; older ones are removed.
inline constexpr std::size_t kDamagedStatesKept = 3;

/// The section that holds encode_baseline()'s bytes.
inline constexpr std::string_view kBaselineSection = "baseline";

/// The longest state with a baseline of so many bytes in memory. (FlatBuffers end at 2 GiB.)
constexpr std::size_t agent_state_max(std::size_t baseline_bytes = kBaselineBytesMax) {
  return std::min(encoded_baseline_max(baseline_bytes) + kStateBesideBytesMax,
                  (std::size_t{1} << 31) - 1);
}

/// A part to be written.
struct StatePiece {
  std::string_view name;  ///< printable ASCII, no space; different for each
  std::span<const std::uint8_t> bytes;
};

/// A part that was read.
struct StateSection {
  std::string name;
  std::vector<std::uint8_t> bytes;
  std::size_t stored = 0;  ///< bytes in the file
};

struct AgentState {
  std::int64_t saved_at_us = 0;  ///< wall clock
  std::vector<StateSection> sections;

  /// A section by name; null when there is none.
  [[nodiscard]] const StateSection* find(std::string_view name) const;
};

/// The bytes of a state. Sections are compressed with zstd where that saves an eighth. Takes some
/// milliseconds a MiB: meant for another thread than the pipeline's. Errors: names, number or size
/// beyond the limits.
Result<std::vector<std::uint8_t>> encode_agent_state(std::span<const StatePiece> pieces,
                                                     std::int64_t saved_at_us);

/// Reads what encode_agent_state() wrote; trusts nothing in it. Checked in this order, each with
/// its own sentence in the Error: size, file identifier, FlatBuffers structure (depth and number of
/// tables bounded), version, checksum, names, sizes (known before anything is decompressed).
/// `bytes_max` bounds the file and, apart, all sections together. Sections of any name are given.
Result<AgentState> decode_agent_state(std::span<const std::uint8_t> bytes,
                                      std::size_t bytes_max = agent_state_max());

/// Whether the bytes begin like a state: to tell it from a baseline.
bool looks_like_agent_state(std::span<const std::uint8_t> bytes);

/// Encodes and writes, as write_whole_file() does.
Status write_state_file(const std::string& path, std::span<const StatePiece> pieces,
                        std::int64_t saved_at_us, Owner owner = Owner::me);

/// What became of reading a state file.
enum class StateFileIs : std::uint8_t {
  good,
  missing,     ///< nothing was ever saved there
  unreadable,  ///< it is there, and may be whole: nobody must write over it
  damaged,     ///< or of another version: it has to be set aside
};

struct StateFileRead {
  StateFileIs is = StateFileIs::missing;
  AgentState state;  ///< when good
  Error error;       ///< otherwise; names the path
};

StateFileRead read_state_file(const std::string& path, std::size_t bytes_max = agent_state_max());

/// Renames a damaged file to PATH.damaged-YYYYMMDDTHHMMSS (UTC, of `now_us`), with .2, .3 ... when
/// there is one, and removes all but the kDamagedStatesKept newest such. The Error says what
/// happened and `why`, for the log: an agent goes on with an empty state.
Error set_aside(const std::string& path, const std::string& why, std::int64_t now_us);

/// A baseline file, or the baseline of a state file, or of the state file in a folder.
Result<Baseline> read_any_baseline(const std::string& path, const HashKey& key,
                                   std::size_t bytes_max = kBaselineBytesMax);

/// "20261120T121500", UTC.
std::string compact_time(std::int64_t time_us);

}  // namespace doorward
