#include "server/rules/fleet_group.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "plugins/alert.h"
#include "plugins/alert_notes.h"
#include "plugins/ecs_document.h"
#include "plugins/json_writer.h"
#include "server/fleet/group_policy.h"

namespace doorward {
namespace {

/// The files of a policy, under their names in its folder.
class PolicyLoader final : public FileLoader {
 public:
  explicit PolicyLoader(const PolicyFiles* files) {
    if (files != nullptr) files_ = *files;
  }
  Result<FileVersion> version(const std::string& path) override {
    const PolicyFileText* file = find(path);
    if (file == nullptr) return absent(path);
    return FileVersion{0, file->text.size(), 1};
  }
  Result<std::string> read(const std::string& path, std::size_t bytes_max) override {
    const PolicyFileText* file = find(path);
    if (file == nullptr) return absent(path);
    if (file->text.size() > bytes_max) return Error{path, "too large"};
    return file->text;
  }

 private:
  static Error absent(const std::string& path) {
    return {path, "no such file in the policy; the server reads no others"};
  }
  [[nodiscard]] const PolicyFileText* find(const std::string& path) const {
    const auto found = std::find_if(files_.begin(), files_.end(),
                                    [&](const PolicyFileText& file) { return file.name == path; });
    return found == files_.end() ? nullptr : &*found;
  }
  PolicyFiles files_;
};

std::unique_ptr<RuleSet> rules_under(const PolicyFiles* policy, const HashKey& key,
                                     std::vector<Error>& mistakes, SetFiles* set_files) {
  const GroupRules rules = group_rules(policy);
  return std::make_unique<RuleSet>(rules.texts, key, mistakes, set_files, rules.overrides);
}

std::vector<ExceptionText> exception_texts_of(const PolicyFiles* policy) {
  std::vector<ExceptionText> texts;
  if (policy == nullptr) return texts;
  for (const PolicyFileText& file : *policy) {
    const bool settings = file.name == "policy.toml";
    if (settings || (file.name.starts_with("exceptions/") && file.name.ends_with(".toml"))) {
      texts.push_back({file.name, file.text, settings});
    }
  }
  return texts;
}

/// Views into `seen`.
Event event_of(const SightingRecord& seen) {
  Event event;
  event.time = seen.time;
  event.outcome = seen.outcome <= static_cast<std::uint8_t>(Outcome::failure)
                      ? static_cast<Outcome>(seen.outcome)
                      : Outcome::unknown;
  event[Field::event_action] = seen.action;
  event[Field::user_name] = seen.user;
  event[Field::source_address] = seen.source;
  event[Field::host_name] = seen.host;
  event[Field::event_dataset] = seen.dataset;
  event[Field::rule_name] = seen.rule;
  event[Field::account] = seen.account;
  if (!seen.rule.empty()) event[Field::event_category] = "intrusion_detection";
  event.ip = IpAddress::parse(seen.source).value_or(IpAddress{});
  return event;
}

constexpr View kUserView{Cut::whole, Field::user_name, false};
constexpr View kAddressView{Cut::whole, Field::source_address, true};

/// Earliest first in a heap, which has its greatest in front.
constexpr auto kLater = [](const auto& a, const auto& b) {
  return a.time != b.time ? a.time > b.time : a.number > b.number;
};

}  // namespace

Result<std::unique_ptr<FleetGroup>> FleetGroup::make(const Options& options,
                                                     const PolicyFiles* policy,
                                                     std::vector<Error>& mistakes) {
  BaselineOptions shape;
  shape.bytes = kFleetRulesBaselineBytes;
  shape.key = options.key;
  Result<Baseline> baseline = Baseline::make(shape);
  if (!baseline) return baseline.error();
  return std::unique_ptr<FleetGroup>(
      new FleetGroup(options, std::move(baseline).value(), policy, mistakes));
}

FleetGroup::FleetGroup(const Options& options, Baseline baseline, const PolicyFiles* policy,
                       std::vector<Error>& mistakes)
    : options_(options),
      files_(std::make_unique<PolicyLoader>(policy)),
      set_files_(std::make_unique<SetFiles>(*files_)),
      rules_held_(rules_under(policy, options.key, own_mistakes_, set_files_.get())),
      rules_(*rules_held_),
      exceptions_(exception_texts_of(policy), set_files_.get(), own_mistakes_),
      baseline_(std::move(baseline)) {
  exceptions_.bind(rules_, own_mistakes_);
  std::move(own_mistakes_.begin(), own_mistakes_.end(), std::back_inserter(mistakes));
  own_mistakes_.clear();
  rules_.keep_to(rules_.fleet_rules());
  PipelineOptions pipeline;
  pipeline.exceptions = &exceptions_;
  pipeline.veto = this;
  PipelineSink& sink = *this;
  pipeline_ = std::make_unique<Pipeline>(rules_, baseline_, sink, pipeline);
}

FleetGroup::~FleetGroup() = default;

std::vector<std::string> FleetGroup::rules() const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_.rule(i).fleet) out.push_back(rules_.rule(i).id);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void FleetGroup::sightings(std::string_view agent, std::span<const SightingRecord> seen,
                           TimeUs at) {
  advance(at);
  if (seen.size() > kFleetSightingsPerDelta) {
    counts_.refused += seen.size() - kFleetSightingsPerDelta;
    seen = seen.first(kFleetSightingsPerDelta);
  }
  for (const SightingRecord& one : seen) push(agent, {}, one, at);
}

