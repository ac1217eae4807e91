#include "agent/fleet/messages.h"

#include <algorithm>

namespace doorward {
namespace {

using std::chrono::milliseconds;

milliseconds within(std::uint32_t ms, milliseconds first, milliseconds last,
                    milliseconds fallback) {
  return ms == 0 ? fallback : std::clamp(milliseconds(ms), first, last);
}

std::vector<std::uint8_t> bytes_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  if (bytes == nullptr) return {};
  return {bytes->begin(), bytes->end()};
}

}  // namespace

Frame hello_frame(const HelloFacts& facts, const PolicyStand& policy,
                  const FleetSession::Options& options, std::uint64_t instance) {
  flatbuffers::FlatBufferBuilder builder;
  const auto hello = wire::CreateHelloDirect(
      builder, kProtocolVersion, kProtocolMin, options.version.c_str(), options.host_name.c_str(),
      machine_number(), instance, facts.key_name, facts.generation, facts.baseline_bytes,
      facts.next_sequence, policy.version, policy.refused,
      policy.reason.empty() ? nullptr : policy.reason.c_str(), facts.verdicts, facts.group.c_str());
  return make_frame(builder, wire::Message::Hello, hello.Union());
}

Frame delta_frame(std::span<const std::shared_ptr<const SealedDelta>> deltas,
                  std::uint64_t key_name) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<wire::Delta>> all;
  for (const auto& delta : deltas) {
    std::vector<flatbuffers::Offset<wire::Sighting>> sightings;
    for (const SightingRecord& s : delta->sightings) {
      // A text that is not there costs nothing on the wire.
      const auto text = [](const std::string& t) { return t.empty() ? nullptr : t.c_str(); };
      sightings.push_back(wire::CreateSightingDirect(
          builder, s.time, s.outcome, text(s.action), text(s.user), text(s.source), text(s.host),
          text(s.dataset), text(s.rule), text(s.account), s.count));
    }
    all.push_back(wire::CreateDeltaDirect(builder, delta->sequence, key_name, &delta->additions,
                                          &sightings, delta->lines_bytes,
                                          delta->fit.empty() ? nullptr : &delta->fit));
  }
  const auto batch = wire::CreateDeltaBatchDirect(builder, &all);
  return make_frame(builder, wire::Message::DeltaBatch, batch.Union());
}

Frame alert_frame(std::span<const Document> documents) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<wire::AlertItem>> all;
  for (const Document& document : documents) {
    all.push_back(wire::CreateAlertItemDirect(
        builder, document.sequence, static_cast<std::uint8_t>(document.kind), document.score,
        document.id.c_str(), document.occurrences, document.text.c_str()));
  }
  const auto batch = wire::CreateAlertBatchDirect(builder, &all);
  return make_frame(builder, wire::Message::AlertBatch, batch.Union());
}

Frame heartbeat_frame(const HeartbeatFacts& facts, const HelloFacts& hello,
                      const PolicyStand& policy, TimeUs now) {
  flatbuffers::FlatBufferBuilder builder;
  const auto beat = wire::CreateHeartbeatDirect(
      builder, now, policy.version, policy.refused,
      policy.reason.empty() ? nullptr : policy.reason.c_str(), hello.generation,
      facts.pending_deltas, facts.lines, facts.lines_bytes, facts.events, facts.alerts,
      facts.spool_records, facts.spool_dropped, facts.rss_bytes, hello.verdicts, facts.lag_ms);
  return make_frame(builder, wire::Message::Heartbeat, beat.Union());
}

Frame renew_frame(const Der& request) {
  flatbuffers::FlatBufferBuilder builder;
  const auto renew = wire::CreateRenewDirect(builder, &request);
  return make_frame(builder, wire::Message::Renew, renew.Union());
}

Frame enrol_frame(const std::string& token, const Der& request, const std::string& host_name,
                  const std::string& version) {
  flatbuffers::FlatBufferBuilder builder;
  const auto enrol = wire::CreateEnrolDirect(builder, kProtocolVersion, token.c_str(), &request,
                                             host_name.c_str(), machine_number(), version.c_str());
  return make_frame(builder, wire::Message::Enrol, enrol.Union());
}

Frame pong_frame(TimeUs time) {
  flatbuffers::FlatBufferBuilder builder;
  const auto pong = wire::CreatePong(builder, time);
  return make_frame(builder, wire::Message::Pong, pong.Union());
}

std::optional<FleetTerms> terms_of(const wire::Welcome& welcome) {
  FleetTerms terms;
  if (welcome.key() == nullptr || welcome.key()->size() != terms.key.bytes.size()) {
    return std::nullopt;
  }
  std::copy(welcome.key()->begin(), welcome.key()->end(), terms.key.bytes.begin());
  terms.group = text_of(welcome.group()).substr(0, kGroupNameMax);
  terms.sequence = welcome.sequence();
  terms.baseline_bytes = welcome.baseline_bytes();
  terms.delta_interval = within(welcome.delta_interval_ms(), kDeltaIntervalMin, kDeltaIntervalMax,
                                kDeltaIntervalDefault);
  return terms;
}

FleetPatch patch_of(const wire::BaselinePatch& patch) {
  return {{},
          patch.generation(),
          patch.previous(),
          patch.includes(),
          bytes_of(patch.additions()),
          bytes_of(patch.whole())};
}

FleetPolicyFiles policy_of(const wire::Policy& policy) {
  FleetPolicyFiles files;
  if (policy.files() == nullptr) return files;
  for (const wire::PolicyFile* file : *policy.files()) {
    files.emplace_back(file->name()->str(), file->text()->str());
  }
  return files;
}

std::vector<FleetVerdict> verdicts_of(const wire::Verdicts& verdicts) {
  std::vector<FleetVerdict> out;
  if (verdicts.items() == nullptr) return out;
  for (const wire::Verdict* one : *verdicts.items()) {
    out.push_back({one->place(), one->id()->str(), one->learn()});
  }
  return out;
}

}  // namespace doorward
