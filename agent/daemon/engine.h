// What one configuration makes of logs: rules, exceptions, places, inputs, the pipeline.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "agent/daemon/live_plan.h"
#include "agent/daemon/status_report.h"
#include "agent/geo_enricher.h"
#include "agent/live/live_inputs.h"
#include "agent/options.h"
#include "plugins/detectors/fit_counts.h"
#include "plugins/exceptions/exceptions.h"
#include "plugins/geo/geo_databases.h"
#include "plugins/pipeline/pipeline.h"
#include "plugins/pipeline/sightings.h"
#include "plugins/set_files.h"

namespace doorward {

/// Sections of the state, by name, as proto/agent_state_file.h keeps them.
using StateSections = std::map<std::string, std::vector<std::uint8_t>, std::less<>>;

/// Made in two steps. make() reads everything that a configuration names, on any thread and without
/// touching the state, so that a bad configuration is refused while the one before goes on. start()
/// puts it to work on the pipeline's thread, where everything else is called.
class Engine {
 public:
  /// Mistakes are appended; with any, the engine must not be started.
  static std::unique_ptr<Engine> make(const CommonOptions& options, const Settings& settings,
                                      const HashKey& key, std::vector<Error>& mistakes);

  /// The sections of a state in which nothing was read yet. To be saved before anything is: what is
  /// written to the logs from `now` on alerts, also when the agent is killed before it saves again.
  static StateSections first_sections(TimeUs now);

  /// Sightings, and how often values are new, are noted for a fleet. Before start().
  void join_fleet();

  /// Begins with this baseline and what it finds in the sections of its state. What cannot be taken
  /// up is told in take_errors(). Baseline and sink must outlive the engine.
  void start(Baseline& baseline, PipelineSink& sink, const StateSections& sections, TimeUs now);

  /// Another engine takes over: tells what rules that it does not have still owe. Then save().
  void hand_over_to(const Engine& next) { pipeline_->tell_before(next.rules()); }
  /// Appends its sections: everything but the baseline.
  void save(StateSections& sections) const;

  /// Reads up to `lines_max` lines; false: there is nothing more for now.
  bool read(std::size_t lines_max, TimeUs now);
  /// Logs may have changed.
  void look();
  /// To be called about once a second: what the passing of time brings.
  void tick(TimeUs now);

  /// Appends what becomes readable when look() has something to do.
  void add_descriptors(std::vector<int>& out) const { plan_->add_descriptors(out); }
  /// After how long it wants to be called in any case, in milliseconds.
  [[nodiscard]] int wait_ms() const { return inputs_->wait_ms(); }

  [[nodiscard]] PipelineStatus status() const;
  [[nodiscard]] std::uint64_t lines() const { return inputs_->lines(); }
  /// Of the lines that this engine has read.
  [[nodiscard]] std::uint64_t bytes() const { return inputs_->bytes(); }
  /// What only the fleet can judge, since the last call.
  std::vector<SightingRecord> take_sightings() {
    return sightings_ ? sightings_->take() : std::vector<SightingRecord>();
  }
  /// FitCounts::encode() of what was counted since the last call; empty while that is less than
  /// kFitSealEvents, and the last call that gave something was within kFitSealEvery.
  std::vector<std::uint8_t> take_fit();
  /// An analyst's word on an alert of this agent.
  void judge(const std::string& alert, bool learn) { (void)pipeline_->verdict(alert, learn); }
  [[nodiscard]] Result<std::string> explain(const std::string& rule,
                                            const std::vector<std::string>& pairs, bool text,
                                            TimeUs now);
  /// What went wrong since the last call, for the log.
  std::vector<Error> take_errors();
  /// What it found to read, a sentence each; since the last call.
  std::vector<std::string> take_news() { return plan_->take_news(); }

  [[nodiscard]] const RuleSet& rules() const { return *rules_; }
  [[nodiscard]] std::size_t exceptions() const { return exceptions_->size(); }

 private:
  Engine() = default;

  Settings settings_;
  InputOptions input_;
  DiskLoader loader_;
  std::unique_ptr<SetFiles> set_files_;
  std::unique_ptr<RuleSet> rules_;
  std::unique_ptr<ExceptionSet> exceptions_;
  GeoDatabases databases_;
  Baseline* baseline_ = nullptr;
  std::unique_ptr<SightingBook> sightings_;  // null: of no fleet
  std::unique_ptr<FitCounts> fit_;           // null: of no fleet
  std::chrono::steady_clock::time_point fit_taken_ = std::chrono::steady_clock::now();
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<GeoEnricher> enricher_;
  std::unique_ptr<LiveInputs> inputs_;
  std::unique_ptr<LivePlan> plan_;
  std::vector<Error> errors_;
  TimeUs alerts_from_ = kNoTime;
};

}  // namespace doorward
