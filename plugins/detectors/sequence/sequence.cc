// Detector `sequence`: one event after others, of the same entity, within a window.
//
//   [sequence]
//   by = "source.ip"            joined on: a view or several; may be left out where one event is
//   all window = "6h"               from the first to the last once_per = "user.name"      see
//   below score = 75                  of every completed sequence, instead of a measured one text =
//   "..."                what the alert says, instead of the counts
//
//   [[sequence.step]]           one to four, in this order
//   count = 10                  so many events, or more (default 1) ...
//   event.outcome = "failure"   ... that match, written as under [when]
//   [[sequence.step]]
//   event.outcome = "success"
//
// The rule fires on the event that completes the last step, and again only after further events of
// an earlier one. Suppression makes one alert of what is left.
//
// Where the first of several steps has a count and no score is set, the surprise is measured: the
// number of such events before each event of the last step, mostly 0, is counted in the baseline,
// and the p-value is P(N >= n) from it (count_tail.h). Below `count` the rule never fires.
//
// `once_per` decides what is counted. Twenty failures of a forgotten job say nothing about the
// colleague who logs on from the same host. So with once_per = "user.name" failures of the user who
// now got in count each, since that user last got in from there, and of every other user only one:
// guessing at one name makes the first large, spraying over many names the second. A user's own
// typing errors are settled by the logon that follows them, and are not counted again at the next.
// That the user is new to the address is not asked for. It would hide guessing from a jump host or
// an office where the victim works as well, and on the simulated fleet it would save two false
// alerts in twelve weeks: what is left are users whose own program goes on with an old password.
//
// Order is that of arrival. A single event is remembered to the second, counts in eighths of the
// window. A log that is late by minutes is no harm, but for failures that come after their success.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "plugins/detectors/detector.h"
#include "plugins/detectors/sequence/count_tail.h"
#include "plugins/detectors/sequence/phrase.h"
#include "plugins/detectors/sequence/progress.h"
#include "plugins/detectors/sequence/travel.h"
#include "plugins/detectors/used_view.h"
#include "plugins/rule_gate.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

using sequence::kStepsMax;
using sequence::Plan;
using sequence::Progress;
using sequence::Verdict;

constexpr std::int64_t kCountMax = 10'000;
constexpr std::int64_t kWindowMaxUs = std::int64_t{30} * 24 * 3600 * kSecondUs;
constexpr double kDefaultScore = 75;
/// Settings of a step; everything else in its table is a field.
constexpr std::array<std::string_view, 1> kStepSettings = {"count"};

std::uint32_t seconds_of(TimeUs time) {
  return static_cast<std::uint32_t>(std::clamp<TimeUs>(time / kSecondUs, 0, UINT32_MAX));
}

/// The largest p-value that reaches a score, rounding included.
double p_value_at(double score) {
  double p = p_value_of(score);
  while (score_of(p) < score) p = std::nextafter(p, 0.0);
  return p;
}

class Sequence final : public Detector {
 public:
  struct Settings {
    Hash128 name;
    std::vector<std::uint8_t> by;
    std::uint8_t once_per = 0;
    std::vector<Filter> steps;
    Plan plan;
    bool measured = false;
    double score = kDefaultScore;
    SequenceWords words;
  };

  explicit Sequence(Settings settings)
      : settings_(std::move(settings)), p_value_(p_value_at(settings_.score)) {
    std::vector<const Filter*> steps;
    for (const Filter& step : settings_.steps) steps.push_back(&step);
    gate_ = RuleGate(steps);
  }

  [[nodiscard]] std::size_t state_bytes() const override {
    return is_one_event() ? 0 : Progress::bytes(settings_.plan);
  }

  /// Nothing else there leads to a place: slots are taken modulo their number.
  [[nodiscard]] bool restore(std::span<std::byte> state) const override {
    if (!is_one_event()) Progress::clear_verdict(state);
    return true;
  }

  void observe(const Event& event, const EventKeys& keys,
               std::span<std::byte> state) const override {
    const std::uint64_t met = gate_.matching(event);
    std::array<bool, kStepsMax> matches{};
    for (std::size_t i = 0; i < settings_.steps.size(); ++i) matches[i] = (met >> i & 1U) != 0;
    const Hash128 value = settings_.plan.by_value ? keys.hash[settings_.once_per] : Hash128{};
    Progress(settings_.plan, state).take(entity_of(keys), value, seconds_of(event.time), matches);
  }

  void score(const ScoreInput& input, Evidence& out) const override {
    if (is_one_event()) {
      out.applies = gate_.matching(input.event) != 0;
      if (out.applies) out.p_value = p_value_;
      return;
    }
    const Verdict& verdict = Progress::verdict(input.state);
    const bool complete = verdict.complete != 0;
    out.applies = settings_.measured ? verdict.last_step != 0 : complete;
    if (!out.applies) return;
    out.sequence = {verdict.count, verdict.events, verdict.values, verdict.seconds};
    if (!complete) return;
    out.p_value = settings_.measured
                      ? count_tail(input.baseline.histograms().read(settings_.name), verdict.count)
                      : p_value_;
  }

