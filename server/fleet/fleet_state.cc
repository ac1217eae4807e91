#include "server/fleet/fleet_state.h"

#include <algorithm>
#include <utility>

#include "server/store/entry_data.h"

namespace doorward {
namespace {

template <class Map>
auto* find_in(Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

constexpr std::uint8_t kFalsePositive = 2;
constexpr std::uint8_t kVerdictMax = 3;

/// Hashed with room for no collisions that anybody could make, so that a name costs 16 bytes.
Hash128 alert_name(std::string_view alert) {
  return hash_text(HashKey{}, alert);
}

}  // namespace

void AlertAgents::add(std::string_view alert, std::string_view agent) {
  const Hash128 name = alert_name(alert);
  if (agents_.contains(name)) return;
  auto index = name_index_.find(agent);
  if (index == name_index_.end()) {
    index = name_index_.emplace(agent, static_cast<std::uint32_t>(names_.size())).first;
    names_.emplace_back(agent);
  }
  if (ring_.size() < kAlertAgentsMax) {
    ring_.push_back(name);
  } else {
    agents_.erase(ring_[next_]);
    ring_[next_] = name;
    next_ = (next_ + 1) % kAlertAgentsMax;
  }
  agents_.emplace(name, index->second);
}

std::string_view AlertAgents::find(std::string_view alert) const {
  const auto found = agents_.find(alert_name(alert));
  return found == agents_.end() ? std::string_view() : std::string_view(names_[found->second]);
}

void FleetState::fold(const LogEntry& entry) {
  folded_ = entry.place;
  bool good = true;
  switch (entry.kind) {
    case EntryKind::fleet_key:
      good = entry.data.size() == key_.bytes.size();
      if (good && entry.number > key_number_) {
        std::copy(entry.data.begin(), entry.data.end(), key_.bytes.begin());
        key_number_ = entry.number;
        key_made_ = entry.at;
      }
      break;
    case EntryKind::group: {
      GroupRecord& group = groups_[entry.subject];
      group.name = entry.subject;
      group.made = entry.at;
      break;
    }
    case EntryKind::token:
    case EntryKind::token_used:
    case EntryKind::token_revoked:
      good = fold_token(entry);
      break;
    case EntryKind::enrolment:
    case EntryKind::renewal:
    case EntryKind::revocation:
    case EntryKind::move:
      good = fold_agent(entry);
      break;
    case EntryKind::policy:
      good = fold_policy(entry);
      break;
    case EntryKind::delta:
    case EntryKind::contribution:
      // Their data are the baselines'.
      if (AgentRecord* agent = find_in(agents_, entry.subject);
          agent != nullptr && entry.number > agent->last_delta) {
        agent->last_delta = entry.number;
        agent->last_delta_at = entry.at;
      }
      break;
    case EntryKind::drop:
      if (AgentRecord* agent = find_in(agents_, entry.subject)) {
        agent->drops = std::max(agent->drops, entry.number);
      }
      break;
    case EntryKind::alert:
      good = fold_alert(entry);
      break;
    case EntryKind::verdict:
      good = fold_verdict(entry);
      break;
    case EntryKind::api_token:
      good = fold_api_token(entry);
      break;
    case EntryKind::audit:
      audits_ = std::max(audits_, entry.number);
      break;
    case EntryKind::round:
      break;
  }
  if (!good) ++damaged_;
}

bool FleetState::fold_token(const LogEntry& entry) {
  if (entry.kind == EntryKind::token) {
    const auto* table = entry_table<log::Token>(entry);
    if (table == nullptr) return false;
    TokenRecord& token = tokens_[entry.subject];
    token.digest = entry.subject;
    token.group = text_of(table->group());
    token.made = entry.at;
    token.ends = table->ends();
    token.uses = table->uses();
    token.by = text_of(table->by());
    return true;
  }
  TokenRecord* token = find_in(tokens_, entry.subject);
  if (token == nullptr) return true;
  // The uses are counted, and a token ended, even where it cannot be read by whom.
  if (entry.kind == EntryKind::token_used) {
    token->used = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(entry.number, token->used, UINT32_MAX));
  } else {
    token->revoked = true;
  }
  return true;
}

bool FleetState::fold_agent(const LogEntry& entry) {
  if (entry.kind == EntryKind::enrolment) {
    const auto* table = entry_table<log::Enrolment>(entry);
    if (table == nullptr) return false;
    AgentRecord& agent = agents_[entry.subject];
    agent.id = entry.subject;
    agent.host = text_of(table->host());
    agent.machine = table->machine();
    agent.group = text_of(table->group());
    agent.serial = text_of(table->serial());
    agent.ends = table->ends();
    agent.enrolled = entry.at;
    agent.token = text_of(table->token());
    agent.address = text_of(table->address());
    return true;
  }
  AgentRecord* agent = find_in(agents_, entry.subject);
  if (agent == nullptr) return true;
  if (entry.kind == EntryKind::renewal) {
    const auto* table = entry_table<log::Renewal>(entry);
    if (table == nullptr) return false;
    if (entry.number <= agent->renewals + 1) return true;
    agent->renewals = entry.number - 1;
    agent->serial = text_of(table->serial());
    agent->ends = table->ends();
    return true;
  }
  if (entry.kind == EntryKind::move) {
    const auto* table = entry_table<log::Move>(entry);
    if (table == nullptr) return false;
    if (entry.number <= agent->moves) return true;
    agent->moves = entry.number;
    agent->group = text_of(table->group());
    return true;
  }
  // A revocation holds whatever its data are.
  agent->revoked = true;
  agent->revoked_at = entry.at;
  const auto* table = entry_table<log::Revocation>(entry);
  if (table == nullptr) return false;
  agent->revoked_by = text_of(table->by());
  agent->revoked_reason = text_of(table->reason());
  return true;
}

bool FleetState::fold_policy(const LogEntry& entry) {
  const auto* table = entry_table<log::Policy>(entry);
  if (table == nullptr) return false;
  auto group = groups_.find(entry.subject);
  if (group == groups_.end()) {
    group = groups_.emplace(entry.subject, GroupRecord{entry.subject, entry.at, {}}).first;
  }
  std::vector<PolicyVersion>& policies = group->second.policies;
  if (!policies.empty() && entry.number <= policies.back().version) return true;
  auto files = std::make_shared<PolicyFiles>();
  if (table->files() != nullptr) {
    for (const auto* file : *table->files()) {
      files->push_back({text_of(file->name()), text_of(file->text())});
    }
  }
  std::sort(files->begin(), files->end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  policies.push_back({entry.number, entry.at, text_of(table->by()), text_of(table->comment()),
                      table->from(), std::move(files)});
  return true;
}

bool FleetState::fold_alert(const LogEntry& entry) {
  const auto* table = entry_table<log::Alert>(entry);
  if (table == nullptr) return false;
  alert_agents_.add(entry.subject, table->agent() == nullptr ? "" : table->agent()->string_view());
  return true;
}

bool FleetState::fold_verdict(const LogEntry& entry) {
  std::uint64_t& count = verdict_counts_[entry.subject];
  count = std::max(count, entry.number);
  const auto* table = entry_table<log::Verdict>(entry);
  if (table == nullptr || table->verdict() > kVerdictMax) return false;
  const std::string agent(alert_agents_.find(entry.subject));
  if (agent.empty()) return true;  // nobody to tell
  verdicts_[agent].push_back(
      {entry.place, entry.subject, agent, table->verdict() >= kFalsePositive});
  return true;
}

bool FleetState::fold_api_token(const LogEntry& entry) {
  ApiTokenRecord& token = api_tokens_[entry.subject];
  token.name = entry.subject;
  if (entry.number <= token.number) return true;
  token = {};
  token.name = entry.subject;
  token.number = entry.number;
  token.made = entry.at;
  if (entry.data.empty()) return true;  // taken away
  // What cannot be read opens nothing, nor does what was before it.
  const auto* table = entry_table<log::ApiToken>(entry);
  if (table == nullptr || table->role() > static_cast<std::uint8_t>(Role::admin)) return false;
  token.by = text_of(table->by());
  token.role = static_cast<Role>(table->role());
  if (token.role == Role::none) return true;
  token.digest = text_of(table->digest());
  token.ends = table->ends();
  return true;
}

const AgentRecord* FleetState::agent(std::string_view id) const {
  return find_in(agents_, id);
}

const GroupRecord* FleetState::group(std::string_view name) const {
  return find_in(groups_, name);
}

std::vector<VerdictRecord> FleetState::verdicts_after(std::string_view agent, std::uint64_t place,
                                                      std::size_t most) const {
  const std::vector<VerdictRecord>* all = find_in(verdicts_, agent);
  if (all == nullptr) return {};
  const auto first =
      std::upper_bound(all->begin(), all->end(), place,
                       [](std::uint64_t at, const auto& verdict) { return at < verdict.place; });
  const auto n = std::min<std::size_t>(most, static_cast<std::size_t>(all->end() - first));
  return {first, first + static_cast<std::ptrdiff_t>(n)};
}

std::uint64_t FleetState::verdicts_on(std::string_view id) const {
  const std::uint64_t* count = find_in(verdict_counts_, id);
  return count == nullptr ? 0 : *count;
}

}  // namespace doorward