void FleetGroup::alert(std::string_view agent, std::string_view rule, const SightingRecord& seen,
                       TimeUs at) {
  advance(at);
  push(agent, rule, seen, at);
}

void FleetGroup::push(std::string_view agent, std::string_view rule, const SightingRecord& seen,
                      TimeUs at) {
  if (seen.time < at - kFleetLateUs || seen.time > at + kFleetAheadUs) {
    ++counts_.refused;
    return;
  }
  Waiting one{seen.time, ++arrived_, std::string(agent.substr(0, kFleetTextBytes)),
              std::string(rule.substr(0, kFleetTextBytes)), seen};
  for (std::string* text : {&one.seen.action, &one.seen.user, &one.seen.source, &one.seen.host,
                            &one.seen.dataset, &one.seen.rule, &one.seen.account}) {
    if (text->size() > kFleetTextBytes) text->resize(kFleetTextBytes);
  }
  waiting_.push_back(std::move(one));
  std::push_heap(waiting_.begin(), waiting_.end(), kLater);
  if (waiting_.size() <= kFleetWaitingMax) return;
  ++counts_.hurried;
  std::pop_heap(waiting_.begin(), waiting_.end(), kLater);
  const Waiting oldest = std::move(waiting_.back());
  waiting_.pop_back();
  judge(oldest);
}

void FleetGroup::advance(TimeUs now) {
  pipeline_->set_clock(now);
  while (!waiting_.empty() && waiting_.front().time <= now - options_.wait_us) {
    std::pop_heap(waiting_.begin(), waiting_.end(), kLater);
    const Waiting one = std::move(waiting_.back());
    waiting_.pop_back();
    judge(one);
  }
  // What is due although nothing more comes.
  pipeline_->advance(now - options_.wait_us);
}

void FleetGroup::judge(const Waiting& one) {
  const Event event = event_of(one.seen);
  if (one.rule.empty()) {
    ++counts_.sightings;
    EventKeys keys;
    contribute(one, event, rules_.prepare(event, keys) & ~rules_.alert_rules());
    pipeline_->on_event(event);
    return;
  }
  const std::size_t rule = rules_.find(one.rule);
  // A rule over alerts is not told of its own.
  if (rule == rules_.size() || (rules_.alert_rules() >> rule & 1U) != 0) {
    ++counts_.unknown;
    return;
  }
  ++counts_.alerts;
  contribute(one, event, rules_.alert_rules() & rules_.fleet_rules());
  pipeline_->note_alert(rule, event);
}

