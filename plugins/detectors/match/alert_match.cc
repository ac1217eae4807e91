// match of alerts: several different rules on one user or address within a window, in whatever
// order their alerts come. One rule that says the same again and again counts once.
//
// Entities on which a single rule alerted are kept apart from those with more: names and addresses
// that an attacker makes up for a loud rule only push each other out.
#include <algorithm>
#include <array>
#include <bit>

#include "plugins/detectors/match/match.h"
#include "plugins/detectors/match/sightings.h"
#include "plugins/detectors/match/span_text.h"
#include "plugins/detectors/used_view.h"
#include "sketch/tiered_table.h"

namespace doorward {
namespace {

constexpr std::size_t kTiers = 2;
constexpr std::size_t kOneRule = 0;
constexpr std::size_t kSeveral = 1;

constexpr std::size_t kKinds = kMatchRulesMax;
using Seen = Sightings<kKinds>;

struct Entry : EntityHead {
  Seen seen;
  std::uint32_t told = 0;  // seconds; time of the newest alert for which the rule spoke; 0: none
};

/// At the start of the block: what the newest alert completed.
struct alignas(64) Verdict {
  std::uint64_t rules = 0;  // bit i is rule i
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint8_t by = 0;
  bool repeated = false;
};

struct Settings {
  std::string where;  // file:line
  int alerts = 0;
  std::uint32_t window = 0;  // seconds
  std::vector<View> by;
  std::vector<std::uint8_t> by_index;
  std::vector<std::string> ignore;
  double p_value = 1;
  TieredTable<Entry, kTiers>::Sizes entries{};
};

/// Loopback and "no address": every host has them, so they have nothing in common.
bool is_nowhere(const IpAddress& ip) {
  if (ip.family == IpAddress::Family::v4) return ip.bytes[0] == 127 || ip == ip.prefix(0);
  return ip.prefix(127) == ip.prefix(0);
}

/// A moment at which a rule alerted.
struct Moment {
  std::uint32_t rule;  // hash of its id
  std::uint32_t time;
};

/// The window with the most different rules around one moment.
struct Best {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::size_t count = 0;
  std::array<std::uint32_t, kKinds> rules{};
};

/// Of all windows that hold `now`, the one with the most different rules; of several such the one
/// that begins last. Few moments and few alerts, so plain loops will do.
Best best_window(const Seen& seen, std::uint32_t now, std::uint32_t window) {
  std::array<Moment, 6 * kKinds> moments;
  std::size_t size = 0;
  seen.near(now, window, [&](std::uint32_t rule, std::uint32_t time) {
    if (size < moments.size()) moments[size++] = {rule, time};
  });
  Best best;
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint32_t first = moments[i].time;
    if (first > now) continue;
    Best one;
    one.first = first;
    one.last = now;
    for (std::size_t k = 0; k < size && one.count < kKinds; ++k) {
      // The earliest moment of each rule in the window is the one that counts.
      const Moment& moment = moments[k];
      if (moment.time < first || moment.time - first > window) continue;
      const bool earliest = std::none_of(moments.begin(), moments.begin() + size, [&](Moment m) {
        return m.rule == moment.rule && m.time >= first && m.time < moment.time;
      });
      if (!earliest) continue;
      one.rules[one.count++] = moment.rule;
      one.last = std::max(one.last, moment.time);
    }
    if (one.count > best.count || (one.count == best.count && one.first > best.first)) best = one;
  }
  return best;
}

class AlertMatch final : public Detector {
 public:
  explicit AlertMatch(Settings settings) : set_(std::move(settings)), stale_(2 * set_.window) {}

  [[nodiscard]] Stage stage() const override { return Stage::alerts; }

  void bind(std::span<const Rule* const> rules, std::span<const std::string> left_out,
            std::vector<Error>& mistakes) override {
    for (const std::string& id : set_.ignore) {
      const auto same = [&](const Rule* rule) { return rule->id == id; };
      if (std::any_of(rules.begin(), rules.end(), same)) continue;
      if (std::find(left_out.begin(), left_out.end(), id) != left_out.end()) continue;
      mistakes.push_back({set_.where, "ignore: no rule \"" + id + "\""});
    }
    rules_.clear();
    for (const Rule* rule : rules) {
      const bool counts =
          std::find(set_.ignore.begin(), set_.ignore.end(), rule->id) == set_.ignore.end();
      // By id and not by place, so that kept state means the same after rules were added.
      const auto hash = static_cast<std::uint32_t>(hash_text(HashKey{}, rule->id).low) | 1U;
      rules_.push_back({rule, counts ? hash : 0});
    }
  }

  [[nodiscard]] std::size_t state_bytes() const override {
    return sizeof(Verdict) + TieredTable<Entry, kTiers>::bytes(set_.entries);
  }

  /// Nothing but the verdict leads to a place.
  [[nodiscard]] bool restore(std::span<std::byte> state) const override {
    std::fill_n(state.begin(), sizeof(Verdict), std::byte{});
    return true;
  }

