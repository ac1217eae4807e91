// Routes of API tokens, the audit trail and the fleet's key.
#include <sodium.h>

#include "server/api/answers.h"
#include "server/api/limits.h"
#include "server/api/secrets.h"
#include "server/manage/access.h"
#include "server/manage/limits.h"

namespace doorward {
namespace {

ApiResponse list_api_tokens(const ApiCall& /*call*/, FleetView& view) {
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().open_array("api_tokens");
  for (const auto& [name, token] : view.state.api_tokens()) {
    if (token.role == Role::none) continue;
    const bool ended = token.ends != 0 && view.now >= token.ends;
    json.open().text("name", name).text("role", role_name(token.role)).text("by", token.by);
    time_if(json, "made", token.made);
    time_if(json, "ends", token.ends);
    json.boolean("ended", ended).close();
  }
  json.close_array().close();
  return out;
}

void prepare_api_token(ApiCall& call) {
  call.prepared = make_api_secret(call.text("name"));
  const Result<std::string> digest = api_token_digest(call.prepared);
  if (digest)
    call.digest = digest.value();
  else
    call.refused = Managed::no(503, digest.error().where, digest.error().what);
}

Managed new_api_token(const ApiCall& call, FleetView& view) {
  ApiTokenWanted wanted;
  wanted.name = call.text("name");
  for (const Role role : {Role::viewer, Role::analyst, Role::admin}) {
    if (call.text("role") == role_name(role)) wanted.role = role;
  }
  wanted.life_us = call.number("ttl", 0);
  return make_api_token(view.state, call.asker(view), wanted, call.prepared, call.digest);
}

Managed end_api_token(const ApiCall& call, FleetView& view) {
  return revoke_api_token(view.state, call.asker(view), call.part("name"));
}

void write_record(JsonWriter& json, const AuditRecord& record) {
  json.open().number("number", whole(record.number));
  time_if(json, "at", record.at);
  json.text("by", record.by).text("role", record.role).text("action", record.action);
  json.text("target", record.target).text("detail", record.detail).text("from", record.from);
  json.boolean("ok", record.ok).close();
}

/// Newest first. The log gives entries in order of number, so it is read in blocks from behind.
ApiResponse list_audit(const ApiCall& call, FleetView& view) {
  constexpr std::uint64_t kBlock = 500;
  const auto most = static_cast<std::size_t>(call.number("limit", kApiPage));
  std::uint64_t end = view.state.audits() + 1;
  if (call.has("before")) {
    end = std::min(end, static_cast<std::uint64_t>(call.number("before", 1)));
  }
  const std::string by = call.text("by");
  const std::string action = call.text("action");
  const bool refused_only = call.number("refused", 0) != 0;
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().open_array("audit");
  std::size_t rows = 0;
  std::uint64_t looked = 0;
  std::uint64_t next = end;
  while (next > 1 && rows < most && looked < kAuditLookMax) {
    const std::uint64_t first = next > kBlock ? next - kBlock : 1;
    std::vector<AuditRecord> block;
    const Status read = view.log.read_subject(EntryKind::audit, "", first, [&](const auto& entry) {
      if (entry.number >= next) return false;
      if (Result<AuditRecord> record = read_audit(entry)) block.push_back(record.value());
      return true;
    });
    if (!read) return api_error(503, read.error());
    looked += next - first;
    next = first;
    for (auto it = block.rbegin(); it != block.rend(); ++it) {
      if (!by.empty() && it->by != by) continue;
      if (!action.empty() && it->action != action) continue;
      if (refused_only && it->ok) continue;
      write_record(json, *it);
      if (++rows == most) {
        next = it->number;
        break;
      }
    }
  }
  json.close_array();
  if (next > 1) json.number("next", whole(next));
  json.close();
  return out;
}

Managed rotate(const ApiCall& /*call*/, FleetView& view) {
  HashKey fresh;
  randombytes_buf(fresh.bytes.data(), fresh.bytes.size());
  Managed out = rotate_key(view.state, {}, fresh);
  for (LogEntry& entry : out.entries) entry.at = view.now;
  sodium_memzero(fresh.bytes.data(), fresh.bytes.size());
  return out;
}

}  // namespace

void add_access_routes(std::vector<ApiRoute>& routes) {
  routes.push_back({"GET",
                    "/api/v1/api-tokens",
                    "listApiTokens",
                    Role::admin,
                    "Who may use this API",
                    "ApiTokens",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    list_api_tokens});
  routes.push_back({"POST",
                    "/api/v1/api-tokens",
                    "createApiToken",
                    Role::admin,
                    "A bearer token for this API. It is shown this once",
                    "ApiTokenMade",
                    {},
                    {{"name", ApiKind::text, true, kApiNameRule},
                     {"role",
                      ApiKind::choice,
                      true,
                      "What it may do",
                      0,
                      INT64_MAX,
                      {"viewer", "analyst", "admin"}},
                     {"ttl", ApiKind::duration, false, "How long it is good (default: for ever)"}},
                    "api-token.create",
                    prepare_api_token,
                    nullptr,
                    new_api_token});
  routes.push_back({"POST",
                    "/api/v1/api-tokens/{name}/revoke",
                    "revokeApiToken",
                    Role::admin,
                    "It is worth nothing from the next request on",
                    "Named",
                    {},
                    {},
                    "api-token.revoke",
                    nullptr,
                    nullptr,
                    end_api_token});
  routes.push_back({"GET",
                    "/api/v1/audit",
                    "listAudit",
                    Role::admin,
                    "Every change, and every try that was refused, newest first",
                    "Audit",
                    {{"by", ApiKind::text, false, "Only of this name"},
                     {"action", ApiKind::text, false, "Only this: agent.revoke, policy.apply ..."},
                     {"refused", ApiKind::boolean, false, "Only what was refused"},
                     {"before", ApiKind::integer, false, "`next` of the page before", 1},
                     {"limit", ApiKind::integer, false, "Rows (default 50)", 1, kApiPageMax}},
                    {},
                    nullptr,
                    nullptr,
                    list_audit});
  routes.push_back({"POST",
                    "/api/v1/key/rotate",
                    "rotateKey",
                    Role::admin,
                    "A new secret key under which agents hash names. History begins anew: what "
                    "was learned under the old key is of no use any more",
                    "KeyRotated",
                    {},
                    {},
                    "key.rotate",
                    nullptr,
                    nullptr,
                    rotate});
}

}  // namespace doorward
