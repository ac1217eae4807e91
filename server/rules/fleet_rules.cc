#include "server/rules/fleet_rules.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "plugins/sources/json_record.h"
#include "server/rules/alert_facts.h"
#include "server/rules/limits.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

constexpr std::size_t kErrorsMax = 100;
constexpr std::size_t kProposedMax = 200;  // alerts in one proposal

SightingRecord record_of(const log::Sighting& seen) {
  return {seen.time(),
          seen.outcome(),
          text_of(seen.action()),
          text_of(seen.user()),
          text_of(seen.source()),
          text_of(seen.host()),
          text_of(seen.dataset()),
          text_of(seen.rule()),
          text_of(seen.account()),
          seen.count()};
}

LogEntry entry_of(const FleetAlert& alert, TimeUs now) {
  log::AlertT table;
  table.kind = alert.kind;
  table.score = alert.score;
  table.occurrences = alert.occurrences;
  table.document = alert.document;
  return packed_entry(EntryKind::alert, alert.id, alert_number(alert.kind, alert.occurrences), now,
                      table);
}

}  // namespace

std::vector<std::string> builtin_fleet_rules() {
  std::vector<Error> mistakes;
  const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules.rule(i).fleet) ids.push_back(rules.rule(i).id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

class FleetRules::Impl {
 public:
  Impl(Core& core, const ServerSettings& settings) : core_(core) {
    wait_us_ = 2 * settings.delta_interval_s * kSecondUs;
    // Before anything that is folded while running can be heard.
    core.ask([this](FleetView& view) { begin(view); });
    core.listen([this](const LogEntry& entry, FleetView& view) {
      if (!begun_) begin(view);
      fold(entry, view);
      propose();
    });
    core.every_second([this](FleetView& view) { tick(view); });
  }

  void save(FleetView& view);
  [[nodiscard]] std::vector<std::string> rules(std::string_view group) const;
  [[nodiscard]] std::vector<FleetRulesStatus> status() const;
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  std::vector<Error> take_errors() { return std::exchange(errors_, {}); }

 private:
  struct Group {
    std::unique_ptr<FleetGroup> rules;
    std::uint64_t policy = 0;  // version
    std::uint64_t place = 0;   // its snapshot's: entries up to there are within
    bool changed = false;      // since its snapshot
  };

  void begin(FleetView& view);
  void fold(const LogEntry& entry, FleetView& view);
  void fold_delta(const LogEntry& entry, FleetView& view);
  void fold_alert(const LogEntry& entry, FleetView& view);
  void tick(FleetView& view);
  void propose();
  void note(Error error) {
    if (errors_.size() < kErrorsMax) errors_.push_back(std::move(error));
  }
  Group* group_of(std::string_view name, FleetView& view);
  std::unique_ptr<FleetGroup> make_rules(const std::string& name, FleetView& view);
  void new_policy(const std::string& name, FleetView& view);
  void gather(Group& group);
  static std::string snapshot_name(const std::string& group) { return "rules/" + group; }

  Core& core_;
  TimeUs wait_us_ = 0;
  bool begun_ = false;
  HashKey key_{};
  std::uint64_t key_number_ = 0;
  std::uint64_t place_ = 0;  // folded up to here
  std::map<std::string, Group, std::less<>> groups_;
  std::deque<FleetAlert> outbox_;
  std::size_t proposed_ = 0;  // of the outbox's first, on their way into the log
  bool failed_ = false;       // the last proposal; tried again after a second
  std::uint64_t lost_ = 0;
  TimeUs saved_ = kNoTime;
  JsonRecord record_;
  std::vector<Error> errors_;
};

std::unique_ptr<FleetGroup> FleetRules::Impl::make_rules(const std::string& name, FleetView& view) {
  const GroupRecord* known = view.state.group(name);
  const PolicyVersion* policy = known == nullptr ? nullptr : known->policy();
  std::vector<Error> mistakes;
  Result<std::unique_ptr<FleetGroup>> made = FleetGroup::make(
      {name, key_, wait_us_}, policy == nullptr ? nullptr : policy->files.get(), mistakes);
  for (Error& mistake : mistakes) note({"group " + name + ": " + mistake.where, mistake.what});
  if (!made) {
    note({"group " + name, made.error().message()});
    return nullptr;
  }
  return std::move(made).value();
}

FleetRules::Impl::Group* FleetRules::Impl::group_of(std::string_view name, FleetView& view) {
  const auto found = groups_.find(name);
  if (found != groups_.end()) return &found->second;
  if (key_number_ == 0 || (view.state.group(name) == nullptr && name != kDefaultGroup)) {
    return nullptr;
  }
  if (groups_.size() >= kFleetGroupsMax) {
    note({"group " + std::string(name), "there are more than " + std::to_string(kFleetGroupsMax) +
                                            " groups; the fleet's rules do not judge this one"});
    return nullptr;
  }
  Group group;
  group.rules = make_rules(std::string(name), view);
  if (group.rules == nullptr) return nullptr;
  group.changed = true;
  const GroupRecord* known = view.state.group(name);
  if (known != nullptr && known->policy() != nullptr) group.policy = known->policy()->version;
  return &groups_.emplace(std::string(name), std::move(group)).first->second;
}

void FleetRules::Impl::begin(FleetView& view) {
  if (begun_) return;
  begun_ = true;
  key_ = view.state.key();
  key_number_ = view.state.key_number();
  const Result<std::uint64_t> last = view.log.last();
  if (!last) note(last.error());
  const std::uint64_t end = last ? last.value() : 0;
  std::vector<std::string> names = {kDefaultGroup};
  for (const auto& [name, record] : view.state.groups()) {
    if (name != kDefaultGroup) names.push_back(name);
  }
  std::uint64_t from = end;
  for (const std::string& name : names) {
    Group* group = group_of(name, view);
    if (group == nullptr) continue;
    group->place = end <= kFleetRefoldMax ? 0 : end;
    Result<std::optional<OrderedLog::Snapshot>> kept = view.log.snapshot(snapshot_name(name));
    if (!kept) {
      note(kept.error());
    } else if (kept.value()) {
      if (const Status loaded = group->rules->load(kept.value()->bytes)) {
        group->place = kept.value()->place;
        group->changed = false;
      } else {
        note(loaded.error());
      }
    }
    from = std::min(from, group->place);
  }
  place_ = from;
  const Status read = view.log.read(from, std::nullopt, [&](const LogEntry& entry) {
    fold(entry, view);
    return true;
  });
  if (!read) note(read.error());
  propose();
}

void FleetRules::Impl::fold(const LogEntry& entry, FleetView& view) {
  if (entry.place <= place_) return;
  place_ = entry.place;
  switch (entry.kind) {
    case EntryKind::fleet_key:
      // What was hashed under another key says nothing any more. (When an old entry is folded, the
      // newest key is in force already.)
      if (view.state.key_number() == key_number_) break;
      key_ = view.state.key();
      key_number_ = view.state.key_number();
      groups_.clear();
      for (const auto& [name, record] : view.state.groups()) group_of(name, view);
      break;
    case EntryKind::group:
      group_of(entry.subject, view);
      break;
    case EntryKind::policy:
      new_policy(entry.subject, view);
      break;
    case EntryKind::delta:
      fold_delta(entry, view);
      break;
    case EntryKind::alert:
      fold_alert(entry, view);
      break;
    default:
      break;
  }
}

void FleetRules::Impl::new_policy(const std::string& name, FleetView& view) {
  Group* group = group_of(name, view);
  const GroupRecord* known = view.state.group(name);
  if (group == nullptr || known == nullptr || known->policy() == nullptr ||
      known->policy()->version == group->policy) {
    return;
  }
  group->policy = known->policy()->version;
  std::unique_ptr<FleetGroup> next = make_rules(name, view);
  if (next == nullptr) return;
  group->rules->hand_over_to(*next);
  gather(*group);
  if (const Status loaded = next->load(group->rules->save()); !loaded) note(loaded.error());
  group->rules = std::move(next);
  group->changed = true;
  gather(*group);
}

void FleetRules::Impl::fold_delta(const LogEntry& entry, FleetView& view) {
  const auto* delta = entry_table<log::Delta>(entry);
  if (delta == nullptr || delta->sightings() == nullptr || delta->sightings()->size() == 0) return;
  const std::string name = text_of(delta->group());
  Group* group = group_of(name.empty() ? kDefaultGroup : name, view);
  if (group == nullptr || entry.place <= group->place) return;
  std::vector<SightingRecord> seen;
  // One beyond the limit is enough for it to be counted; the rest is not copied.
  const std::size_t size =
      std::min<std::size_t>(delta->sightings()->size(), kFleetSightingsPerDelta + 1);
  seen.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    seen.push_back(record_of(*delta->sightings()->Get(static_cast<flatbuffers::uoffset_t>(i))));
  }
  group->rules->sightings(entry.subject, seen, entry.at);
  group->changed = true;
  gather(*group);
}

