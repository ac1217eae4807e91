// The fleet's rules over what the agents of one group tell: a pipeline of its own, fed in the order
// of time. Pure: sightings and alerts come in, alerts go out; the time is a number.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/exceptions/exceptions.h"
#include "plugins/pipeline/pipeline.h"
#include "plugins/set_files.h"
#include "server/fleet/fleet_state.h"
#include "server/rules/contributors.h"
#include "server/rules/limits.h"

namespace doorward {

/// An alert of the fleet, as it goes into the log.
struct FleetAlert {
  std::string id;
  std::uint8_t kind = 1;  ///< 1 alert, 2 update, 3 summary
  double score = 0;
  std::uint32_t occurrences = 1;
  std::string document;
};

struct FleetGroupCounts {
  std::uint64_t sightings = 0;  ///< judged
  std::uint64_t alerts = 0;     ///< of agents, judged
  std::uint64_t refused = 0;    ///< beyond a limit, too late or ahead of the clock
  std::uint64_t hurried = 0;    ///< let go before their time, since too many waited
  std::uint64_t unknown = 0;    ///< alerts of rules that this group does not have
  std::uint64_t silenced = 0;   ///< not told: one agent alone has seen, and told, all of it
};

/// One thread. What it says is a function of what it was told and in which order, so that after a
/// restart the same alerts come again under the same ids.
class FleetGroup final : private PipelineSink, private AlertVeto {
 public:
  struct Options {
    std::string group;
    HashKey key;
    /// How long a sighting waits for older ones of other agents: about two delta intervals.
    TimeUs wait_us = 120 * kSecondUs;
  };
  /// With the built-in rules, as `policy` (may be null) changes them. Mistakes in its files are
  /// appended; what has a mistake is left out. Errors: the baseline cannot be made.
  static Result<std::unique_ptr<FleetGroup>> make(const Options& options, const PolicyFiles* policy,
                                                  std::vector<Error>& mistakes);
  ~FleetGroup() override;

  /// Sightings of one delta, which came to the server at `at`.
  void sightings(std::string_view agent, std::span<const SightingRecord> seen, TimeUs at);
  /// An alert of rule `rule` that an agent raised on `seen`.
  void alert(std::string_view agent, std::string_view rule, const SightingRecord& seen, TimeUs at);
  /// The server's clock went on: judges what waited long enough.
  void advance(TimeUs now);

  /// What the rules said since the last call.
  std::vector<FleetAlert> take();

  /// Ids of the fleet's rules.
  [[nodiscard]] std::vector<std::string> rules() const;
  [[nodiscard]] const FleetGroupCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  /// take() has something.
  [[nodiscard]] bool has_told() const { return !told_.empty(); }

  /// Everything, rules apart.
  [[nodiscard]] std::vector<std::uint8_t> save() const;
  /// Into a new one, perhaps under other rules. Trusts nothing; after a mistake nothing has
  /// changed.
  Status load(std::span<const std::uint8_t> bytes);
  /// The rules that `next` does not have tell what they still owe. Before save().
  void hand_over_to(const FleetGroup& next) { pipeline_->tell_before(next.rules_); }

 private:
  struct Waiting {
    TimeUs time = 0;
    std::uint64_t number = 0;  // in order of arrival
    std::string agent;
    std::string rule;  // of an alert; empty: a sighting
    SightingRecord seen;
  };

  FleetGroup(const Options& options, Baseline baseline, const PolicyFiles* policy,
             std::vector<Error>& mistakes);
  void push(std::string_view agent, std::string_view rule, const SightingRecord& seen, TimeUs at);
  void judge(const Waiting& one);
  void contribute(const Waiting& one, const Event& event, RuleMask rules);
  [[nodiscard]] Hash128 about(const Rule& rule, const View& view, const Event& event) const;
  [[nodiscard]] std::vector<Contributor> contributors(const Evidence& evidence,
                                                      const Event& event) const;

  void on_alert(const Alert& alert) override;
  void on_update(const AlertUpdate& update) override;
  void on_summary(const AlertSummary& summary) override;
  RuleMask silenced(const Event& event, std::span<const Evidence> evidence,
                    RuleMask fired) override;

  Options options_;
  std::unique_ptr<FileLoader> files_;
  std::unique_ptr<SetFiles> set_files_;
  std::vector<Error> own_mistakes_;
  std::unique_ptr<RuleSet> rules_held_;
  RuleSet& rules_;
  ExceptionSet exceptions_;
  Baseline baseline_;
  std::unique_ptr<Pipeline> pipeline_;
  Contributors contributors_;
  std::vector<Waiting> waiting_;  // a heap, earliest first
  std::uint64_t arrived_ = 0;
  std::vector<FleetAlert> told_;
  FleetGroupCounts counts_;
};

}  // namespace doorward
