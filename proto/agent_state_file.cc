#include "proto/agent_state_file.h"

#include <agent_state_generated.h>
#include <zstd.h>

#include <array>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <new>
#include <system_error>
#include <tuple>

#include "proto/checksum.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

constexpr int kCompressionLevel = 1;
constexpr unsigned kDepthMax = 4;
constexpr unsigned kTablesMax = 2 + kStateSectionsMax;

Error bad(const std::string& what) {
  return Error{"state", what};
}

bool is_name(std::string_view name) {
  const auto prints = [](char c) { return c > ' ' && c < '\x7F'; };
  return !name.empty() && name.size() <= kStateNameBytesMax &&
         std::all_of(name.begin(), name.end(), prints);
}

std::size_t checksum_place(std::span<const std::uint8_t> buffer) {
  static_assert(sizeof(fb::Checksum) == kChecksumBytes);
  return place_in(buffer, fb::GetAgentStateFile(buffer.data())->checksum());
}

Status check_pieces(std::span<const StatePiece> pieces) {
  if (pieces.size() > kStateSectionsMax) {
    return bad("has " + std::to_string(pieces.size()) + " sections, at most " +
               std::to_string(kStateSectionsMax) + " are written");
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const StatePiece& piece = pieces[i];
    const bool twice = std::any_of(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const StatePiece& p) { return p.name == piece.name; });
    if (!is_name(piece.name) || twice) return bad("a section has no name of its own");
    bytes += piece.bytes.size();
  }
  if (bytes > agent_state_max()) {
    return bad("has " + std::to_string(bytes) + " bytes, at most " +
               std::to_string(agent_state_max()) + " are written");
  }
  return {};
}

Result<std::vector<std::uint8_t>> unpack(const fb::StateSection& section) {
  const std::span<const std::uint8_t> data(section.data()->data(), section.data()->size());
  const std::string name = section.name()->str();
  if (section.packing() == fb::StatePacking::plain) {
    if (section.raw_bytes() != data.size()) return bad("section " + name + " has another size");
    return std::vector<std::uint8_t>(data.begin(), data.end());
  }
  if (section.packing() != fb::StatePacking::zstd) {
    return bad("section " + name + " is packed in an unknown way");
  }
  if (ZSTD_getFrameContentSize(data.data(), data.size()) != section.raw_bytes()) {
    return bad("the compressed size of section " + name + " does not agree with what it says");
  }
  std::vector<std::uint8_t> raw(section.raw_bytes());
  const std::size_t size = ZSTD_decompress(raw.data(), raw.size(), data.data(), data.size());
  if (ZSTD_isError(size) != 0 || size != raw.size()) {
    return bad("section " + name + " cannot be decompressed");
  }
  return raw;
}

// Everything up to the sections: whether these bytes are a whole, undamaged state of ours.
Status check_envelope(std::span<const std::uint8_t> bytes) {
  if (!looks_like_agent_state(bytes)) return bad("not a state: the file identifier is missing");
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), kDepthMax, kTablesMax);
  if (!fb::VerifyAgentStateFileBuffer(verifier)) {
    return bad("damaged: the structure is not valid");
  }
  const fb::AgentStateFile& file = *fb::GetAgentStateFile(bytes.data());
  if (file.version() != kAgentStateVersion) {
    return bad("has format version " + std::to_string(file.version()) + ", this program reads " +
               std::to_string(kAgentStateVersion));
  }
  if (!checksum_is_right(bytes, checksum_place(bytes))) {
    return bad("damaged: the checksum does not match");
  }
  return {};
}

