#include "server/triage/triage.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "plugins/json_writer.h"
#include "plugins/rule_set.h"
#include "plugins/sources/json_record.h"
#include "plugins/time_text.h"
#include "server/fleet/baselines.h"
#include "server/fleet/fleet_state.h"
#include "server/fleet/group_policy.h"

namespace doorward {
namespace {

void times(JsonWriter& json, TimeUs first, TimeUs last) {
  json.text("first", format_time(first)).text("last", format_time(last));
}

void names(JsonWriter& json, std::string_view list, const std::vector<EntityHistory::With>& all) {
  json.open_array(list);
  for (const EntityHistory::With& one : all) {
    json.open().text("name", one.name).number("alerts", static_cast<std::int64_t>(one.alerts));
    times(json, one.first, one.last);
    json.close();
  }
  json.close_array();
}

Status entity(JsonWriter& json, FleetView& view, AlertIndex::Entity kind, std::string_view key,
              const std::string& name) {
  if (name.empty()) return {};
  const Result<EntityHistory> found = view.alerts.history(kind, name);
  if (!found) return found.error();
  const EntityHistory& history = found.value();
  json.open(key).text("name", name);
  json.number("alerts", static_cast<std::int64_t>(history.alerts));
  if (history.alerts > 0) times(json, history.first, history.last);
  if (kind != AlertIndex::Entity::user) names(json, "users", history.users);
  if (kind != AlertIndex::Entity::address) names(json, "addresses", history.addresses);
  if (kind != AlertIndex::Entity::host) names(json, "hosts", history.hosts);
  names(json, "rules", history.rules);
  json.close();
  return {};
}

/// Of the agent that raised it; a fleet's alert names its own.
std::string group_of(const FleetView& view, const AlertRow& alert) {
  if (const AgentRecord* agent = view.state.agent(alert.agent)) return agent->group;
  if (alert.agent.empty() && !alert.document.empty()) {
    JsonRecord record;
    if (record.read(alert.document)) {
      const std::string_view group = record.root().at("doorward.fleet.group").text();
      if (!group.empty()) return std::string(group);
    }
  }
  return kDefaultGroup;
}

/// The rules of the group. Mistakes of a policy are told where it is applied.
std::unique_ptr<RuleSet> rules_of(const FleetView& view, const std::string& group) {
  const GroupRecord* known = view.state.group(group);
  const PolicyVersion* policy = known == nullptr ? nullptr : known->policy();
  const GroupRules rules = group_rules(policy == nullptr ? nullptr : policy->files.get());
  std::vector<Error> mistakes;
  return std::make_unique<RuleSet>(rules.texts, view.state.key(), mistakes, nullptr,
                                   rules.overrides);
}

class FleetKnowledge {
 public:
  FleetKnowledge(JsonWriter& json, const Baseline& baseline, const RuleSet& rules,
                 const AlertRow& alert)
      : json_(json), baseline_(baseline), rules_(rules), alert_(alert) {
    event_.time = alert.time;
    event_.outcome = Outcome::success;
    event_[Field::user_name] = alert_.user;
    event_[Field::host_name] = alert_.host;
    event_[Field::source_address] = alert_.address;
    event_[Field::event_action] = "ssh_login";
    event_.ip = IpAddress::parse(alert_.address).value_or(IpAddress{});
  }

  void write() {
    const std::vector<LevelHistory> users = ask("rare_user");
    const std::vector<LevelHistory> addresses = ask("rare_source_ip_for_user");
    const std::vector<LevelHistory> hosts = ask("rare_host_for_user");
    if (!alert_.user.empty() && !users.empty()) {
      json_.open("user").text("name", alert_.user).boolean("known", sum(users[0]) > 0);
      number("logons", !addresses.empty() ? addresses[0].total
                       : !hosts.empty()   ? hosts[0].total
                                          : static_cast<double>(sum(users[0])));
      if (!addresses.empty()) number("addresses", addresses[0].distinct);
      if (!hosts.empty()) number("hosts", hosts[0].distinct);
      seen_times(users[0]);
      json_.close();
    }
    json_.open_array("seen");
    for (const std::vector<LevelHistory>* all : {&addresses, &hosts}) {
      for (const LevelHistory& level : *all) tell(level);
    }
    json_.close_array();
  }

