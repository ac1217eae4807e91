// Routes of alerts: search, show with the answers triage asks for, verdicts.
#include "plugins/ip_ranges.h"
#include "server/api/answers.h"
#include "server/api/limits.h"
#include "server/manage/access.h"
#include "server/triage/triage.h"

namespace doorward {
namespace {

std::optional<AlertVerdict> verdict_of(std::string_view name) {
  for (const AlertVerdict verdict : {AlertVerdict::open, AlertVerdict::true_positive,
                                     AlertVerdict::false_positive, AlertVerdict::benign}) {
    if (name == verdict_name(verdict)) return verdict;
  }
  return std::nullopt;
}

void write_row(JsonWriter& json, const AlertRow& row) {
  json.text("id", row.id).text("kind", row.kind).number("place", whole(row.place));
  json.text("agent", row.agent);
  time_if(json, "time", row.time);
  time_if(json, "received", row.received);
  json.text("rule", row.rule).text("severity", row.severity).text("user", row.user);
  json.text("address", row.address).text("host", row.host).real("score", row.score);
  json.number("occurrences", row.occurrences).text("message", row.message);
  json.text("verdict", verdict_name(row.verdict));
  if (row.verdict != AlertVerdict::open) {
    json.text("verdict_by", row.verdict_by).text("verdict_comment", row.verdict_comment);
    time_if(json, "verdict_at", row.verdict_at);
  }
}

ApiResponse list_alerts(const ApiCall& call, FleetView& view) {
  AlertQuery query;
  query.rule = call.text("rule");
  query.user = call.text("user");
  query.address = call.text("address");
  if (!query.address.empty()) {
    const Result<IpRange> range = IpRange::parse(query.address);
    if (!range) return api_error(400, {"address", range.error().message()});
  }
  query.host = call.text("host");
  query.agent = call.text("agent");
  query.text = call.text("text");
  if (call.has("from")) query.from = call.number("from", 0);
  if (call.has("to")) query.to = call.number("to", 0);
  if (call.has("min_score")) query.min_score = call.values.find("min_score")->second.real;
  if (call.has("verdict")) query.verdict = verdict_of(call.text("verdict"));
  query.before = static_cast<std::uint64_t>(call.number("before", 0));
  query.limit = static_cast<std::size_t>(call.number("limit", kApiPage));
  const Result<std::vector<AlertRow>> rows = view.alerts.search(query);
  // What the index itself does not take is the question's fault: a network that is none.
  if (!rows) return api_error(rows.error().where == "address" ? 400 : 503, rows.error());
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().open_array("alerts");
  for (const AlertRow& row : rows.value()) {
    json.open();
    write_row(json, row);
    json.close();
  }
  json.close_array();
  if (rows.value().size() == query.limit) json.number("next", whole(rows.value().back().place));
  json.close();
  return out;
}

ApiResponse show_alert(const ApiCall& call, FleetView& view) {
  const Result<std::optional<AlertRow>> found = view.alerts.get(call.part("alert"));
  if (!found) return api_error(503, found.error());
  if (!found.value()) return api_error(404, {"alert", "there is no such alert"});
  const AlertRow& row = *found.value();
  ApiResponse out;
  JsonWriter json(out.body);
  json.open();
  write_row(json, row);
  const Result<std::string> triage = triage_json(view, row);
  if (!triage) return api_error(503, triage.error());
  json.raw("triage", triage.value());
  if (is_json(row.document)) {
    json.raw("document", row.document);
  } else {
    json.text("document_text", row.document);
  }
  json.close();
  return out;
}

Managed verdict(const ApiCall& call, FleetView& view) {
  const std::string id = call.part("alert");
  const Result<std::optional<AlertRow>> found = view.alerts.get(id);
  if (!found) return Managed::no(503, found.error().where, found.error().what);
  return give_verdict(view.state, call.asker(view), id, found.value().has_value(),
                      verdict_of(call.text("verdict")).value_or(AlertVerdict::open),
                      call.text("comment"));
}

}  // namespace

void add_alert_routes(std::vector<ApiRoute>& routes) {
  routes.push_back(
      {"GET",
       "/api/v1/alerts",
       "listAlerts",
       Role::viewer,
       "Alerts, newest first",
       "Alerts",
       {{"rule", ApiKind::text, false, "Only of such rules; * and ? are wild"},
        {"user", ApiKind::text, false, "Only of such users; * and ? are wild"},
        {"address", ApiKind::text, false, "Only from this address or network (192.0.2.0/24)"},
        {"host", ApiKind::text, false, "Only on such hosts; * and ? are wild"},
        {"agent", ApiKind::text, false, "Only of this agent (whole id)"},
        {"text", ApiKind::text, false, "Only with this in the message"},
        {"from", ApiKind::time, false, "Only of events at or after this time"},
        {"to", ApiKind::time, false, "Only of events before this time"},
        {"min_score", ApiKind::real, false, "Only with this score (0 to 100) or more"},
        {"verdict",
         ApiKind::choice,
         false,
         "Only these",
         0,
         INT64_MAX,
         {"open", "true_positive", "false_positive", "benign"}},
        {"before", ApiKind::integer, false, "`next` of the page before", 1},
        {"limit", ApiKind::integer, false, "Rows (default 50)", 1, kApiPageMax}},
       {},
       nullptr,
       nullptr,
       list_alerts});
  routes.push_back({"GET",
                    "/api/v1/alerts/{alert}",
                    "showAlert",
                    Role::viewer,
                    "One alert with its document, and what the stored alerts know of its user, "
                    "address and host: who else, where else, first and last seen",
                    "AlertShown",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    show_alert});
  routes.push_back(
      {"POST",
       "/api/v1/alerts/{alert}/verdict",
       "giveVerdict",
       Role::analyst,
       "What it was. After false_positive and benign its agent learns what it held back",
       "VerdictGiven",
       {},
       {{"verdict",
         ApiKind::choice,
         true,
         "What it was",
         0,
         INT64_MAX,
         {"true_positive", "false_positive", "benign"}},
        {"comment", ApiKind::text, false, "Why"}},
       "alert.verdict",
       nullptr,
       nullptr,
       verdict});
}

}  // namespace doorward