void FleetRules::Impl::fold_alert(const LogEntry& entry, FleetView& view) {
  const auto* alert = entry_table<log::Alert>(entry);
  if (alert == nullptr || alert->kind() != 1) return;
  const std::string agent = text_of(alert->agent());
  if (agent.empty() || alert->document() == nullptr) return;  // the fleet's own
  const AgentRecord* known = view.state.agent(agent);
  Group* group = known == nullptr ? nullptr : group_of(known->group, view);
  if (group == nullptr || entry.place <= group->place) return;
  const std::optional<AlertFacts> facts =
      read_alert_facts(record_, alert->document()->string_view());
  if (!facts) return;
  group->rules->alert(agent, facts->rule, facts->seen, entry.at);
  group->changed = true;
  gather(*group);
}

void FleetRules::Impl::gather(Group& group) {
  if (!group.rules->has_told()) return;
  for (FleetAlert& alert : group.rules->take()) {
    if (outbox_.size() >= kFleetOutboxMax) {
      ++lost_;
    } else {
      outbox_.push_back(std::move(alert));
    }
  }
}

void FleetRules::Impl::propose() {
  if (outbox_.empty() || proposed_ > 0 || failed_) return;
  proposed_ = std::min(outbox_.size(), kProposedMax);
  core_.change(
      [this](FleetView& view) -> Result<std::vector<LogEntry>> {
        std::vector<LogEntry> entries;
        for (std::size_t i = 0; i < proposed_; ++i) {
          entries.push_back(entry_of(outbox_[i], view.now));
        }
        return entries;
      },
      [this](const Result<std::vector<Committed>>& result, FleetView& /*view*/) {
        if (result) {
          outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(proposed_));
        } else {
          failed_ = true;  // the log says why
        }
        proposed_ = 0;
        propose();
      });
}

