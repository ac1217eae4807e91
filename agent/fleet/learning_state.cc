// FleetLearning as bytes of the agent's state, and back.
#include <utility>

#include "agent/fleet/learning.h"
#include "plugins/state_archive.h"
#include "proto/additions_codec.h"

namespace doorward {
namespace {

constexpr std::uint8_t kSectionVersion = 2;
constexpr std::size_t kAgentIdMax = kGroupNameMax;

template <class Archive, class Record>
void sighting_fields(Archive& a, Record& s) {
  a(s.time, s.outcome, s.count, s.action, s.user, s.source, s.host, s.dataset, s.rule, s.account);
}

void write_bytes(StateWriter& out, std::span<const std::uint8_t> bytes) {
  out(static_cast<std::uint64_t>(bytes.size()));
  out.raw(std::as_bytes(bytes));
}

std::vector<std::uint8_t> read_bytes(StateReader& in, std::span<const std::uint8_t> all) {
  std::uint64_t size = 0;
  in(size);
  if (size > kDeltaBytesMax || size > all.size()) in.fail();
  std::vector<std::uint8_t> bytes(in.ok() ? static_cast<std::size_t>(size) : 0);
  in.raw(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

void write_deltas(StateWriter& out, const SealedDeltas& deltas) {
  out(static_cast<std::uint32_t>(deltas.size()));
  for (const auto& delta : deltas) {
    out(delta->sequence, static_cast<std::uint64_t>(delta->entries), delta->lines_bytes);
    write_bytes(out, delta->additions);
    out(static_cast<std::uint32_t>(delta->sightings.size()));
    for (const SightingRecord& sighting : delta->sightings) sighting_fields(out, sighting);
    write_bytes(out, delta->fit);
  }
}

std::vector<SealedDelta> read_deltas(StateReader& in, std::span<const std::uint8_t> all,
                                     std::size_t most) {
  std::uint32_t count = 0;
  in(count);
  if (count > most) in.fail();
  std::vector<SealedDelta> out;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    SealedDelta delta;
    std::uint64_t entries = 0;
    std::uint32_t sightings = 0;
    in(delta.sequence, entries, delta.lines_bytes);
    delta.entries = static_cast<std::size_t>(entries);
    delta.additions = read_bytes(in, all);
    in(sightings);
    if (sightings > kDeltaSightingsMax) in.fail();
    for (std::uint32_t s = 0; s < sightings && in.ok(); ++s) {
      sighting_fields(in, delta.sightings.emplace_back());
    }
    delta.fit = read_bytes(in, all);
    out.push_back(std::move(delta));
  }
  return out;
}

Error bad_section() {
  return Error{"state", "what the fleet was not told yet cannot be read"};
}

}  // namespace

FleetLearning::Image FleetLearning::image() const {
  return {agent_,
          group_,
          next_sequence_,
          generation_,
          included_,
          verdicts_,
          dropped_,
          refused_,
          lost_ + open_.lost(),
          {numbered_.begin(), numbered_.end()},
          {waiting_.begin(), waiting_.end()},
          open_,
          changes_};
}

std::vector<std::uint8_t> FleetLearning::Image::encode() const {
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  write(out);
  return bytes;
}

void FleetLearning::Image::write(StateWriter& out) const {
  out.version(kSectionVersion);
  out(agent, group, next_sequence, generation, included, verdicts, dropped, refused, lost);
  write_deltas(out, numbered);
  write_deltas(out, waiting);
  write_bytes(out, encode_additions(open));
}

Result<std::unique_ptr<FleetLearning>> FleetLearning::load(std::span<const std::uint8_t> bytes,
                                                           const std::string& agent) {
  auto out = std::make_unique<FleetLearning>(agent);
  StateReader in(bytes);
  in.version(kSectionVersion);
  const std::string whose(in.text(kAgentIdMax));
  out->group_ = in.text(kAgentIdMax);
  in(out->next_sequence_, out->generation_, out->included_, out->verdicts_, out->dropped_,
     out->refused_, out->lost_);
  std::vector<SealedDelta> numbered = read_deltas(in, bytes, kNumberedDeltasMax);
  std::vector<SealedDelta> waiting = read_deltas(in, bytes, kWaitingBytesMax);
  const std::vector<std::uint8_t> open_bytes = read_bytes(in, bytes);
  if (!in.done() || out->next_sequence_ == 0) return bad_section();
  const Result<Additions> open = decode_additions(open_bytes, {kDeltaOpenEntries});
  if (!open) return bad_section();
  out->open_.add(open.value());
  const auto keep = [&](std::vector<SealedDelta>& from, std::deque<Piece>& to) {
    for (SealedDelta& delta : from) {
      delta.id = out->next_id_++;
      to.push_back(std::make_shared<const SealedDelta>(std::move(delta)));
    }
  };
  keep(waiting, out->waiting_);
  if (whose == agent) {
    keep(numbered, out->numbered_);
    return out;
  }
  // The numbers belong to an identity that is no more, and so does the place among the verdicts.
  out->next_sequence_ = 1;
  out->generation_ = out->included_ = out->verdicts_ = 0;
  return out;
}

}  // namespace doorward