 private:
  [[nodiscard]] std::vector<LevelHistory> ask(std::string_view id) const {
    const std::size_t rule = rules_.find(id);
    if (rule == rules_.size()) return {};
    return rules_.history(rule, event_, baseline_);
  }
  static std::uint64_t sum(const LevelHistory& level) {
    std::uint64_t out = 0;
    for (const std::uint32_t count : level.seen) out += count;
    return out;
  }
  void number(std::string_view name, double value) {
    json_.number(name, static_cast<std::int64_t>(value + 0.5));
  }
  [[nodiscard]] TimeUs begin_of(std::int64_t age) const {
    return (baseline_.newest() - age) * baseline_.options().epoch_us;
  }
  void seen_times(const LevelHistory& level) {
    if (sum(level) == 0 || baseline_.newest() == kNoEpoch) return;
    std::int64_t first = 0;
    std::int64_t last = kEpochSlots;
    for (std::int64_t age = 0; age < static_cast<std::int64_t>(kEpochSlots); ++age) {
      if (level.seen[static_cast<std::size_t>(age)] == 0) continue;
      first = age;
      last = std::min(last, age);
    }
    times(json_, begin_of(first), begin_of(last - 1));
  }
  void tell(const LevelHistory& level) {
    const std::string value = view_text(level.by, event_);
    if (value.empty()) return;
    json_.open().text("of", level.fleet ? "fleet" : view_text(level.partition, event_));
    json_.text("what", level.by.name()).text("value", value);
    json_.number("count", static_cast<std::int64_t>(sum(level)));
    number("different", level.distinct);
    if (sum(level) > 0) {
      seen_times(level);
      json_.open_array("by_epoch");
      for (const std::uint32_t count : level.seen)
        json_.item_number(static_cast<std::int64_t>(count));
      json_.close_array();
    }
    json_.close();
  }

  JsonWriter& json_;
  const Baseline& baseline_;
  const RuleSet& rules_;
  const AlertRow& alert_;
  Event event_;
};

}  // namespace

std::string fleet_knowledge_json(const std::string& group, const Baseline& baseline,
                                 const RuleSet& rules, const AlertRow& alert) {
  std::string out;
  JsonWriter json(out);
  const BaselineOptions& options = baseline.options();
  json.open().text("group", group);
  json.number("epoch_days", options.epoch_us / (std::int64_t{24} * 3600 * kSecondUs));
  if (baseline.newest() != kNoEpoch) {
    const std::int64_t oldest = baseline.newest() - std::int64_t{options.epochs} + 1;
    json.text("from", format_time(oldest * options.epoch_us));
  }
  FleetKnowledge(json, baseline, rules, alert).write();
  json.close();
  return out;
}

std::string fleet_triage_json(const FleetView& view, const AlertRow& alert) {
  const std::string group = group_of(view, alert);
  const Baseline* baseline = view.baselines.baseline(group);
  if (baseline == nullptr) return {};
  return fleet_knowledge_json(group, *baseline, *rules_of(view, group), alert);
}

Result<std::string> triage_json(FleetView& view, const AlertRow& alert) {
  std::string out;
  JsonWriter json(out);
  json.open().text("alert", alert.id).text_if("rule", alert.rule);
  struct Asked {
    AlertIndex::Entity kind;
    std::string_view key;
    const std::string& name;
  };
  for (const Asked& asked : {Asked{AlertIndex::Entity::address, "address", alert.address},
                             Asked{AlertIndex::Entity::user, "user", alert.user},
                             Asked{AlertIndex::Entity::host, "host", alert.host}}) {
    const Status told = entity(json, view, asked.kind, asked.key, asked.name);
    if (!told) return told.error();
  }
  const std::string fleet = fleet_triage_json(view, alert);
  if (!fleet.empty()) json.raw("fleet", fleet);
  json.close();
  return out;
}

}  // namespace doorward