void FleetRules::Impl::tick(FleetView& view) {
  begin(view);
  failed_ = false;
  for (auto& [name, group] : groups_) {
    const std::size_t waiting = group.rules->waiting();
    group.rules->advance(view.now);
    if (group.rules->waiting() != waiting) group.changed = true;
    gather(group);
  }
  propose();
  if (saved_ == kNoTime || view.now - saved_ >= kFleetSnapshotUs || view.now < saved_) save(view);
}

void FleetRules::Impl::save(FleetView& view) {
  if (!outbox_.empty() || !begun_) return;
  saved_ = view.now;
  const bool any = std::any_of(groups_.begin(), groups_.end(),
                               [](const auto& group) { return group.second.changed; });
  if (!any) return;
  // All of them, so that none makes the next start read far back.
  for (auto& [name, group] : groups_) {
    const Status kept = view.log.keep_snapshot(snapshot_name(name), place_, group.rules->save());
    if (!kept) note(kept.error());
    if (kept) group.changed = false;
  }
}

std::vector<std::string> FleetRules::Impl::rules(std::string_view group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? std::vector<std::string>() : found->second.rules->rules();
}

std::vector<FleetRulesStatus> FleetRules::Impl::status() const {
  std::vector<FleetRulesStatus> out;
  for (const auto& [name, group] : groups_) {
    out.push_back({name, group.rules->counts(), group.rules->waiting()});
  }
  return out;
}

FleetRules::FleetRules(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FleetRules::~FleetRules() = default;

Result<std::unique_ptr<FleetRules>> FleetRules::make(Core& core, const ServerSettings& settings) {
  return std::unique_ptr<FleetRules>(new FleetRules(std::make_unique<Impl>(core, settings)));
}

std::vector<std::string> FleetRules::rules(std::string_view group) const {
  return impl_->rules(group);
}
std::vector<FleetRulesStatus> FleetRules::status() const {
  return impl_->status();
}
std::uint64_t FleetRules::lost() const {
  return impl_->lost();
}
std::vector<Error> FleetRules::take_errors() {
  return impl_->take_errors();
}
void FleetRules::save(FleetView& view) {
  impl_->save(view);
}

}  // namespace doorward
