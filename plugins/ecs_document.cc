#include "plugins/ecs_document.h"

#include <algorithm>
#include <array>

#include "plugins/json_writer.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

struct ToldName {
  Told bit;
  std::string_view name;
};
constexpr std::array<ToldName, 6> kTold = {{{Told::authlog, "authlog"},
                                            {Told::auditd, "auditd"},
                                            {Told::journald, "journald"},
                                            {Told::cloudtrail, "cloudtrail"},
                                            {Told::entra, "entra"},
                                            {Told::m365, "m365"}}};

/// event.severity: ECS wants a number in which larger is worse.
int severity_number(std::string_view name) {
  if (name == "critical") return 99;
  if (name == "high") return 73;
  if (name == "medium") return 47;
  return 21;
}

void event_fields(JsonWriter& json, const Event& event) {
  json.open_array("category").item("authentication").close_array();
  json.text_if("action", event[Field::event_action]);
  json.text("outcome", outcome_name(event.outcome));
  json.text_if("dataset", event[Field::event_dataset]);
  json.text_if("original", event[Field::original]);
}

void other_objects(JsonWriter& json, const Event& event) {
  if (!event[Field::user_name].empty() || !event[Field::user_effective_name].empty()) {
    json.open("user").text_if("name", event[Field::user_name]);
    if (!event[Field::user_effective_name].empty()) {
      json.open("effective").text("name", event[Field::user_effective_name]).close();
    }
    json.close();
  }
  if (event.ip.valid() || !event[Field::source_address].empty()) {
    json.open("source").text_if("address", event[Field::source_address]);
    std::array<char, IpAddress::kTextMax> ip{};
    json.text_if("ip", event.ip.format(ip));
    if (event.port != 0) json.number("port", event.port);
    json.close();
  }
  if (!event[Field::host_name].empty()) {
    json.open("host").text("name", event[Field::host_name]).close();
  }
  if (!event[Field::process_name].empty() || event.pid != 0) {
    json.open("process").text_if("name", event[Field::process_name]);
    if (event.pid != 0) json.number("pid", event.pid);
    json.close();
  }
}

void doorward_fields(JsonWriter& json, const Event& event) {
  json.text_if("method", event[Field::method]);
  json.text_if("key_fingerprint", event[Field::key_fingerprint]);
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
  json.open("event");
  event_fields(json, event);
  json.close();
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

void evidence_array(JsonWriter& json, const Alert& alert) {
  json.open_array("evidence");
  for (const Evidence& evidence : alert.evidence) {
    if (!evidence.applies || evidence.p_value >= 1) continue;
    const double score = score_of(evidence.p_value);
    json.open().text("rule", evidence.rule->id).real("p_value", evidence.p_value);
    json.real("score", score).boolean("fired", score >= evidence.rule->threshold);
    if (evidence.levels > 0) {
      const LevelEvidence& finest = evidence.level[0];
      json.text("partition", view_text(finest.partition, alert.event));
      json.text("value", view_text(finest.by, alert.event));
      json.real("count", finest.count).real("total", finest.customers);
      json.real("distinct", finest.distinct);
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
