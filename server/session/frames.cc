#include "server/session/frames.h"

namespace doorward {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;

flatbuffers::Offset<flatbuffers::String> text(Builder& builder, std::string_view value) {
  return builder.CreateString(value.data(), value.size());
}

flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::AckItem>>> items(
    Builder& builder, const std::vector<RefusedItem>& refused) {
  if (refused.empty()) return 0;
  std::vector<flatbuffers::Offset<wire::AckItem>> out;
  out.reserve(refused.size());
  for (const RefusedItem& item : refused) {
    out.push_back(wire::CreateAckItem(builder, item.sequence, text(builder, item.reason)));
  }
  return builder.CreateVector(out);
}

}  // namespace

Frame welcome_frame(const WelcomeTerms& terms) {
  Builder builder;
  const auto server = text(builder, terms.server);
  const auto group = text(builder, terms.group);
  const auto key = builder.CreateVector(terms.key.bytes.data(), terms.key.bytes.size());
  const auto rules = builder.CreateVectorOfStrings(terms.fleet_rules);
  const auto welcome =
      wire::CreateWelcome(builder, terms.protocol, server, group, terms.time, key, terms.sequence,
                          terms.delta_interval_ms, terms.heartbeat_ms, terms.certificate_days,
                          terms.baseline_bytes, rules);
  return make_frame(builder, wire::Message::Welcome, welcome.Union());
}

Frame refused_frame(wire::RefusalCode code, std::string_view reason, std::uint32_t retry_after_ms) {
  Builder builder;
  const auto refused = wire::CreateRefused(builder, code, text(builder, reason), retry_after_ms);
  return make_frame(builder, wire::Message::Refused, refused.Union());
}

Frame retry_after_frame(std::uint32_t ms, std::string_view reason) {
  Builder builder;
  const auto retry = wire::CreateRetryAfter(builder, ms, text(builder, reason));
  return make_frame(builder, wire::Message::RetryAfter, retry.Union());
}

Frame enrolled_frame(const std::string& agent, const std::vector<std::uint8_t>& certificate,
                     const std::vector<std::uint8_t>& authority, const std::string& group) {
  Builder builder;
  const auto id = text(builder, agent);
  const auto own = builder.CreateVector(certificate);
  const auto issuer = builder.CreateVector(authority);
  const auto enrolled = wire::CreateEnrolled(builder, id, own, issuer, text(builder, group));
  return make_frame(builder, wire::Message::Enrolled, enrolled.Union());
}

Frame renewed_frame(const std::vector<std::uint8_t>& certificate) {
  Builder builder;
  const auto renewed = wire::CreateRenewed(builder, builder.CreateVector(certificate));
  return make_frame(builder, wire::Message::Renewed, renewed.Union());
}

Frame ack_frame(const AckTerms& terms) {
  Builder builder;
  const auto deltas = items(builder, terms.refused_deltas);
  const auto alerts = items(builder, terms.refused_alerts);
  const auto ack =
      wire::CreateAck(builder, terms.deltas, terms.alerts, deltas, alerts, terms.heartbeat);
  return make_frame(builder, wire::Message::Ack, ack.Union());
}

Frame policy_frame(std::uint64_t version, const PolicyFiles* files) {
  Builder builder;
  std::vector<flatbuffers::Offset<wire::PolicyFile>> out;
  if (files != nullptr) {
    for (const PolicyFileText& file : *files) {
      const auto name = text(builder, file.name);
      out.push_back(wire::CreatePolicyFile(builder, name, text(builder, file.text)));
    }
  }
  const auto policy = wire::CreatePolicy(builder, version, builder.CreateVector(out));
  return make_frame(builder, wire::Message::Policy, policy.Union());
}

Frame patch_frame(const Patch& patch) {
  Builder builder((patch.bytes ? patch.bytes->size() : 0) + 256);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> bytes = 0;
  if (patch.bytes) bytes = builder.CreateVector(*patch.bytes);
  const auto message = patch.whole
                           ? wire::CreateBaselinePatch(builder, patch.generation, patch.previous, 0,
                                                       bytes, patch.includes)
                           : wire::CreateBaselinePatch(builder, patch.generation, patch.previous,
                                                       bytes, 0, patch.includes);
  return make_frame(builder, wire::Message::BaselinePatch, message.Union());
}

Frame verdicts_frame(const std::vector<VerdictRecord>& verdicts) {
  Builder builder;
  std::vector<flatbuffers::Offset<wire::Verdict>> out;
  out.reserve(verdicts.size());
  for (const VerdictRecord& verdict : verdicts) {
    out.push_back(
        wire::CreateVerdict(builder, verdict.place, text(builder, verdict.id), verdict.learn));
  }
  const auto message = wire::CreateVerdicts(builder, builder.CreateVector(out));
  return make_frame(builder, wire::Message::Verdicts, message.Union());
}

Frame pong_frame(TimeUs time) {
  Builder builder;
  const auto pong = wire::CreatePong(builder, time);
  return make_frame(builder, wire::Message::Pong, pong.Union());
}

}  // namespace doorward
