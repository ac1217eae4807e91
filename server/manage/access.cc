#include "server/manage/access.h"

#include <algorithm>

#include "plugins/json_writer.h"
#include "plugins/time_text.h"
#include "server/manage/limits.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

bool in_use(const ApiTokenRecord& token) {
  return token.role != Role::none;
}

}  // namespace

Managed make_api_token(const FleetState& state, const Asker& asker, const ApiTokenWanted& wanted,
                       const std::string& token, const std::string& digest) {
  Managed out;
  const auto there = state.api_tokens().find(wanted.name);
  const bool known = there != state.api_tokens().end();
  const auto used = std::count_if(state.api_tokens().begin(), state.api_tokens().end(),
                                  [](const auto& t) { return in_use(t.second); });
  if (!good_name(wanted.name, false)) {
    out = Managed::no(422, "name", kApiNameRule);
  } else if (wanted.name == "local" || wanted.name == "loopback") {
    out = Managed::no(422, "name", "means this host itself; take another");
  } else if (wanted.role == Role::none) {
    out = Managed::no(422, "role", "expected viewer, analyst or admin");
  } else if (wanted.life_us < 0 || wanted.life_us > kApiTokenLifeMaxUs) {
    out = Managed::no(422, "ttl", "expected at most 3650d");
  } else if (known && in_use(there->second)) {
    out = Managed::no(409, "name", "is there already; revoke it first");
  } else if (static_cast<std::size_t>(used) >= kApiTokensMax) {
    out = Managed::no(409, "", "there are " + std::to_string(kApiTokensMax) + " already");
  }
  out.target = wanted.name.substr(0, kAuditTextMax);
  if (out.refused != 0) return out;
  const TimeUs ends = wanted.life_us == 0 ? 0 : asker.now + wanted.life_us;
  out.detail = std::string(role_name(wanted.role)) +
               (ends == 0 ? ", never ends" : ", until " + format_time(ends));
  log::ApiTokenT table;
  table.role = static_cast<std::uint8_t>(wanted.role);
  table.digest = digest;
  table.by = asker.name;
  table.ends = ends;
  out.entries.push_back(packed_entry(EntryKind::api_token, wanted.name,
                                     known ? there->second.number + 1 : 1, asker.now, table));
  JsonWriter json(out.answer);
  json.open().text("name", wanted.name).text("token", token).text("role", role_name(wanted.role));
  if (ends != 0) json.text("ends", format_time(ends));
  json.close();
  return out;
}

Managed revoke_api_token(const FleetState& state, const Asker& asker, std::string_view name) {
  Managed out;
  const auto there = state.api_tokens().find(name);
  if (there == state.api_tokens().end() || !in_use(there->second)) {
    out = Managed::no(404, "api-token", "there is no such token");
  }
  out.target = std::string(name.substr(0, kAuditTextMax));
  if (out.refused != 0) return out;
  log::ApiTokenT table;
  table.by = asker.name;
  out.entries.push_back(packed_entry(EntryKind::api_token, std::string(name),
                                     there->second.number + 1, asker.now, table));
  JsonWriter(out.answer).open().text("name", name).close();
  return out;
}

Managed rotate_key(const FleetState& state, const Asker& asker, const HashKey& fresh) {
  Managed out;
  const std::uint64_t number = state.key_number() + 1;
  out.target = std::to_string(number);
  LogEntry entry;
  entry.kind = EntryKind::fleet_key;
  entry.number = number;
  entry.at = asker.now;
  entry.data.assign(fresh.bytes.begin(), fresh.bytes.end());
  out.entries.push_back(std::move(entry));
  JsonWriter json(out.answer);
  json.open().number("key", static_cast<std::int64_t>(number));
  json.text("warning",
            "History begins anew: what the fleet learned under the old key is no longer used.");
  json.close();
  return out;
}

std::string_view verdict_name(AlertVerdict verdict) {
  switch (verdict) {
    case AlertVerdict::open:
      return "open";
    case AlertVerdict::true_positive:
      return "true_positive";
    case AlertVerdict::false_positive:
      return "false_positive";
    case AlertVerdict::benign:
      return "benign";
  }
  return "open";
}

std::size_t verdict_number(const LogEntry& entry) {
  const auto* table = entry_table<log::Verdict>(entry);
  return table == nullptr || table->verdict() > 3 ? 0 : table->verdict();
}

Managed give_verdict(const FleetState& state, const Asker& asker, const std::string& alert,
                     bool known, AlertVerdict verdict, const std::string& comment) {
  const std::uint64_t before = state.verdicts_on(alert);
  Managed out;
  if (!known) {
    out = Managed::no(404, "alert", "there is no such alert");
  } else if (verdict == AlertVerdict::open) {
    out = Managed::no(422, "verdict", "expected true_positive, false_positive or benign");
  } else if (comment.size() > kReasonBytesMax) {
    out = Managed::no(422, "comment", "longer than " + std::to_string(kReasonBytesMax) + " bytes");
  } else if (before >= kVerdictsMax) {
    out = Managed::no(409, "alert", "has had " + std::to_string(before) + " verdicts");
  }
  out.target = alert.substr(0, kAuditTextMax);
  out.detail = std::string(verdict_name(verdict)) + (comment.empty() ? "" : ": " + comment);
  if (out.refused != 0) return out;
  log::VerdictT table;
  table.verdict = static_cast<std::uint8_t>(verdict);
  table.by = asker.name;
  table.comment = comment;
  out.entries.push_back(packed_entry(EntryKind::verdict, alert, before + 1, asker.now, table));
  JsonWriter(out.answer).open().text("alert", alert).text("verdict", verdict_name(verdict)).close();
  return out;
}

LogEntry audit_entry(const AuditRecord& record) {
  log::AuditT table;
  table.by = record.by.substr(0, kAuditTextMax);
  table.role = record.role;
  table.action = record.action;
  table.target = record.target.substr(0, kAuditTextMax);
  table.detail = record.detail.substr(0, kAuditTextMax);
  table.from = record.from.substr(0, kAuditTextMax);
  table.ok = record.ok;
  return packed_entry(EntryKind::audit, "", record.number, record.at, table);
}

Result<AuditRecord> read_audit(const LogEntry& entry) {
  const auto* table = entry_table<log::Audit>(entry);
  if (entry.kind != EntryKind::audit || table == nullptr) {
    return Error{"audit " + std::to_string(entry.number), "is damaged"};
  }
  AuditRecord out;
  out.number = entry.number;
  out.at = entry.at;
  out.by = text_of(table->by());
  out.role = text_of(table->role());
  out.action = text_of(table->action());
  out.target = text_of(table->target());
  out.detail = text_of(table->detail());
  out.from = text_of(table->from());
  out.ok = table->ok();
  return out;
}

}  // namespace doorward
