#include "server/session/incoming.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "plugins/detectors/fit_counts.h"
#include "server/session/limits.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;

constexpr std::size_t kJsonDepthMax = 32;

std::vector<std::uint8_t> finished(const Builder& builder) {
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

flatbuffers::Offset<flatbuffers::String> text(Builder& builder, const flatbuffers::String* from) {
  if (from == nullptr || from->size() == 0) return 0;
  return builder.CreateString(from->c_str(), std::min<std::size_t>(from->size(), kAgentTextMax));
}

flatbuffers::Offset<log::Sighting> sighting(Builder& builder, const wire::Sighting& from) {
  const auto action = text(builder, from.action());
  const auto user = text(builder, from.user());
  const auto source = text(builder, from.source());
  const auto host = text(builder, from.host());
  const auto dataset = text(builder, from.dataset());
  const auto rule = text(builder, from.rule());
  const auto account = text(builder, from.account());
  return log::CreateSighting(builder, from.time(), from.outcome(), action, user, source, host,
                             dataset, rule, account, from.count());
}

std::vector<std::uint8_t> delta_data(const wire::Delta& delta, const std::string& group) {
  const std::size_t bytes = delta.additions() == nullptr ? 0 : delta.additions()->size();
  Builder builder(bytes + 1024);
  std::vector<flatbuffers::Offset<log::Sighting>> sightings;
  if (delta.sightings() != nullptr) {
    sightings.reserve(delta.sightings()->size());
    for (const wire::Sighting* one : *delta.sightings()) {
      sightings.push_back(sighting(builder, *one));
    }
  }
  const auto name = builder.CreateString(group);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> additions = 0;
  if (bytes > 0) additions = builder.CreateVector(delta.additions()->data(), bytes);
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<log::Sighting>>> seen = 0;
  if (!sightings.empty()) seen = builder.CreateVector(sightings);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> fit = 0;
  if (delta.fit() != nullptr && delta.fit()->size() > 0) {
    fit = builder.CreateVector(delta.fit()->data(), delta.fit()->size());
  }
  builder.Finish(
      log::CreateDelta(builder, name, delta.key_name(), additions, seen, delta.lines_bytes(), fit));
  return finished(builder);
}

std::string why_no_delta(const wire::Delta& delta) {
  if (delta.additions() != nullptr && delta.additions()->size() > kAdditionsBytesMax) {
    return "more than " + std::to_string(kAdditionsBytesMax) + " bytes of additions";
  }
  if (delta.sightings() != nullptr && delta.sightings()->size() > kSightingsADelta) {
    return "more than " + std::to_string(kSightingsADelta) + " sightings";
  }
  if (delta.fit() != nullptr && delta.fit()->size() > kFitBytesMax) {
    return "more than " + std::to_string(kFitBytesMax) + " bytes of counts to fit from";
  }
  return {};
}

bool is_proper_id(std::string_view id) {
  return !id.empty() && id.size() <= kAlertIdMax &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string why_no_alert(const wire::AlertItem& alert) {
  if (!is_proper_id(alert.id()->string_view())) {
    return "its id is not 1 to " + std::to_string(kAlertIdMax) + " printable characters";
  }
  if (alert.kind() < 1 || alert.kind() > 3) return "no such kind of document";
  if (!std::isfinite(alert.score()) || alert.score() < 0 || alert.score() > 100) {
    return "its score is not within 0 and 100";
  }
  return why_no_json_object(alert.document()->string_view());
}

LogEntry alert_entry(const wire::AlertItem& alert, const std::string& agent) {
  Builder builder(alert.document()->size() + 256);
  const auto by = builder.CreateString(agent);
  const auto document = builder.CreateString(alert.document()->c_str(), alert.document()->size());
  builder.Finish(
      log::CreateAlert(builder, by, alert.kind(), alert.score(), alert.occurrences(), document));
  LogEntry entry;
  entry.kind = EntryKind::alert;
  entry.subject = alert.id()->str();
  entry.number = alert_number(alert.kind(), alert.occurrences());
  entry.data = finished(builder);
  return entry;
}

}  // namespace

std::string clipped(const flatbuffers::String* text, std::size_t bytes_max) {
  if (text == nullptr) return {};
  return std::string(text->string_view().substr(0, bytes_max));
}

std::string why_no_json_object(std::string_view document) {
  if (document.size() > kAlertDocumentMax) {
    return "its document has more than " + std::to_string(kAlertDocumentMax) + " bytes";
  }
  thread_local simdjson::dom::parser parser(kAlertDocumentMax);
  if (parser.max_depth() != kJsonDepthMax &&
      parser.allocate(kAlertDocumentMax, kJsonDepthMax) != simdjson::SUCCESS) {
    return "there is no memory to read its document";
  }
  simdjson::dom::element root;
  const auto error = parser.parse(document.data(), document.size()).get(root);
  if (error != simdjson::SUCCESS) {
    return std::string("its document is no JSON: ") + simdjson::error_message(error);
  }
  return root.is_object() ? "" : "its document is no JSON object";
}

Result<IncomingDeltas> read_deltas(const wire::DeltaBatch& batch, const std::string& agent,
                                   const std::string& group) {
  IncomingDeltas out;
  if (batch.deltas() == nullptr) return out;
  if (batch.deltas()->size() > kDeltasABatch) return Error{"", "too many deltas in one message"};
  std::uint64_t last = 0;
  for (const wire::Delta* delta : *batch.deltas()) {
    if (delta->sequence() <= last) return Error{"", "sequences of deltas do not ascend"};
    last = delta->sequence();
    if (std::string why = why_no_delta(*delta); !why.empty()) {
      out.refused.push_back({last, std::move(why)});
      continue;
    }
    LogEntry entry;
    entry.kind = EntryKind::delta;
    entry.subject = agent;
    entry.number = last;
    entry.data = delta_data(*delta, group);
    out.bytes += entry.data.size();
    out.entries.push_back(std::move(entry));
  }
  return out;
}

Result<IncomingAlerts> read_alerts(const wire::AlertBatch& batch, const std::string& agent) {
  IncomingAlerts out;
  if (batch.alerts() == nullptr) return out;
  if (batch.alerts()->size() > kAlertsABatch) return Error{"", "too many alerts in one message"};
  for (const wire::AlertItem* alert : *batch.alerts()) {
    if (alert->sequence() <= out.last) return Error{"", "sequences of alerts do not ascend"};
    out.last = alert->sequence();
    if (std::string why = why_no_alert(*alert); !why.empty()) {
      out.refused.push_back({out.last, std::move(why)});
      continue;
    }
    out.entries.push_back(alert_entry(*alert, agent));
    out.bytes += out.entries.back().data.size();
  }
  return out;
}

}  // namespace doorward