Hash128 FleetGroup::about(const Rule& rule, const View& view, const Event& event) const {
  const std::string value = view_text(view, event);
  if (value.empty()) return {};
  return join(hash_text(options_.key, rule.id), hash_text(options_.key, value),
              static_cast<std::uint64_t>(view.cut) << 8U | (view.ip ? 255U : 0U) |
                  static_cast<std::uint64_t>(view.field));
}

void FleetGroup::contribute(const Waiting& one, const Event& event, RuleMask rules) {
  for (; rules != 0; rules &= rules - 1) {
    const Rule& rule = rules_.rule(static_cast<std::size_t>(std::countr_zero(rules)));
    std::vector<View> views = {kUserView, kAddressView};
    for (const View& view : rule.suppress_by) {
      if (std::find(views.begin(), views.end(), view) == views.end()) views.push_back(view);
    }
    for (const View& view : views) {
      const Hash128 hash = about(rule, view, event);
      if (!hash.none()) contributors_.note(hash, one.agent, one.seen.host, one.time);
    }
  }
}

std::vector<Contributor> FleetGroup::contributors(const Evidence& evidence,
                                                  const Event& event) const {
  const Rule& rule = *evidence.rule;
  View view = rule.suppress_by.empty() ? kUserView : rule.suppress_by.front();
  TimeUs since = event.time - kContributorWindowUs;
  if (evidence.rate.window_s > 0) {
    view = evidence.rate.partition;
    since = event.time - TimeUs{evidence.rate.window_s} * kSecondUs;
  } else if (evidence.alerts.rules != 0) {
    view = evidence.alerts.by;
    since = evidence.alerts.first;  // in whole seconds, rounded down
  } else if (evidence.pair.raised_at != kNoTime) {
    view = kAddressView;
    since = std::min(evidence.pair.raised_at, evidence.pair.signed_in_at);
  }
  return contributors_.of(about(rule, view, event), since);
}

RuleMask FleetGroup::silenced(const Event& event, std::span<const Evidence> evidence,
                              RuleMask fired) {
  RuleMask silent = 0;
  for (; fired != 0; fired &= fired - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(fired));
    if (contributors(evidence[i], event).size() != 1) continue;
    silent |= RuleMask{1} << i;
    ++counts_.silenced;
  }
  return silent;
}

void FleetGroup::on_alert(const Alert& alert) {
  FleetAlert out;
  out.id = alert_id(alert.event, *alert.primary.rule);
  out.score = alert.score;
  append_alert_document(alert, out.document);
  // Into `doorward`, which stands last.
  std::string fleet;
  JsonWriter json(fleet);
  json.open().text("group", options_.group);
  const std::vector<Contributor> all = contributors(alert.primary, alert.event);
  json.open_array("agents");
  for (const Contributor& one : all) json.item(one.agent);
  json.close_array().open_array("hosts");
  std::set<std::string_view> hosts;
  for (const Contributor& one : all) {
    if (!one.host.empty() && hosts.insert(one.host).second) json.item(one.host);
  }
  json.close_array().close();
  if (out.document.ends_with("}}")) {
    out.document.insert(out.document.size() - 2, ",\"fleet\":" + fleet);
  }
  told_.push_back(std::move(out));
}

void FleetGroup::on_update(const AlertUpdate& update) {
  FleetAlert out{std::string(update.id), 2, update.score, update.occurrences, {}};
  append_update_document(update, out.document);
  told_.push_back(std::move(out));
}

void FleetGroup::on_summary(const AlertSummary& summary) {
  FleetAlert out{std::string(summary.id),
                 3,
                 summary.score,
                 static_cast<std::uint32_t>(std::min<std::uint64_t>(summary.count, UINT32_MAX)),
                 {}};
  append_summary_document(summary, out.document);
  told_.push_back(std::move(out));
}

std::vector<FleetAlert> FleetGroup::take() {
  return std::exchange(told_, {});
}

}  // namespace doorward