  void note_alert(std::size_t rule, const Event& event, const EventKeys& keys,
                  std::span<std::byte> state) const override {
    auto& verdict = *reinterpret_cast<Verdict*>(state.data());
    verdict = {};
    if (rules_[rule].hash == 0) return;
    const TieredTable<Entry, kTiers> table(state.subspan(sizeof(Verdict)), set_.entries);
    const std::uint32_t now = match_seconds(event.time);
    std::size_t most = 0;
    for (std::size_t i = 0; i < set_.by.size(); ++i) {
      const Hash128 value = keys.hash[set_.by_index[i]];
      if (value.none() || (set_.by[i].ip && is_nowhere(event.ip))) continue;
      // A user named like an address is another entity.
      Entry& entry = take(join(value, value, i), rules_[rule].hash, now, table);
      const Best best = best_window(entry.seen, now, set_.window);
      if (best.count < static_cast<std::size_t>(set_.alerts)) continue;
      const bool repeated = entry.told != 0 && is_near(entry.told, now);
      if (!repeated) entry.told = std::max(entry.told, now);
      // A first time is worth more than a repetition, then the number of rules.
      const std::size_t worth = best.count + (repeated ? 0 : kKinds + 1);
      if (worth <= most) continue;
      most = worth;
      verdict = {mask_of(best), best.first, best.last, static_cast<std::uint8_t>(i), repeated};
    }
  }

  void score(const ScoreInput& input, Evidence& out) const override {
    const auto& verdict = *reinterpret_cast<const Verdict*>(input.state.data());
    if (verdict.rules == 0) return;
    out.applies = true;
    out.p_value = verdict.repeated ? kMatchRepeatedPValue : set_.p_value;
    out.alerts = {verdict.rules, set_.by[verdict.by], verdict.first * kSecondUs,
                  verdict.last * kSecondUs, verdict.repeated};
  }

  [[nodiscard]] std::string phrase(const Evidence& evidence, const Event& event) const override {
    const AlertsEvidence& alerts = evidence.alerts;
    if (alerts.rules == 0) return {};
    std::string out = std::to_string(std::popcount(alerts.rules)) + " rules in " +
                      span_text(alerts.last - alerts.first) + " for " + view_text(alerts.by, event);
    const char* joint = ": ";
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if ((alerts.rules >> i & 1U) == 0) continue;
      out += joint + rules_[i].rule->id;
      joint = ", ";
    }
    return out;
  }

 private:
  struct Known {
    const Rule* rule = nullptr;
    std::uint32_t hash = 0;  // 0: ignored
  };

  [[nodiscard]] bool is_near(std::uint32_t a, std::uint32_t b) const {
    return (a > b ? a - b : b - a) <= set_.window;
  }

  [[nodiscard]] Entry& take(Hash128 entity, std::uint32_t rule, std::uint32_t now,
                            TieredTable<Entry, kTiers> table) const {
    bool others = false;
    if (const Entry* known = table.find(entity, now, stale_).entry) {
      known->seen.near(now, set_.window, [&](std::uint32_t kind, std::uint32_t /*time*/) {
        others = others || kind != rule;
      });
    }
    Entry& entry = table.touch(entity, now, stale_, others ? kSeveral : kOneRule);
    entry.seen.note(rule, now, set_.window);
    return entry;
  }

  [[nodiscard]] std::uint64_t mask_of(const Best& best) const {
    const std::span<const std::uint32_t> named(best.rules.data(), best.count);
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const std::uint32_t hash = rules_[i].hash;
      if (hash != 0 && std::find(named.begin(), named.end(), hash) != named.end()) {
        mask |= std::uint64_t{1} << i;
      }
    }
    return mask;
  }

  Settings set_;
  std::uint32_t stale_;       // seconds; what is older than two windows has left Sightings
  std::vector<Known> rules_;  // by rule
};

}  // namespace

std::unique_ptr<Detector> make_alert_match(Rule& rule, Params& table, ViewTable& views) {
  Settings set;
  set.where = table.where();
  set.alerts = static_cast<int>(table.integer("alerts", 3, 2, kMatchRulesMax));
  set.window = match_window(table, "24h");
  set.ignore = table.texts("ignore");
  for (const std::string& name : table.texts("by")) {
    const std::optional<UsedView> by = use_view(table, "by", name, views);
    if (!by) continue;
    set.by.push_back(by->view);
    set.by_index.push_back(by->index);
  }
  if (!table.has("by")) table.mistake("by", "expected at least one view, such as \"user.name\"");
  set.p_value = p_value_of(table.number("score", 90, 1, 100));
  const auto entities =
      static_cast<std::size_t>(table.integer("entities", kMatchEntities, 64, kMatchEntitiesMax));
  set.entries = {entities, entities / 4};
  if (rule.suppress_by.empty()) rule.suppress_by = set.by;
  return std::make_unique<AlertMatch>(std::move(set));
}

}  // namespace doorward
