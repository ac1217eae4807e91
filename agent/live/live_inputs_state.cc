// What LiveInputs remembers, as bytes: sources, the merging of twins, and where each stream is.
#include <algorithm>
#include <span>

#include "agent/live/live_inputs.h"
#include "agent/live/live_parts.h"

namespace doorward {
namespace {

constexpr std::uint16_t kStateVersion = 1;

/// Bounds of what load() believes; more cannot have been saved.
constexpr std::uint32_t kStreamsMax = 4096;
constexpr std::uint32_t kSectionBytesMax = std::uint32_t{64} << 20;

}  // namespace

std::map<std::string, std::vector<std::uint8_t>> LiveInputs::saved_streams() const {
  std::map<std::string, std::vector<std::uint8_t>> out;
  for (const auto& [name, kept] : kept_) out[name] = kept.stream;
  return out;
}

void LiveInputs::save(StateWriter& out) const {
  out(kStateVersion, fed_);
  std::vector<std::uint8_t> bytes;
  const auto section = [&](const std::string& name) {
    out(name, static_cast<std::uint32_t>(bytes.size()));
    out.raw(std::as_bytes(std::span(bytes)));
    bytes.clear();
  };
  {
    StateWriter writer(bytes);
    twins_.save(writer);
    section("twins");
  }
  out(static_cast<std::uint32_t>(sources_.size() + kept_sources_.size()));
  for (const auto& [name, source] : sources_) {
    StateWriter writer(bytes);
    source->save(writer);
    section(name);
  }
  for (const auto& [name, kept] : kept_sources_) {
    bytes = kept;
    section(name);
  }
  out(static_cast<std::uint32_t>(inputs_.size() + kept_.size()));
  for (const auto& one : inputs_) {
    const Input& input = *one;
    StateWriter writer(bytes);
    const bool pending = input.line.has_value() || input.has_pending;
    writer(std::string(input.plugin != nullptr ? input.plugin->name : ""), input.state, input.order,
           input.mark, std::uint8_t{pending});
    if (pending) writer.text(input.line ? *input.line : std::string_view(input.pending));
    writer(input.stamp);
    out(now_);
    section(input.name);
    StateWriter stream(bytes);
    input.stream->save(stream);
    section("");
  }
  for (const auto& [name, kept] : kept_) {
    out(kept.saved);
    bytes = kept.bytes;
    section(name);
    bytes = kept.stream;
    section("");
  }
}

void LiveInputs::load(StateReader& in) {
  std::uint16_t version = 0;
  in(version, fed_);
  if (version != kStateVersion) in.fail();
  const auto section = [&](std::string& name) {
    std::uint32_t size = 0;
    in(name, size);
    if (size > kSectionBytesMax) in.fail();
    std::vector<std::uint8_t> bytes(in.ok() ? size : 0);
    in.raw(std::as_writable_bytes(std::span(bytes)));
    return bytes;
  };
  std::string name;
  const std::vector<std::uint8_t> twins = section(name);
  std::uint32_t count = 0;
  in(count);
  if (count > kStreamsMax) in.fail();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    std::vector<std::uint8_t> bytes = section(name);
    kept_sources_[name] = std::move(bytes);
  }
  in(count);
  if (count > kStreamsMax) in.fail();
  TimeUs newest = kNoTime;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Kept kept;
    in(kept.saved);
    kept.bytes = section(name);
    std::string nameless;
    kept.stream = section(nameless);
    newest = std::max(newest, kept.saved);
    kept_[name] = std::move(kept);
  }
  if (in.ok()) {
    StateReader reader(twins);
    twins_.load(reader);
    if (!reader.ok()) note_error({"twins", "what was held cannot be read"});
    std::erase_if(kept_, [&](const auto& one) {
      return one.second.saved != kNoTime && newest - one.second.saved > kPositionKeptUs;
    });
    return;
  }
  kept_.clear();
  kept_sources_.clear();
  fed_ = 0;
}

}  // namespace doorward