/// Files PATH.damaged-YYYYMMDDTHHMMSS and those with .2, .3 ..., oldest first.
std::vector<fs::path> damaged_files(const std::string& path) {
  constexpr std::size_t kStamp = 15;
  struct Damaged {
    std::string stamp;
    unsigned number = 1;
    fs::path path;
  };
  const std::string prefix = fs::path(path).filename().string() + ".damaged-";
  std::vector<Damaged> found;
  std::error_code failed;
  for (fs::directory_iterator it(folder_of(path), failed), end; !failed && it != end;
       it.increment(failed)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(prefix) || name.size() < prefix.size() + kStamp) continue;
    Damaged one{name.substr(prefix.size(), kStamp), 1, it->path()};
    const std::string rest = name.substr(prefix.size() + kStamp);
    if (!rest.empty()) {
      const auto read = std::from_chars(rest.data() + 1, rest.data() + rest.size(), one.number);
      if (rest[0] != '.' || read.ptr != rest.data() + rest.size()) continue;
    }
    found.push_back(std::move(one));
  }
  std::sort(found.begin(), found.end(), [](const Damaged& a, const Damaged& b) {
    return std::tie(a.stamp, a.number) < std::tie(b.stamp, b.number);
  });
  std::vector<fs::path> out;
  for (const Damaged& one : found) out.push_back(one.path);
  return out;
}

}  // namespace

const StateSection* AgentState::find(std::string_view name) const {
  for (const StateSection& section : sections) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

bool looks_like_agent_state(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 16 && fb::AgentStateFileBufferHasIdentifier(bytes.data());
}

Result<std::vector<std::uint8_t>> encode_agent_state(std::span<const StatePiece> pieces,
                                                     std::int64_t saved_at_us) {
  if (Status status = check_pieces(pieces); !status) return status.error();
  flatbuffers::FlatBufferBuilder builder(std::size_t{64} * 1024);
  std::vector<flatbuffers::Offset<fb::StateSection>> sections;
  std::vector<std::uint8_t> packed;
  for (const StatePiece& piece : pieces) {
    packed.resize(ZSTD_compressBound(piece.bytes.size()));
    const std::size_t size = ZSTD_compress(packed.data(), packed.size(), piece.bytes.data(),
                                           piece.bytes.size(), kCompressionLevel);
    if (ZSTD_isError(size) != 0)
      throw std::bad_alloc();  // with room enough, memory is all it can lack
    const bool pays = size < piece.bytes.size() - piece.bytes.size() / 8;
    const auto data = pays ? builder.CreateVector(packed.data(), size)
                           : builder.CreateVector(piece.bytes.data(), piece.bytes.size());
    const auto name = builder.CreateString(piece.name.data(), piece.name.size());
    sections.push_back(fb::CreateStateSection(
        builder, name, pays ? fb::StatePacking::zstd : fb::StatePacking::plain, piece.bytes.size(),
        data));
  }
  const fb::Checksum zeros;
  const auto all = builder.CreateVector(sections);
  fb::FinishAgentStateFileBuffer(
      builder, fb::CreateAgentStateFile(builder, kAgentStateVersion, &zeros, saved_at_us, all));
  const std::span<std::uint8_t> buffer(builder.GetBufferPointer(), builder.GetSize());
  write_checksum(buffer, checksum_place(buffer));
  return std::vector<std::uint8_t>(buffer.begin(), buffer.end());
}

Result<AgentState> decode_agent_state(std::span<const std::uint8_t> bytes, std::size_t bytes_max) {
  if (bytes.size() > bytes_max) {
    return bad("too long: " + std::to_string(bytes.size()) + " bytes, at most " +
               std::to_string(bytes_max) + " are read");
  }
  std::vector<std::uint8_t> aligned;  // FlatBuffers reads words where they lie
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 16 != 0) {
    aligned.assign(bytes.begin(), bytes.end());
    bytes = aligned;
  }
  if (Status status = check_envelope(bytes); !status) return status.error();
  const fb::AgentStateFile& file = *fb::GetAgentStateFile(bytes.data());
  if (file.sections()->size() > kStateSectionsMax) return bad("has too many sections");
  AgentState state;
  state.saved_at_us = file.saved_at();
  std::size_t left = bytes_max;
  for (const fb::StateSection* section : *file.sections()) {
    const std::string name = section->name()->str();
    if (!is_name(name)) return bad("a section has an impossible name");
    if (state.find(name) != nullptr) return bad("section " + name + " is there twice");
    if (section->raw_bytes() > left) {
      return bad("section " + name + " says it has " + std::to_string(section->raw_bytes()) +
                 " bytes, at most " + std::to_string(left) + " are possible");
    }
    left -= section->raw_bytes();
    auto raw = unpack(*section);
    if (!raw) return raw.error();
    state.sections.push_back({name, std::move(raw).value(), section->data()->size()});
  }
  return state;
}

