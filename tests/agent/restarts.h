// Whole logs through a pipeline that is saved, thrown away and made anew wherever one likes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "agent/geo_enricher.h"
#include "agent/input_set.h"
#include "plugins/ecs_document.h"
#include "plugins/pipeline/pipeline.h"
#include "proto/baseline_codec.h"
#include "tests/support/files.h"
#include "tests/support/rule_log_places.h"

namespace doorward {

/// Everything that a pipeline says, as documents.
class Documents final : public PipelineSink {
 public:
  void on_alert(const Alert& alert) override {
    ++alerts;
    rules.insert(alert.primary.rule->id);
    by_rule.push_back(alert.primary.rule->id);
    append_alert_document(alert, all.emplace_back());
  }
  void on_update(const AlertUpdate& update) override {
    ++updates;
    by_rule.push_back(update.rule.id);
    append_update_document(update, all.emplace_back());
  }
  void on_summary(const AlertSummary& summary) override {
    ++summaries;
    by_rule.push_back(summary.rule.id);
    append_summary_document(summary, all.emplace_back());
  }
  std::vector<std::string> all;
  std::vector<std::string> by_rule;  // of each document
  std::set<std::string> rules;       // that spoke
  int alerts = 0;
  int updates = 0;
  int summaries = 0;
};

/// A pipeline and its baseline, and how both are made again from their bytes.
class Restarts final : public EventSink {
 public:
  /// `every`: events between two restarts on the average, at random; 0: none.
  Restarts(const RuleSet& rules, PipelineOptions options, int every, unsigned seed)
      : rules_(&rules), options_(options), every_(every), random_(seed) {
    baseline_ = std::make_unique<Baseline>(std::move(Baseline::make({})).value());
    pipeline_ = std::make_unique<Pipeline>(rules, *baseline_, said, options_);
  }

  void on_event(const Event& event) override {
    if (every_ > 0 && random_() % static_cast<unsigned>(every_) == 0) restart(*rules_);
    if (events_++ == change_at) restart(*change_to);
    pipeline_->on_event(event);
  }

  void restart(const RuleSet& rules) {
    ++restarts;
    quarantined_most = std::max(quarantined_most, pipeline_->quarantined());
    const std::vector<std::uint8_t> baseline = encode_baseline(*baseline_);
    std::vector<std::uint8_t> state;
    StateWriter out(state);
    pipeline_->save(out);
    bytes_most = std::max(bytes_most, state.size());
    pipeline_.reset();
    Result<Baseline> back = decode_baseline(baseline, rules.views().key());
    ASSERT_TRUE(back.ok()) << back.error().message();
    baseline_ = std::make_unique<Baseline>(std::move(back).value());
    rules_ = &rules;
    pipeline_ = std::make_unique<Pipeline>(rules, *baseline_, said, options_);
    StateReader in(state);
    loss = pipeline_->load(in);
    ASSERT_TRUE(in.done());
  }

  /// The baseline's bytes, after everything is told.
  std::vector<std::uint8_t> finish() {
    pipeline_->finish();
    return encode_baseline(*baseline_);
  }

  Pipeline& pipeline() { return *pipeline_; }
  Baseline& baseline() { return *baseline_; }

  Documents said;
  PipelineLoss loss;  // of the last restart
  int restarts = 0;
  std::size_t quarantined_most = 0;
  std::size_t bytes_most = 0;
  int change_at = -1;
  const RuleSet* change_to = nullptr;  // rules from event change_at on

 private:
  const RuleSet* rules_;
  PipelineOptions options_;
  int every_;
  std::mt19937 random_;
  std::unique_ptr<Baseline> baseline_;
  std::unique_ptr<Pipeline> pipeline_;
  int events_ = 0;
};

/// Reads logs as replay would, with places.
inline void read_logs(const std::vector<std::string>& logs, EventSink& sink) {
  const TemporaryFolder folder;
  std::vector<Error> mistakes;
  GeoDatabases databases({folder.write("places.mmdb", rule_log_places())}, mistakes);
  ASSERT_TRUE(mistakes.empty()) << mistakes.front().message();
  GeoEnricher enricher(databases, sink);
  const InputOptions options;
  InputSet inputs(logs, options);
  inputs.read(enricher, {});
  ASSERT_TRUE(inputs.errors().empty()) << inputs.errors().front().message();
}

}  // namespace doorward
