// The interface of a detector: one statistical function of an event's keys and the baseline.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/detectors/evidence.h"
#include "plugins/detectors/novelty.h"
#include "plugins/event.h"
#include "plugins/params.h"
#include "plugins/rule.h"
#include "plugins/view.h"
#include "sketch/baseline.h"
#include "sketch/result.h"

namespace doorward {

/// What a detector sees of an event while scoring.
struct ScoreInput {
  const Event& event;
  const EventKeys& keys;
  const ViewTable& views;
  const Baseline& baseline;
  /// This rule's block of the live state, the event already observed.
  std::span<const std::byte> state;
  /// Evidence of the rules of earlier stages on this event (joint reads the rare ones).
  std::span<const Evidence> earlier;
  /// Those of them that apply: bit i is earlier[i].
  std::uint64_t earlier_applies = 0;
};

/// What a baseline knows of one value, for people: a view of an event, in the history of a
/// partition.
struct LevelHistory {
  View partition;
  View by;
  bool fleet = false;   ///< everybody's history, not the partition's of the finest level
  double total = 0;     ///< events of the partition, all values together; 0 at coarser levels
  double distinct = 0;  ///< its different values, about
  /// Events with this value, by age in epochs; an epoch counts to PairCounts::kCountMax.
  std::array<std::uint32_t, kEpochSlots> seen{};
};

/// When a detector is scored. Each stage reads the evidence of those before it.
enum class Stage : std::uint8_t {
  event,   ///< judges the event by itself and the history
  joint,   ///< judges what the rules of stage `event` said of it
  alerts,  ///< judges alerts: asked only when another rule raised one for the event
};

/// Made once per rule. Pure: no files, no clock; history is in the baseline, what is going on now
/// in the rule's block of the live state.
///
/// For each event that passes the rule's filter: observe, score, calibrate, learn. For a rule of
/// Stage::alerts: note_alert, then score, for each alert of another rule on such an event.
class Detector {
 public:
  virtual ~Detector() = default;

  [[nodiscard]] virtual Stage stage() const { return Stage::event; }

  /// Its p-values hold: of ordinary events a share of about a, or less, has p <= a. An alert budget
  /// can then set the rule's threshold. False for verdicts that are yes or no.
  [[nodiscard]] virtual bool has_p_values() const { return false; }

  /// Called once, when all rules are known: rules[i] is the one whose evidence is earlier[i].
  /// Settings that name rules there are not are mistakes, but for `left_out`: rules that a policy
  /// disables, without which this one has to do.
  virtual void bind(std::span<const Rule* const> rules, std::span<const std::string> left_out,
                    std::vector<Error>& mistakes) {
    (void)rules, (void)left_out, (void)mistakes;
  }

  /// Rules of which this one is made, bit i for rules[i] of bind().
  [[nodiscard]] virtual std::uint64_t parts() const { return 0; }

  /// Bytes of live state that this rule needs; all zero is the state before any event.
  [[nodiscard]] virtual std::size_t state_bytes() const { return 0; }

  /// A block of live state was read back from a file into `state`. Clears what is left there of the
  /// last event, and tells whether the rest can be gone on with: no bytes of it may ever lead out
  /// of the block or into what C++ leaves undefined. That the bytes are those once written is for
  /// the file's checksum to say.
  [[nodiscard]] virtual bool restore(std::span<std::byte> state) const {
    (void)state;
    return true;
  }

  /// Whether an event that passed the rule's filter tells it anything. Never allocates.
  [[nodiscard]] virtual bool concerns(const Event& event) const {
    (void)event;
    return stage() == Stage::event;
  }

  /// Takes the event into the live state. Events come in nearly the order of their times: a source
  /// may be late by minutes, a second feed by hours. Never allocates.
  virtual void observe(const Event& event, const EventKeys& keys,
                       std::span<std::byte> state) const {
    (void)event, (void)keys, (void)state;
  }

  /// An alert of rules[rule] on this event, not held back. For Stage::alerts. Never allocates.
  virtual void note_alert(std::size_t rule, const Event& event, const EventKeys& keys,
                          std::span<std::byte> state) const {
    (void)rule, (void)event, (void)keys, (void)state;
  }

  /// Judges an event that passed the rule's filter. Fills everything of `out` but `rule` and
  /// `detector`; out.applies stays false when there is nothing to judge by. Views in `out` may
  /// point into the rule and into the live state. Never allocates.
  virtual void score(const ScoreInput& input, Evidence& out) const = 0;

  /// Whether learn() does anything.
  [[nodiscard]] virtual bool learns() const { return false; }

  /// Adds the event to what is usual. `epoch` must be in the baseline's ring. Called later, or
  /// never, for what is held in quarantine. Never allocates.
  virtual void learn(const EventKeys& keys, std::int64_t epoch, Baseline& baseline) const {
    (void)keys, (void)epoch, (void)baseline;
  }

  /// What learning the event would tell of how often values are new; before learn(). Never
  /// allocates.
  [[nodiscard]] virtual std::optional<Novelty> novelty(const EventKeys& keys,
                                                       const ViewTable& views,
                                                       const Baseline& baseline) const {
    (void)keys, (void)views, (void)baseline;
    return std::nullopt;
  }
  /// Whether novelty() ever has something to say.
  [[nodiscard]] virtual bool has_novelty() const { return false; }

  /// Adds the verdict itself to the baseline (joint measures the spread of its statistic, rates
  /// count what each bucket held) and to the live state. Called once for every event that was
  /// scored, right after it and its alert. `repeated`: the event is alike to an alert raised
  /// before, and held back. Never allocates.
  virtual void calibrate(const EventKeys& keys, const Evidence& evidence, bool repeated,
                         std::int64_t epoch, Baseline& baseline, std::span<std::byte> state) const {
    (void)keys, (void)evidence, (void)repeated, (void)epoch, (void)baseline, (void)state;
  }

  /// Appends what the history knows of the event, finest level first. Nothing is judged.
  virtual void history(const ScoreInput& input, std::vector<LevelHistory>& out) const {
    (void)input, (void)out;
  }

  /// What the evidence says, for the alert's sentence: "a new address for alice (1 in 480)". Empty
  /// when it has nothing to say.
  [[nodiscard]] virtual std::string phrase(const Evidence& evidence, const Event& event) const {
    (void)evidence, (void)event;
    return {};
  }
};

/// One row of the registry.
struct DetectorPlugin {
  std::string_view name;         ///< "rare"
  std::string_view description;  ///< a sentence for --help
  /// Reads the rule's own table (`[rare]`) and makes the detector. Mistakes are noted in `table`;
  /// the detector is then not used. Sets defaults of rule.suppress_by.
  std::unique_ptr<Detector> (*make)(Rule& rule, Params& table, ViewTable& views);
};

}  // namespace doorward