Status write_state_file(const std::string& path, std::span<const StatePiece> pieces,
                        std::int64_t saved_at_us, Owner owner) {
  const auto bytes = encode_agent_state(pieces, saved_at_us);
  if (!bytes) return Error{path, bytes.error().message()};
  return write_whole_file(path, bytes.value(), owner);
}

StateFileRead read_state_file(const std::string& path, std::size_t bytes_max) {
  std::error_code failed;
  if (fs::status(path, failed).type() == fs::file_type::not_found) {
    return {StateFileIs::missing, {}, {path, "there is no such file"}};
  }
  const auto bytes = read_whole_file(path, bytes_max, "a state");
  if (!bytes) return {StateFileIs::unreadable, {}, bytes.error()};
  auto state = decode_agent_state(bytes.value(), bytes_max);
  if (!state) return {StateFileIs::damaged, {}, {path, state.error().message()}};
  return {StateFileIs::good, std::move(state).value(), {}};
}

Error set_aside(const std::string& path, const std::string& why, std::int64_t now_us) {
  const std::string first = path + ".damaged-" + compact_time(now_us);
  std::string name = first;
  std::error_code failed;
  for (int i = 2; fs::exists(fs::symlink_status(name, failed)); ++i) {
    name = first + "." + std::to_string(i);
  }
  fs::rename(path, name, failed);
  if (failed) {
    return {path, why + "; it cannot be set aside as " + name + ": " + failed.message()};
  }
  std::vector<fs::path> others = damaged_files(path);
  for (std::size_t i = 0; i + kDamagedStatesKept < others.size(); ++i)
    fs::remove(others[i], failed);
  (void)sync_folder(folder_of(path));
  return {path, why + "; set aside as " + name + ", and begun anew"};
}

Result<Baseline> read_any_baseline(const std::string& path, const HashKey& key,
                                   std::size_t bytes_max) {
  std::error_code failed;
  const std::string file =
      fs::is_directory(path, failed) ? (fs::path(path) / kStateFileName).string() : path;
  const auto bytes = read_whole_file(file, agent_state_max(bytes_max), "a baseline or state");
  if (!bytes) return bytes.error();
  Result<Baseline> baseline = [&]() -> Result<Baseline> {
    if (!looks_like_agent_state(bytes.value()))
      return decode_baseline(bytes.value(), key, bytes_max);
    const auto state = decode_agent_state(bytes.value(), agent_state_max(bytes_max));
    if (!state) return state.error();
    const StateSection* section = state.value().find(kBaselineSection);
    if (section == nullptr) return bad("has no baseline");
    return decode_baseline(section->bytes, key, bytes_max);
  }();
  if (!baseline) return Error{file, baseline.error().message()};
  return baseline;
}

std::string compact_time(std::int64_t time_us) {
  const std::time_t seconds = static_cast<std::time_t>(time_us / 1'000'000);
  std::tm utc{};
  std::array<char, 32> out{};
  if (::gmtime_r(&seconds, &utc) == nullptr ||
      std::strftime(out.data(), out.size(), "%Y%m%dT%H%M%S", &utc) == 0) {
    return "00000000T000000";
  }
  return out.data();
}

}  // namespace doorward
