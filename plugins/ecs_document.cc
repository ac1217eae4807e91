#include "plugins/ecs_document.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "plugins/json_writer.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

struct ToldName {
  Told bit;
  std::string_view name;
};
constexpr std::array<ToldName, 8> kTold = {{{Told::authlog, "authlog"},
                                            {Told::auditd, "auditd"},
                                            {Told::journald, "journald"},
                                            {Told::cloudtrail, "cloudtrail"},
                                            {Told::entra, "entra"},
                                            {Told::m365, "m365"},
                                            {Told::suricata, "suricata"},
                                            {Told::alerts, "alerts"}}};

void event_fields(JsonWriter& json, const Event& event) {
  const std::string_view category = event[Field::event_category];
  json.open_array("category").item(category.empty() ? "authentication" : category).close_array();
  json.text_if("action", event[Field::event_action]);
  json.text("outcome", outcome_name(event.outcome));
  json.text_if("dataset", event[Field::event_dataset]);
  json.text_if("provider", event[Field::event_provider]);
  json.text_if("original", event[Field::original]);
}

/// An object of text fields; left out when all are empty.
void object_if(JsonWriter& json, std::string_view name,
               std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  const auto empty = [](const auto& field) { return field.second.empty(); };
  if (std::all_of(fields.begin(), fields.end(), empty)) return;
  json.open(name);
  for (const auto& [key, value] : fields) json.text_if(key, value);
  json.close();
}

void place_objects(JsonWriter& json, const Event& event) {
  const bool located = !std::isnan(event.latitude) && !std::isnan(event.longitude);
  if (located || !event[Field::geo_country].empty() || !event[Field::geo_city].empty()) {
    json.open("geo").text_if("country_iso_code", event[Field::geo_country]);
    json.text_if("city_name", event[Field::geo_city]);
    if (located) {
      json.open("location").real("lat", event.latitude).real("lon", event.longitude).close();
    }
    json.close();
  }
  if (!event[Field::as_number].empty()) {
    std::int64_t number = 0;
    const std::string_view text = event[Field::as_number];
    std::from_chars(text.data(), text.data() + text.size(), number);
    json.open("as").number("number", number);
    object_if(json, "organization", {{"name", event[Field::as_organization]}});
    json.close();
  }
}

void other_objects(JsonWriter& json, const Event& event) {
  if (!event[Field::user_name].empty() || !event[Field::user_effective_name].empty() ||
      !event[Field::user_id].empty()) {
    json.open("user").text_if("name", event[Field::user_name]);
    json.text_if("id", event[Field::user_id]);
    object_if(json, "effective", {{"name", event[Field::user_effective_name]}});
    json.close();
  }
  if (event.ip.valid() || !event[Field::source_address].empty() ||
      !event[Field::geo_country].empty()) {
    json.open("source").text_if("address", event[Field::source_address]);
    std::array<char, IpAddress::kTextMax> ip{};
    json.text_if("ip", event.ip.format(ip));
    if (event.port != 0) json.number("port", event.port);
    place_objects(json, event);
    json.close();
  }
  object_if(json, "destination", {{"address", event[Field::destination_address]}});
  object_if(json, "host", {{"name", event[Field::host_name]}});
  if (!event[Field::process_name].empty() || event.pid != 0) {
    json.open("process").text_if("name", event[Field::process_name]);
    if (event.pid != 0) json.number("pid", event.pid);
    json.close();
  }
  object_if(json, "error",
            {{"code", event[Field::error_code]}, {"message", event[Field::error_message]}});
  if (!event[Field::cloud_account].empty() || !event[Field::cloud_region].empty()) {
    json.open("cloud").text_if("region", event[Field::cloud_region]);
    object_if(json, "account", {{"id", event[Field::cloud_account]}});
    json.close();
  }
  object_if(json, "user_agent", {{"original", event[Field::user_agent]}});
}

void doorward_fields(JsonWriter& json, const Event& event) {
  json.text_if("method", event[Field::method]);
  json.text_if("key_fingerprint", event[Field::key_fingerprint]);
  json.text_if("account", event[Field::account]);
  json.text_if("twin", event[Field::twin]);
  json.open_array("sources");
  for (const ToldName& told : kTold) {
    if (has(event.told, told.bit)) json.item(told.name);
  }
  json.close_array();
}

void head(JsonWriter& json, const Event& event) {
  json.open().text_if("@timestamp", format_time(event.time));
}

/// Everything of an event but `doorward`; the document stays open.
void event_body(JsonWriter& json, const Event& event) {
  head(json, event);
  json.open("event").text_if("id", event[Field::record_id]);
  event_fields(json, event);
  json.close();
  object_if(json, "rule", {{"name", event[Field::rule_name]}});
  other_objects(json, event);
}

void threat_objects(JsonWriter& json, const Rule& rule) {
  if (rule.threats.empty()) return;
  json.open("threat").text("framework", "MITRE ATT&CK");
  const auto array = [&](std::string_view name, std::string Threat::*id,
                         std::string Threat::*text) {
    json.open(name).open_array("id");
    for (const Threat& threat : rule.threats) json.item(threat.*id);
    json.close_array().open_array("name");
    for (const Threat& threat : rule.threats) json.item(threat.*text);
    json.close_array().close();
  };
  array("tactic", &Threat::tactic_id, &Threat::tactic_name);
  array("technique", &Threat::technique_id, &Threat::technique_name);
  json.close();
}

