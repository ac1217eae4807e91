// What a group's rules have going on, as bytes.
#include <algorithm>
#include <utility>

#include "plugins/pipeline/limits.h"
#include "proto/baseline_codec.h"
#include "server/rules/fleet_group.h"

namespace doorward {
namespace {

constexpr std::uint8_t kVersion = 1;
/// Of the sections within.
constexpr std::size_t kSectionBytesMax = std::size_t{256} << 20;

void put_bytes(StateWriter& out, std::span<const std::uint8_t> bytes) {
  out.text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::span<const std::uint8_t> get_bytes(StateReader& in) {
  const std::string_view text = in.text(kSectionBytesMax);
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::vector<std::uint8_t> FleetGroup::save() const {
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  out.version(kVersion);
  out(counts_.sightings, counts_.alerts, counts_.refused, counts_.hurried, counts_.unknown,
      counts_.silenced, arrived_);
  out(static_cast<std::uint32_t>(waiting_.size()));
  for (const Waiting& one : waiting_) {
    const SightingRecord& seen = one.seen;
    out(one.time, one.number, one.agent, one.rule, seen.outcome, seen.action, seen.user,
        seen.source, seen.host, seen.dataset, seen.rule, seen.account, seen.count);
  }
  contributors_.save(out);
  put_bytes(out, encode_baseline(baseline_));
  std::vector<std::uint8_t> pipeline;
  StateWriter pipeline_out(pipeline);
  pipeline_->save(pipeline_out);
  put_bytes(out, pipeline);
  return bytes;
}

Status FleetGroup::load(std::span<const std::uint8_t> bytes) {
  const Error damaged{"rules of group " + options_.group, "their saved state cannot be read"};
  StateReader in(bytes);
  in.version(kVersion);
  FleetGroupCounts counts;
  std::uint64_t arrived = 0;
  in(counts.sightings, counts.alerts, counts.refused, counts.hurried, counts.unknown,
     counts.silenced, arrived);
  std::uint32_t size = 0;
  in(size);
  if (size > kFleetWaitingMax) in.fail();
  std::vector<Waiting> waiting;
  for (std::uint32_t i = 0; i < size && in.ok(); ++i) {
    Waiting one;
    SightingRecord& seen = one.seen;
    in.between(one.time, -kSavedTimeMax, kSavedTimeMax);
    in(one.number, one.agent, one.rule, seen.outcome, seen.action, seen.user, seen.source,
       seen.host, seen.dataset, seen.rule, seen.account, seen.count);
    seen.time = one.time;
    waiting.push_back(std::move(one));
  }
  Contributors contributors;
  contributors.load(in);
  const std::span<const std::uint8_t> baseline_bytes = get_bytes(in);
  const std::span<const std::uint8_t> pipeline_bytes = get_bytes(in);
  if (!in.done()) return damaged;
  Result<Baseline> baseline =
      decode_baseline(baseline_bytes, options_.key, kFleetRulesBaselineBytes);
  if (!baseline) return baseline.error();
  StateReader pipeline_in(pipeline_bytes);
  pipeline_->load(pipeline_in);
  if (!pipeline_in.done()) return damaged;
  baseline_ = std::move(baseline).value();
  waiting_ = std::move(waiting);
  const auto later = [](const Waiting& a, const Waiting& b) {
    return a.time != b.time ? a.time > b.time : a.number > b.number;
  };
  std::make_heap(waiting_.begin(), waiting_.end(), later);
  contributors_ = std::move(contributors);
  counts_ = counts;
  arrived_ = arrived;
  return {};
}

}  // namespace doorward
