// Routes of agents, groups and enrolment tokens, and of what agents taught.
#include <sodium.h>

#include "plugins/value_set.h"
#include "proto/baseline_codec.h"
#include "server/api/answers.h"
#include "server/api/limits.h"
#include "server/manage/agents.h"
#include "server/manage/limits.h"

namespace doorward {

std::string_view agent_state(const AgentRecord& agent, const FleetView& view) {
  if (agent.revoked) return "revoked";
  const auto live = view.live.find(agent.id);
  if (live == view.live.end()) return "never";
  return live->second.connected ? "connected" : "away";
}

void write_agent(JsonWriter& json, const AgentRecord& agent, const FleetView& view) {
  json.text("id", agent.id).text("host", agent.host).text("group", agent.group);
  json.text("state", agent_state(agent, view));
  time_if(json, "enrolled", agent.enrolled);
  time_if(json, "certificate_ends", agent.ends);
  json.text("certificate_serial", agent.serial);
  json.text("token", agent.token).text("enrolled_from", agent.address);
  json.number("renewals", whole(agent.renewals)).number("moves", whole(agent.moves));
  json.number("drops", whole(agent.drops)).number("last_delta", whole(agent.last_delta));
  time_if(json, "last_delta_at", agent.last_delta_at);
  if (agent.revoked) {
    json.text("revoked_by", agent.revoked_by).text("revoked_reason", agent.revoked_reason);
    time_if(json, "revoked_at", agent.revoked_at);
  }
}

namespace {

void write_live(JsonWriter& json, const LiveAgent& live) {
  const LiveReport& report = live.report;
  json.open("live").boolean("connected", live.connected).text("address", live.address);
  time_if(json, "since", live.since);
  time_if(json, "heard", live.heard);
  json.text("version", live.version).text("host", live.host);
  json.number("generation", whole(report.generation)).number("policy", whole(report.policy));
  if (report.policy_refused != 0) {
    json.number("policy_refused", whole(report.policy_refused));
    json.text("policy_reason", report.policy_reason);
  }
  json.number("pending_deltas", whole(report.pending_deltas));
  json.number("lines", whole(report.lines)).number("lines_bytes", whole(report.lines_bytes));
  json.number("events", whole(report.events)).number("alerts", whole(report.alerts));
  json.number("spool_records", whole(report.spool_records));
  json.number("spool_dropped", whole(report.spool_dropped));
  json.number("rss_bytes", whole(report.rss_bytes)).number("lag_ms", whole(report.lag_ms));
  json.number("received_bytes", whole(live.received_bytes));
  json.number("sent_bytes", whole(live.sent_bytes)).number("clones", whole(live.clones));
  if (live.clones != 0) {
    time_if(json, "clone_at", live.clone_at);
    json.text("clone_from", live.clone_from);
  }
  json.close();
}

ApiResponse list_agents(const ApiCall& call, FleetView& view) {
  const std::string group = call.text("group");
  const std::string host = call.text("host");
  const std::string state = call.text("state");
  const auto most = call.number("limit", kApiPage);
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().open_array("agents");
  std::int64_t rows = 0;
  std::string next;
  for (auto it = view.state.agents().upper_bound(call.text("after"));
       it != view.state.agents().end(); ++it) {
    const AgentRecord& agent = it->second;
    if (!group.empty() && agent.group != group) continue;
    if (!host.empty() && !glob_match(host, agent.host)) continue;
    if (!state.empty() && agent_state(agent, view) != state) continue;
    if (rows == most) {
      json.close_array().text("next", next).close();
      return out;
    }
    json.open();
    write_agent(json, agent, view);
    if (const auto live = view.live.find(agent.id); live != view.live.end()) {
      json.text("version", live->second.version)
          .number("policy", whole(live->second.report.policy));
      json.number("generation", whole(live->second.report.generation));
      time_if(json, "heard", live->second.heard);
    }
    json.close();
    next = agent.id;
    ++rows;
  }
  json.close_array().close();
  return out;
}

ApiResponse show_agent(const ApiCall& call, FleetView& view) {
  Managed why;
  const AgentRecord* agent = find_agent(view.state, call.part("agent"), why);
  if (agent == nullptr) return api_error(why.refused, why.why);
  ApiResponse out;
  JsonWriter json(out.body);
  json.open();
  write_agent(json, *agent, view);
  const GroupRecord* group = view.state.group(agent->group);
  if (group != nullptr && group->policy() != nullptr) {
    json.number("policy_in_force", whole(group->policy()->version));
  }
  if (const auto live = view.live.find(agent->id); live != view.live.end()) {
    write_live(json, live->second);
  }
  json.close();
  return out;
}

Managed revoke(const ApiCall& call, FleetView& view) {
  return revoke_agent(view.state, call.asker(view), call.part("agent"), call.text("reason"));
}

Managed move(const ApiCall& call, FleetView& view) {
  return move_agent(view.state, call.asker(view), call.part("agent"), call.text("group"));
}

Managed drop(const ApiCall& call, FleetView& view) {
  return drop_agent_baseline(view.state, call.asker(view), call.part("agent"),
                             call.number("epoch", kEveryEpoch), call.text("reason"));
}

Status fold_anew(FleetView& view) {
  return view.baselines.refold(view.log, [](std::uint64_t) {});
}

ApiResponse list_groups(const ApiCall& /*call*/, FleetView& view) {
  std::map<std::string_view, std::int64_t> agents;
  for (const auto& [id, agent] : view.state.agents()) {
    if (!agent.revoked) ++agents[agent.group];
  }
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().open_array("groups");
  for (const auto& [name, group] : view.state.groups()) {
    json.open().text("name", name);
    time_if(json, "made", group.made);
    json.number("agents", agents[name]);
    json.number("policy", group.policy() == nullptr ? 0 : whole(group.policy()->version)).close();
  }
  json.close_array().close();
  return out;
}

Managed new_group(const ApiCall& call, FleetView& view) {
  return make_group(view.state, call.asker(view), call.text("name"));
}

ApiResponse list_tokens(const ApiCall& call, FleetView& view) {
  const bool all = call.number("all", 0) != 0;
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().open_array("tokens");
  for (const auto& [digest, token] : view.state.tokens()) {
    const bool good = token.good(view.now);
    if (!good && !all) continue;
    const char* is = token.revoked              ? "revoked"
                     : good                     ? "open"
                     : token.used >= token.uses ? "used up"
                                                : "ended";
    json.open().text("name", token.name()).text("group", token.group).text("state", is);
    json.number("uses", token.uses).number("used", token.used).text("by", token.by);
    time_if(json, "made", token.made);
    time_if(json, "ends", token.ends);
    json.close();
  }
  json.close_array().close();
  return out;
}

Managed new_token(const ApiCall& call, FleetView& view) {
  if (!call.context->options.authority) {
    return Managed::no(409, "", "the server has no certificate authority; doorward-server init");
  }
  JoinToken token;
  token.authority = *call.context->options.authority;
  randombytes_buf(token.secret.data(), token.secret.size());
  TokenWanted wanted;
  if (call.has("group")) wanted.group = call.text("group");
  wanted.life_us = call.number("ttl", wanted.life_us);
  wanted.uses = static_cast<std::uint32_t>(call.number("uses", 1));
  Managed out = make_token(view.state, call.asker(view), wanted, token);
  sodium_memzero(token.secret.data(), token.secret.size());
  return out;
}

Managed end_token(const ApiCall& call, FleetView& view) {
  return revoke_token(view.state, call.asker(view), call.part("token"));
}

void write_baseline(JsonWriter& json, const GroupBaselineStatus& status) {
  json.open().text("group", status.group).number("generation", whole(status.generation));
  json.number("deltas", whole(status.deltas));
  json.number("entries_waiting", whole(status.entries_waiting));
  json.number("refused_entries", whole(status.refused_entries));
  json.number("rounds_kept", whole(status.rounds_kept));
  json.number("rounds_bytes", whole(status.rounds_bytes));
  if (status.newest_epoch != kNoEpoch) json.number("newest_epoch", status.newest_epoch);
  json.real("pairs_fill", status.fill.pairs.counters);
  json.real("false_seen", status.fill.pairs.false_seen);
  json.number("partitions", whole(status.fill.partitions));
  json.number("partitions_limit", whole(status.fill.partitions_limit));
  json.number("bytes", whole(status.fill.bytes)).close();
}

ApiResponse list_baselines(const ApiCall& /*call*/, FleetView& view) {
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().open_array("baselines");
  for (const GroupBaselineStatus& status : view.baselines.status()) write_baseline(json, status);
  json.close_array().close();
  return out;
}

ApiResponse whole_baseline(const ApiCall& call, FleetView& view) {
  const Baseline* baseline = view.baselines.baseline(call.part("group"));
  if (baseline == nullptr) return api_error(404, {"group", "there is no such baseline"});
  const std::vector<std::uint8_t> bytes = encode_baseline(*baseline);
  ApiResponse out;
  out.body.assign(bytes.begin(), bytes.end());
  out.type = "application/octet-stream";
  return out;
}

const ApiField kLimit{"limit", ApiKind::integer, false, "Rows (default 50)", 1, kApiPageMax};
const ApiField kReason{"reason", ApiKind::text, false, "Why; in lists and the audit trail"};

}  // namespace

void add_agent_routes(std::vector<ApiRoute>& routes) {
  routes.push_back(
      {"GET",
       "/api/v1/agents",
       "listAgents",
       Role::viewer,
       "Agents in order of their ids",
       "Agents",
       {{"group", ApiKind::text, false, "Only of this group"},
        {"host", ApiKind::text, false, "Only with such a host name; * stands for any text"},
        {"state",
         ApiKind::choice,
         false,
         "Only these",
         0,
         INT64_MAX,
         {"connected", "away", "never", "revoked"}},
        {"after", ApiKind::text, false, "`next` of the page before"},
        kLimit},
       {},
       nullptr,
       nullptr,
       list_agents});
  routes.push_back({"GET",
                    "/api/v1/agents/{agent}",
                    "showAgent",
                    Role::viewer,
                    "One agent, by id, the beginning of it or its host's name",
                    "AgentShown",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    show_agent});
  routes.push_back({"POST",
                    "/api/v1/agents/{agent}/revoke",
                    "revokeAgent",
                    Role::admin,
                    "Its certificate is worth nothing any more; it is told so and cut off",
                    "AgentChanged",
                    {},
                    {kReason},
                    "agent.revoke",
                    nullptr,
                    nullptr,
                    revoke});
  routes.push_back({"POST",
                    "/api/v1/agents/{agent}/move",
                    "moveAgent",
                    Role::admin,
                    "Into another group, with its policy and baseline",
                    "AgentChanged",
                    {},
                    {{"group", ApiKind::text, true, "Where it goes"}},
                    "agent.move",
                    nullptr,
                    nullptr,
                    move});
  routes.push_back({"POST",
                    "/api/v1/agents/{agent}/drop-baseline",
                    "dropBaseline",
                    Role::admin,
                    "Takes out of its group's baseline what it taught",
                    "AgentChanged",
                    {},
                    {{"epoch", ApiKind::integer, false,
                      "Only of this epoch (weeks since 1970; default: all)", 0, 1'000'000'000},
                     kReason},
                    "baseline.drop",
                    nullptr,
                    nullptr,
                    drop,
                    fold_anew});
  routes.push_back({"GET",
                    "/api/v1/groups",
                    "listGroups",
                    Role::viewer,
                    "All groups",
                    "Groups",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    list_groups});
  routes.push_back({"POST",
                    "/api/v1/groups",
                    "makeGroup",
                    Role::admin,
                    "A new group",
                    "GroupMade",
                    {},
                    {{"name", ApiKind::text, true, kNameRule}},
                    "group.make",
                    nullptr,
                    nullptr,
                    new_group});
  routes.push_back({"GET",
                    "/api/v1/tokens",
                    "listTokens",
                    Role::admin,
                    "Enrolment tokens",
                    "Tokens",
                    {{"all", ApiKind::boolean, false, "Also those that are no longer good"}},
                    {},
                    nullptr,
                    nullptr,
                    list_tokens});
  routes.push_back(
      {"POST",
       "/api/v1/tokens",
       "createToken",
       Role::admin,
       "A word with which agents enrol. It is shown this once",
       "TokenMade",
       {},
       {{"group", ApiKind::text, false, "Where its agents go (default: default)"},
        {"ttl", ApiKind::duration, false, "How long it is good: 1h (default), at most 30d"},
        {"uses", ApiKind::integer, false, "How many agents (default 1)", 1, kTokenUsesMax}},
       "token.create",
       nullptr,
       nullptr,
       new_token});
  routes.push_back({"POST",
                    "/api/v1/tokens/{token}/revoke",
                    "revokeToken",
                    Role::admin,
                    "No agent can come with it any more",
                    "Named",
                    {},
                    {},
                    "token.revoke",
                    nullptr,
                    nullptr,
                    end_token});
  routes.push_back({"GET",
                    "/api/v1/baselines",
                    "listBaselines",
                    Role::viewer,
                    "How full and how new each group's baseline is",
                    "Baselines",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    list_baselines});
  routes.push_back({"GET",
                    "/api/v1/baselines/{group}/whole",
                    "exportBaseline",
                    Role::analyst,
                    "The group's baseline as a file for doorward-agent explain and replay",
                    "application/octet-stream",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    whole_baseline});
}

}  // namespace doorward