/// What met, by a match rule.
void match_object(JsonWriter& json, const Evidence& evidence, const Alert& alert) {
  if (const PairEvidence& pair = evidence.pair; pair.raised_at != kNoTime) {
    std::array<char, IpAddress::kTextMax> ip{};
    json.open("match").text_if("value", pair.address.format(ip)).number("events", pair.events);
    json.open("raised").text_if("rule", pair.raised);
    json.text("@timestamp", format_time(pair.raised_at)).close();
    json.open("signed_in").text_if("user", pair.user).text_if("action", pair.action);
    json.text("@timestamp", format_time(pair.signed_in_at)).close().close();
  }
  if (const AlertsEvidence& alerts = evidence.alerts; alerts.rules != 0) {
    json.open("match")
        .text("by", alerts.by.name())
        .text("value", view_text(alerts.by, alert.event));
    json.open_array("rules");
    for (std::size_t i = 0; i < alert.evidence.size(); ++i) {
      if ((alerts.rules >> i & 1U) != 0) json.item(alert.evidence[i].rule->id);
    }
    json.close_array().text("first", format_time(alerts.first));
    json.text("last", format_time(alerts.last)).boolean("repeated", alerts.repeated).close();
  }
}

void evidence_array(JsonWriter& json, const Alert& alert) {
  json.open_array("evidence");
  for (const Evidence& evidence : alert.evidence) {
    if (!evidence.applies || evidence.p_value >= 1) continue;
    const double score = score_of(evidence.p_value);
    json.open().text("rule", evidence.rule->id).real("p_value", evidence.p_value);
    json.real("score", score).boolean("fired", has_fired(evidence));
    if (evidence.levels > 0) {
      const LevelEvidence& finest = evidence.level[0];
      json.text("partition", view_text(finest.partition, alert.event));
      json.text("value", view_text(finest.by, alert.event));
      json.real("count", finest.count).real("total", finest.customers);
      json.real("distinct", finest.distinct);
    }
    if (evidence.rate.window_s > 0) {
      const RateEvidence& rate = evidence.rate;
      json.text("partition", view_text(rate.partition, alert.event));
      if (rate.distinct) json.text("distinct_of", rate.by.name());
      json.real("observed", rate.observed).real("expected", rate.expected);
      json.number("window_seconds", rate.window_s);
    }
    match_object(json, evidence, alert);
    if (evidence.sequence.events > 0) {
      json.number("count", evidence.sequence.count).number("events", evidence.sequence.events);
      if (evidence.sequence.values > 0) json.number("distinct", evidence.sequence.values);
      json.number("seconds", evidence.sequence.seconds);
    }
    json.text_if("text", evidence_phrase(evidence, alert.event)).close();
  }
  json.close_array();
}

/// The chain of the primary rule, or of the strongest rare rule when the primary has none.
void backoff_array(JsonWriter& json, const Alert& alert) {
  const Evidence* told = &alert.primary;
  for (const Evidence& evidence : alert.evidence) {
    if (told->levels > 0) break;
    if (evidence.applies && evidence.levels > 0) told = &evidence;
  }
  for (const Evidence& evidence : alert.evidence) {
    if (alert.primary.levels == 0 && evidence.applies && evidence.levels > 0 &&
        evidence.p_value < told->p_value) {
      told = &evidence;
    }
  }
  json.open_array("backoff");
  for (std::size_t i = 0; i < told->levels; ++i) {
    const LevelEvidence& level = told->level[i];
    json.open().text("partition", level.partition.name()).text("by", level.by.name());
    json.text_if("value", view_text(level.by, alert.event)).real("factor", level.factor);
    json.real("count", level.count).real("customers", level.customers);
    json.real("distinct", level.distinct).close();
  }
  json.close_array();
}

}  // namespace

int severity_number(std::string_view name) {
  if (name == "critical") return 99;
  if (name == "high") return 73;
  if (name == "medium") return 47;
  return 21;
}

void append_event_document(const Event& event, std::string& out) {
  JsonWriter json(out);
  event_body(json, event);
  json.open("doorward");
  doorward_fields(json, event);
  json.close().close();
}

void append_alert_document(const Alert& alert, std::string& out) {
  const Rule& rule = *alert.primary.rule;
  const Severity& severity = rule.severity_at(alert.score);
  JsonWriter json(out);
  head(json, alert.event);
  json.text("message", alert_sentence(alert));
  json.open("event").text("kind", "alert").text("id", alert_id(alert.event, rule));
  event_fields(json, alert.event);
  json.number("risk_score", severity.risk_score);
  json.number("severity", severity_number(severity.name)).close();
  json.open("rule").text("id", rule.id).text("name", rule.name);
  json.text("description", rule.description).text("version", std::to_string(rule.version)).close();
  threat_objects(json, rule);
  other_objects(json, alert.event);
  json.open("doorward").real("score", alert.score).real("p_value", alert.primary.p_value);
  json.text("severity", severity.name).number("occurrences", alert.occurrences);
  json.text_if("record_id", alert.event[Field::record_id]);
  doorward_fields(json, alert.event);
  evidence_array(json, alert);
  backoff_array(json, alert);
  json.close().close();
}

void append_scored_document(const Event& event, std::span<const Evidence> evidence,
                            std::string& out) {
  JsonWriter json(out);
  event_body(json, event);
  double p_value = 1;
  for (const Evidence& part : evidence) {
    if (part.applies) p_value = std::min(p_value, part.p_value);
  }
  json.open("doorward").real("score", score_of(p_value)).real("p_value", p_value);
  json.open("rules");
  for (const Evidence& part : evidence) {
    if (part.applies) json.real(part.rule->id, part.p_value);
  }
  json.close();
  doorward_fields(json, event);
  json.close().close();
}

}  // namespace doorward
