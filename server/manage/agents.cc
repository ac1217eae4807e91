#include "server/manage/agents.h"

#include <algorithm>

#include "plugins/count_words.h"
#include "plugins/json_writer.h"
#include "plugins/time_text.h"
#include "server/manage/limits.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

constexpr std::size_t kIdPrefixMin = 4;

/// Refuses for an agent that was found: the audit trail still names it.
Managed no_for(const AgentRecord& agent, unsigned status, std::string where, std::string what) {
  Managed out = Managed::no(status, std::move(where), std::move(what));
  out.target = agent.id;
  return out;
}

bool too_long(const std::string& reason) {
  return reason.size() > kReasonBytesMax;
}

Managed reason_too_long(const AgentRecord& agent) {
  return no_for(agent, 422, "reason", "longer than " + std::to_string(kReasonBytesMax) + " bytes");
}

}  // namespace

bool good_name(std::string_view name, bool underscore) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kNameBytesMax && plain(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return plain(c) || c == '.' || c == '-' || (underscore && c == '_');
         });
}

const AgentRecord* find_agent(const FleetState& state, std::string_view text, Managed& why) {
  if (const AgentRecord* exact = state.agent(text)) return exact;
  const AgentRecord* found = nullptr;
  std::size_t count = 0;
  for (const auto& [id, agent] : state.agents()) {
    const bool begins = text.size() >= kIdPrefixMin && id.starts_with(text);
    if (!begins && (agent.revoked || agent.host != text)) continue;
    found = &agent;
    ++count;
  }
  if (count == 1) return found;
  const std::string name(text.substr(0, kAuditTextMax));
  why =
      count == 0
          ? Managed::no(404, "agent", "there is no agent \"" + name + "\"")
          : Managed::no(409, "agent",
                        std::to_string(count) + " agents are \"" + name + "\"; name one by its id");
  why.target = name;
  return nullptr;
}

Managed revoke_agent(const FleetState& state, const Asker& asker, std::string_view agent,
                     const std::string& reason) {
  Managed out;
  const AgentRecord* found = find_agent(state, agent, out);
  if (found == nullptr) return out;
  if (too_long(reason)) return reason_too_long(*found);
  if (found->revoked) {
    return no_for(
        *found, 409, "agent",
        "is revoked already, by " + found->revoked_by + " at " + format_time(found->revoked_at));
  }
  out.target = found->id;
  out.detail = found->host + (reason.empty() ? "" : ": " + reason);
  log::RevocationT table;
  table.by = asker.name;
  table.reason = reason;
  out.entries.push_back(packed_entry(EntryKind::revocation, found->id, 0, asker.now, table));
  JsonWriter(out.answer).open().text("agent", found->id).text("host", found->host).close();
  return out;
}

Managed move_agent(const FleetState& state, const Asker& asker, std::string_view agent,
                   const std::string& group) {
  Managed out;
  const AgentRecord* found = find_agent(state, agent, out);
  if (found == nullptr) return out;
  if (state.group(group) == nullptr) {
    return no_for(*found, 422, "group", "there is no group \"" + group + "\"");
  }
  if (found->revoked) return no_for(*found, 409, "agent", "is revoked");
  if (found->group == group) return no_for(*found, 409, "group", "it is in " + group + " already");
  out.target = found->id;
  out.detail = found->host + ": " + found->group + " to " + group;
  log::MoveT table;
  table.group = group;
  table.by = asker.name;
  out.entries.push_back(
      packed_entry(EntryKind::move, found->id, found->moves + 1, asker.now, table));
  JsonWriter(out.answer)
      .open()
      .text("agent", found->id)
      .text("host", found->host)
      .text("group", group)
      .close();
  return out;
}

Managed make_group(const FleetState& state, const Asker& asker, const std::string& name) {
  Managed out;
  if (!good_name(name))
    out = Managed::no(422, "name", kNameRule);
  else if (state.group(name) != nullptr)
    out = Managed::no(409, "name", "is there already");
  else if (state.groups().size() >= kGroupsMax)
    out = Managed::no(409, "name", "there are " + std::to_string(kGroupsMax) + " groups already");
  out.target = name.substr(0, kAuditTextMax);
  if (out.refused != 0) return out;
  log::GroupT table;
  table.by = asker.name;
  out.entries.push_back(packed_entry(EntryKind::group, name, 1, asker.now, table));
  JsonWriter(out.answer).open().text("group", name).close();
  return out;
}