  void calibrate(const EventKeys& /*keys*/, const Evidence& evidence, bool repeated,
                 std::int64_t epoch, Baseline& baseline,
                 std::span<std::byte> /*state*/) const override {
    if (!settings_.measured || repeated) return;
    baseline.histograms().add(settings_.name, count_bin(evidence.sequence.count), epoch);
  }

  [[nodiscard]] std::string phrase(const Evidence& evidence, const Event& event) const override {
    return sequence_phrase(settings_.words, evidence, event);
  }

 private:
  [[nodiscard]] bool is_one_event() const {
    return settings_.plan.steps == 1 && settings_.plan.count[0] == 1;
  }

  [[nodiscard]] Hash128 entity_of(const EventKeys& keys) const {
    Hash128 entity = keys.hash[settings_.by.front()];
    for (std::size_t i = 1; i < settings_.by.size() && !entity.none(); ++i) {
      const Hash128 more = keys.hash[settings_.by[i]];
      entity = more.none() ? Hash128{} : join(entity, more, 2);
    }
    return entity;
  }

  Settings settings_;
  RuleGate gate_;   // the steps' filters
  double p_value_;  // of a fixed score
};

void read_by(Params& table, ViewTable& views, Sequence::Settings& settings) {
  for (const std::string& name : table.texts("by")) {
    if (const std::optional<UsedView> by = use_view(table, "by", name, views)) {
      settings.by.push_back(by->index);
      settings.words.by.push_back(by->view);
    }
  }
  if (const std::string name = table.text("once_per"); !name.empty()) {
    if (const std::optional<UsedView> once = use_view(table, "once_per", name, views)) {
      settings.words.once_per = once->view;
      settings.once_per = once->index;
      settings.plan.by_value = true;
    }
  }
}

void read_steps(const Rule& rule, Params& table, Sequence::Settings& settings) {
  std::vector<Params> steps = table.tables("step");
  if (steps.empty() || steps.size() > kStepsMax) {
    table.mistake("step", "expected one to " + std::to_string(kStepsMax) + " [[sequence.step]]");
    steps.resize(std::min(steps.size(), kStepsMax), table);
  }
  settings.plan.steps = steps.size();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    settings.plan.count[i] = static_cast<std::uint32_t>(steps[i].integer("count", 1, 1, kCountMax));
    Filter filter = Filter::read(steps[i], kStepSettings);
    if (filter.empty()) steps[i].mistake("step", "expected at least one field to match");
    const Outcome all = rule.when.outcome();
    if (all != Outcome::unknown && filter.outcome() != Outcome::unknown &&
        filter.outcome() != all) {
      steps[i].mistake("event.outcome", "[when] lets no such event through");
    }
    settings.steps.push_back(std::move(filter));
  }
}

void read_window(Params& table, bool needed, Plan& plan) {
  if (!table.has("window") && !needed) return;
  const std::optional<std::int64_t> window = parse_duration(table.text("window"));
  if (!window || *window < kSecondUs || *window > kWindowMaxUs) {
    table.mistake("window", "expected a duration from 1s to 30d, such as 15m or 6h");
    return;
  }
  plan.window_s = static_cast<std::uint32_t>(*window / kSecondUs);
}

std::unique_ptr<Detector> make_sequence(Rule& rule, Params& table, ViewTable& views) {
  if (table.has("faster_than_kmh")) return make_travel(rule, table, views);
  Sequence::Settings settings;
  // Histograms are named without the fleet key: what is counted is no secret.
  settings.name = hash_text(HashKey{}, rule.id);
  read_by(table, views, settings);
  read_steps(rule, table, settings);
  const Plan& plan = settings.plan;
  const bool one_event = plan.steps == 1 && plan.count[0] == 1;
  if (!one_event && settings.by.empty()) {
    table.mistake("by", "expected a view, such as \"source.ip\", that joins the events");
  }
  read_window(table, !one_event, settings.plan);
  settings.measured = plan.steps > 1 && plan.count[0] > 1 && !table.has("score");
  if (plan.by_value && !settings.measured) {
    table.mistake("once_per",
                  "only counts that are measured can use it: a count in the first of "
                  "several steps, and no score");
  }
  // A fixed score that is not given is one with which the rule fires.
  settings.score = table.number("score", std::clamp(rule.threshold, kDefaultScore, 100.0), 0, 100);
  settings.words.text = table.text("text");
  if (!settings.steps.empty()) settings.words.first = settings.steps.front().outcome();
  if (rule.suppress_by.empty()) rule.suppress_by = settings.words.by;
  if (rule.suppress_by.empty()) {
    rule.suppress_by = {View{Cut::whole, Field::host_name, false},
                        View{Cut::whole, Field::user_name, false}};
  }
  // A rule with mistakes is not used; this keeps what follows simple.
  if (settings.by.empty()) settings.by.push_back(0);
  return std::make_unique<Sequence>(std::move(settings));
}

}  // namespace

extern const DetectorPlugin kDetectorSequence;
const DetectorPlugin kDetectorSequence = {
    "sequence", "one event after others of the same entity within a window", make_sequence};

}  // namespace doorward
