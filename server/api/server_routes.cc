// Routes about the server itself: its health, state, metrics, document and backups.
#include <atomic>

#include "proto/versions.h"
#include "server/api/answers.h"
#include "server/manage/backup.h"

namespace doorward {
namespace {

ApiResponse healthz(const ApiCall& /*call*/, FleetView& /*view*/) {
  return answered("{\"alive\":true}");
}

/// The core answers, or this would not run; so what is left to ask is the log.
ApiResponse readyz(const ApiCall& call, FleetView& /*view*/) {
  ApiResponse out = answered("{\"ready\":true}");
  if (!call.context->core->trouble().empty()) {
    out.status = 503;
    out.body = "{\"ready\":false}";  // to anybody: not why
  }
  return out;
}

ApiResponse metrics(const ApiCall& call, FleetView& view) {
  ApiResponse out = answered(fleet_metrics(*call.context, view));
  out.type = "text/plain; version=0.0.4";
  return out;
}

ApiResponse document(const ApiCall& /*call*/, FleetView& /*view*/) {
  static const std::string kDocument = openapi_document();
  return answered(kDocument);
}

ApiResponse whoami(const ApiCall& call, FleetView& /*view*/) {
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().text("name", call.who.name).text("role", role_name(call.who.role));
  json.text("from", call.who.from).close();
  return out;
}

ApiResponse status(const ApiCall& call, FleetView& view) {
  std::int64_t connected = 0;
  std::int64_t revoked = 0;
  for (const auto& [id, agent] : view.state.agents()) {
    const std::string_view is = agent_state(agent, view);
    if (is == "connected") ++connected;
    if (is == "revoked") ++revoked;
  }
  const Result<AlertIndex::Counts> alerts = view.alerts.counts();
  if (!alerts) return api_error(503, alerts.error());
  const Result<OrderedLog::Sizes> sizes = view.log.sizes();
  if (!sizes) return api_error(503, sizes.error());
  ApiResponse out;
  JsonWriter json(out.body);
  json.open();
  json.text("name", view.settings.name).text("version", versions("doorward-server"));
  time_if(json, "now", view.now);
  time_if(json, "started", call.context->started);
  json.text("trouble", call.context->core->trouble());
  json.open("agents");
  json.number("enrolled", whole(view.state.agents().size()) - revoked);
  json.number("connected", connected).number("revoked", revoked).close();
  json.open("alerts").number("stored", whole(alerts.value().alerts));
  json.number("open", whole(alerts.value().open));
  time_if(json, "oldest", alerts.value().oldest);
  json.close();
  json.open("log").number("entries", whole(sizes.value().entries));
  json.number("bytes", whole(sizes.value().bytes));
  json.number("folded", whole(view.state.folded()));
  json.number("waiting", whole(call.context->core->waiting())).close();
  json.open("key").number("number", whole(view.state.key_number()));
  time_if(json, "made", view.state.key_made());
  json.close();
  json.open_array("groups");
  const std::vector<GroupBaselineStatus> baselines = view.baselines.status();
  for (const auto& [name, group] : view.state.groups()) {
    json.open().text("name", name);
    json.number("policy", group.policy() == nullptr ? 0 : whole(group.policy()->version));
    for (const GroupBaselineStatus& baseline : baselines) {
      if (baseline.group == name) json.number("generation", whole(baseline.generation));
    }
    json.close();
  }
  json.close_array().close();
  return out;
}

void prepare_backup(ApiCall& call) {
  const bool local = call.who.from == "local";
  std::string file = call.text("file");
  if (local && !file.starts_with('/')) {
    call.refused = Managed::no(422, "file", "expected the whole path of a new file");
  } else if (!local && !file.empty()) {
    call.refused = Managed::no(422, "file",
                               "only on the server itself (doorward-server backup FILE); leave it "
                               "out to download one");
  }
  if (!call.refused) {
    static std::atomic<std::uint64_t> downloads{0};
    if (!local) {
      file = call.context->options.data_dir + "/" + kDownloadPrefix + std::to_string(++downloads);
    }
    // The authority's keys are in a backup that stays on this host, never in one that is sent.
    const Status made = make_backup(call.context->options.data_dir, file, local);
    if (!made) call.refused = Managed::no(503, made.error().where, made.error().what);
  }
  if (call.refused) call.refused->target = file;
  call.prepared = file;
}

Managed backup(const ApiCall& call, FleetView& /*view*/) {
  Managed out;
  const bool local = call.who.from == "local";
  out.target = local ? call.prepared : "download";
  JsonWriter(out.answer).open().text("file", call.prepared).boolean("keys", local).close();
  return out;
}

}  // namespace

void add_server_routes(std::vector<ApiRoute>& routes) {
  routes.push_back({"GET",
                    "/healthz",
                    "healthz",
                    Role::none,
                    "Whether the program lives",
                    "Alive",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    healthz});
  routes.push_back({"GET",
                    "/readyz",
                    "readyz",
                    Role::none,
                    "Whether it can do its work: 503 while the log cannot be written to",
                    "Ready",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    readyz});
  routes.push_back({"GET",
                    "/metrics",
                    "metrics",
                    Role::viewer,
                    "Figures for Prometheus; from the host itself without a token",
                    "text/plain; version=0.0.4",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    metrics});
  routes.push_back({"GET",
                    "/api/v1/openapi.json",
                    "openapi",
                    Role::viewer,
                    "This document",
                    "any",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    document});
  routes.push_back({"GET",
                    "/api/v1/whoami",
                    "whoami",
                    Role::viewer,
                    "Whose token it is",
                    "Whoami",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    whoami});
  routes.push_back({"GET",
                    "/api/v1/status",
                    "status",
                    Role::viewer,
                    "The server and its fleet in figures",
                    "Status",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    status});
  routes.push_back({"POST",
                    "/api/v1/backup",
                    "backup",
                    Role::admin,
                    "A consistent copy of everything while all goes on. On the local socket into a "
                    "new file of the server's; elsewhere it is the answer, without the "
                    "certificate authority's key",
                    "Backup",
                    {},
                    {{"file", ApiKind::text, false, "Whole path; only on the local socket"}},
                    "backup",
                    prepare_backup,
                    nullptr,
                    backup});
}

}  // namespace doorward