Managed drop_agent_baseline(const FleetState& state, const Asker& asker, std::string_view agent,
                            std::int64_t epoch, const std::string& reason) {
  Managed out;
  const AgentRecord* found = find_agent(state, agent, out);
  if (found == nullptr) return out;
  if (too_long(reason)) return reason_too_long(*found);
  if (found->last_delta == 0) return no_for(*found, 409, "agent", "has taught nothing yet");
  out.target = found->id;
  out.detail = found->host + ", " +
               (epoch == kEveryEpoch ? "all epochs" : "epoch " + std::to_string(epoch)) +
               (reason.empty() ? "" : ": " + reason);
  log::DropT table;
  table.group = found->group;
  table.epoch = epoch;
  table.by = asker.name;
  table.reason = reason;
  table.through = found->last_delta;
  out.entries.push_back(
      packed_entry(EntryKind::drop, found->id, found->drops + 1, asker.now, table));
  JsonWriter json(out.answer);
  json.open().text("agent", found->id).text("host", found->host).text("group", found->group);
  json.number("through", static_cast<std::int64_t>(found->last_delta)).close();
  return out;
}

Managed make_token(const FleetState& state, const Asker& asker, const TokenWanted& wanted,
                   const JoinToken& token) {
  if (state.group(wanted.group) == nullptr) {
    return Managed::no(422, "group", "there is no group \"" + wanted.group + "\"");
  }
  if (wanted.uses == 0 || wanted.uses > kTokenUsesMax) {
    return Managed::no(422, "uses", "expected 1 to " + std::to_string(kTokenUsesMax));
  }
  if (wanted.life_us <= 0 || wanted.life_us > kTokenLifeMaxUs) {
    return Managed::no(422, "ttl", "expected more than 0 and at most 30d");
  }
  const auto open = std::count_if(state.tokens().begin(), state.tokens().end(),
                                  [&](const auto& t) { return t.second.good(asker.now); });
  if (static_cast<std::size_t>(open) >= kOpenTokensMax) {
    return Managed::no(409, "", std::to_string(kOpenTokensMax) + " tokens are open; revoke some");
  }
  Managed out;
  const TimeUs ends = asker.now + wanted.life_us;
  out.target = token_name(token);
  out.detail = wanted.group + ", " + counted(wanted.uses, "use") + ", until " + format_time(ends);
  log::TokenT table;
  table.group = wanted.group;
  table.ends = ends;
  table.uses = wanted.uses;
  table.by = asker.name;
  out.entries.push_back(
      packed_entry(EntryKind::token, hex_of(token_digest(token)), 0, asker.now, table));
  JsonWriter json(out.answer);
  json.open().text("name", token_name(token)).text("token", token.text());
  json.text("group", wanted.group).number("uses", wanted.uses);
  json.text("ends", format_time(ends)).close();
  return out;
}

Managed revoke_token(const FleetState& state, const Asker& asker, std::string_view name) {
  const TokenRecord* found = nullptr;
  std::size_t count = 0;
  for (const auto& [digest, token] : state.tokens()) {
    if (name.size() < 8 || !digest.starts_with(name)) continue;
    found = &token;
    ++count;
  }
  Managed out;
  if (count == 0)
    out = Managed::no(404, "token", "there is no such token");
  else if (count > 1)
    out = Managed::no(409, "token", "several begin like this; give more digits");
  else if (found->revoked)
    out = Managed::no(409, "token", "is revoked already");
  out.target = std::string(name.substr(0, 64));
  if (out.refused != 0) return out;
  out.target = found->name();
  log::TokenRevokedT table;
  table.by = asker.name;
  out.entries.push_back(packed_entry(EntryKind::token_revoked, found->digest, 0, asker.now, table));
  JsonWriter(out.answer).open().text("name", found->name()).close();
  return out;
}

}  // namespace doorward
