#include "plugins/alert_notes.h"

#include <cmath>

#include "plugins/ecs_document.h"
#include "plugins/json_writer.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

/// To the second, which is as much as people read.
std::string moment(TimeUs time) {
  constexpr std::size_t kToTheSecond = 19;
  return format_time(time).substr(0, kToTheSecond) + "Z";
}

std::string counted(double estimate, const char* one, const char* many) {
  const auto count = static_cast<std::uint64_t>(std::llround(estimate));
  // Estimates of few are exact but for a collision.
  constexpr std::uint64_t kSurely = 50;
  return (count > kSurely ? "about " : "") + with_commas(count) + (count == 1 ? one : many);
}

std::string named(std::span<const Frequent> top) {
  std::string out;
  for (const Frequent& one : top) {
    out += (out.empty() ? " (" : ", ") + std::string(one.name) + " " + with_commas(one.count) +
           " times";
  }
  return out.empty() ? out : out + ")";
}

/// Opens the document and writes all that both kinds share, `event` and `rule` included.
void head(JsonWriter& json, const Rule& rule, std::string_view id, TimeUs first, TimeUs newest,
          double score, const std::string& message) {
  const Severity& severity = rule.severity_at(score);
  json.open().text_if("@timestamp", format_time(newest)).text("message", message);
  json.open("event").text("kind", "alert").text("id", id);
  json.text_if("start", format_time(first)).text_if("end", format_time(newest));
  json.number("risk_score", severity.risk_score);
  json.number("severity", severity_number(severity.name)).close();
  json.open("rule").text("id", rule.id).text("name", rule.name);
  json.text("version", std::to_string(rule.version)).close();
}

/// " from 203.0.113.9 and other addresses".
std::string with_others(const char* preposition, std::string_view value, bool others,
                        const char* plural) {
  if (value.empty() && !others) return {};
  std::string out = preposition + std::string(value);
  if (others) out += (value.empty() ? "other " : " and other ") + std::string(plural);
  return out;
}

void object_if(JsonWriter& json, std::string_view name, std::string_view key,
               std::string_view value) {
  if (!value.empty()) json.open(name).text(key, value).close();
}

void top_array(JsonWriter& json, std::string_view name, std::span<const Frequent> top) {
  json.open_array(name);
  for (const Frequent& one : top) {
    json.open().text("name", one.name);
    json.number("count", static_cast<std::int64_t>(one.count)).close();
  }
  json.close_array();
}

}  // namespace

std::string with_commas(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string update_sentence(const AlertUpdate& update) {
  std::string out = update.rule.id + ": " + with_commas(update.occurrences - 1) +
                    " more like the alert of " + moment(update.first);
  out += with_others(" on ", update.user, update.other_users, "users");
  out += with_others(" from ", update.source, update.other_sources, "addresses");
  out += with_others(" to ", update.host, update.other_hosts, "hosts");
  return out + ", the last at " + moment(update.newest);
}

std::string summary_sentence(const AlertSummary& summary) {
  std::string out = summary.rule.id + ": " + with_commas(summary.count) +
                    (summary.count == 1 ? " further alert" : " further alerts") + " between " +
                    moment(summary.first) + " and " + moment(summary.newest);
  if (summary.sources >= 0.5) {
    out +=
        ", from " + counted(summary.sources, " address", " addresses") + named(summary.top_sources);
  }
  if (summary.users >= 0.5) {
    out += (summary.sources >= 0.5 ? " for " : ", for ") +
           counted(summary.users, " user", " users") + named(summary.top_users);
  }
  return out;
}

void append_update_document(const AlertUpdate& update, std::string& out) {
  JsonWriter json(out);
  head(json, update.rule, update.id, update.first, update.newest, update.score,
       update_sentence(update));
  object_if(json, "user", "name", update.user);
  object_if(json, "source", "address", update.source);
  object_if(json, "host", "name", update.host);
  json.open("doorward").real("score", update.score).boolean("update", true);
  json.number("occurrences", update.occurrences);
  if (update.other_users || update.other_sources || update.other_hosts) {
    json.open_array("varied");
    if (update.other_users) json.item("user.name");
    if (update.other_sources) json.item("source.address");
    if (update.other_hosts) json.item("host.name");
    json.close_array();
  }
  json.close().close();
}

void append_summary_document(const AlertSummary& summary, std::string& out) {
  JsonWriter json(out);
  head(json, summary.rule, summary.id, summary.first, summary.newest, summary.score,
       summary_sentence(summary));
  json.open("doorward").real("score", summary.score).boolean("summary", true);
  json.number("occurrences", static_cast<std::int64_t>(summary.count));
  json.number("sources", std::llround(summary.sources));
  json.number("users", std::llround(summary.users));
  top_array(json, "top_sources", summary.top_sources);
  top_array(json, "top_users", summary.top_users);
  json.close().close();
}

}  // namespace doorward
