#include "agent/daemon/engine.h"

#include <unistd.h>

#include <array>
#include <iterator>
#include <utility>

#include "agent/fleet/limits.h"
#include "agent/load_exceptions.h"
#include "plugins/explain.h"

namespace doorward {
namespace {

constexpr std::uint16_t kStateVersion = 1;

}  // namespace

std::unique_ptr<Engine> Engine::make(const CommonOptions& options, const Settings& settings,
                                     const HashKey& key, std::vector<Error>& mistakes) {
  std::unique_ptr<Engine> engine(new Engine);
  engine->settings_ = settings;
  engine->input_ = input_options(options, settings, mistakes);
  if (engine->input_.source_options.host_name.empty()) {
    // audit.log does not tell whose it is; auth.log names the host as it calls itself.
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) == 0) {
      engine->input_.source_options.host_name = name.data();
    }
  }
  engine->set_files_ = std::make_unique<SetFiles>(engine->loader_);
  const std::vector<RuleText> texts = rule_texts(options, settings, mistakes);
  engine->rules_ = std::make_unique<RuleSet>(texts, key, mistakes, engine->set_files_.get(),
                                             settings.overrides());
  engine->exceptions_ = std::make_unique<ExceptionSet>(
      load_exceptions(options, settings, *engine->rules_, *engine->set_files_, mistakes));
  engine->databases_ = open_geo(options, settings, mistakes);
  return engine;
}

void Engine::join_fleet() {
  sightings_ = std::make_unique<SightingBook>(*rules_);
  fit_ = std::make_unique<FitCounts>(rules_->make_fit_counts());
}

std::vector<std::uint8_t> Engine::take_fit() {
  if (!fit_) return {};
  const auto now = std::chrono::steady_clock::now();
  const std::uint64_t events = fit_->events();
  if (events == 0 || (events < kFitSealEvents && now - fit_taken_ < kFitSealEvery)) return {};
  std::vector<std::uint8_t> out = fit_->encode();
  fit_->clear();
  fit_taken_ = now;
  return out;
}

StateSections Engine::first_sections(TimeUs now) {
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  out(kStateVersion, now);
  StateSections sections;
  sections["agent"] = std::move(bytes);
  return sections;
}

void Engine::start(Baseline& baseline, PipelineSink& sink, const StateSections& sections,
                   TimeUs now) {
  baseline_ = &baseline;
  const auto section = [&](std::string_view name) -> const std::vector<std::uint8_t>* {
    const auto found = sections.find(name);
    return found == sections.end() ? nullptr : &found->second;
  };
  const std::vector<std::uint8_t>* agent = section("agent");
  alerts_from_ = now;
  if (agent != nullptr) {
    std::uint16_t version = 0;
    TimeUs alerts_from = kNoTime;
    StateReader in(*agent);
    in(version, alerts_from);
    if (in.done() && version == kStateVersion) alerts_from_ = alerts_from;
  }
  // What is in the logs from before the agent was there is history to learn from.
  if (settings_.daemon.clock == LiveClock::log) alerts_from_ = kNoTime;
  PipelineOptions options;
  options.alerts_from = alerts_from_;
  options.now = now;
  options.budget_per_day = settings_.budget_per_day;
  options.exceptions = exceptions_.get();
  pipeline_ = std::make_unique<Pipeline>(*rules_, baseline, sink, options);
  if (const auto* bytes = section("pipeline")) {
    StateReader in(*bytes);
    pipeline_->load(in);
    if (!in.ok())
      errors_.push_back({"state", "what rules had going on cannot be read; it is lost"});
  }
  if (sightings_) {
    if (const auto* bytes = section("sightings")) {
      StateReader in(*bytes);
      sightings_->load(in);
    }
    pipeline_->note_sightings(sightings_.get());
  }
  if (fit_) {
    if (const auto* bytes = section("fit")) {
      StateReader in(*bytes);
      fit_->load(in);
    }
    pipeline_->note_fit(fit_.get());
  }
  enricher_ = std::make_unique<GeoEnricher>(databases_, *pipeline_);
  LiveInputOptions live;
  live.clock = settings_.daemon.clock;
  live.source_options = input_.source_options;
  inputs_ = std::make_unique<LiveInputs>(live, *enricher_);
  if (const auto* bytes = section("inputs")) {
    StateReader in(*bytes);
    inputs_->load(in);
    if (!in.ok()) errors_.push_back({"state", "positions cannot be read; logs are read anew"});
  }
  plan_ = std::make_unique<LivePlan>(settings_.daemon, HostPaths{}, *inputs_);
  plan_->begin(section("inputs") == nullptr, now);
}

void Engine::save(StateSections& sections) const {
  sections["agent"] = first_sections(alerts_from_)["agent"];
  std::vector<std::uint8_t> bytes;
  {
    StateWriter out(bytes);
    pipeline_->save(out);
  }
  sections["pipeline"] = std::exchange(bytes, {});
  {
    StateWriter out(bytes);
    inputs_->save(out);
  }
  sections["inputs"] = std::exchange(bytes, {});
  if (!sightings_) return;
  {
    StateWriter out(bytes);
    sightings_->save(out);
  }
  sections["sightings"] = std::exchange(bytes, {});
  sections["fit"] = fit_->encode();
}

bool Engine::read(std::size_t lines_max, TimeUs now) {
  pipeline_->set_clock(settings_.daemon.clock == LiveClock::log ? INT64_MAX : now);
  return inputs_->read(lines_max, now);
}

void Engine::look() {
  plan_->look(clock_now());
  inputs_->look();
}

void Engine::tick(TimeUs now) {
  inputs_->tick(now);
  if (settings_.daemon.clock == LiveClock::system) {
    const TimeUs reached = inputs_->watermark();
    if (reached != kNoTime) pipeline_->advance(reached);
  }
  const auto take = [this](std::vector<Error> errors) {
    std::move(errors.begin(), errors.end(), std::back_inserter(errors_));
  };
  take(enricher_->refresh(now));
  std::vector<Error> faults;
  set_files_->reload_if_changed(now, faults);
  take(std::move(faults));
}

PipelineStatus Engine::status() const {
  PipelineStatus out;
  out.watermark = inputs_->watermark();
  out.lines = inputs_->lines();
  out.bytes = inputs_->bytes();
  out.streams = inputs_->streams();
  out.sources = inputs_->sources();
  out.twins = inputs_->twins().merged();
  out.counts = pipeline_->counts();
  for (std::size_t i = 0; i < rules_->size(); ++i) out.rules.push_back(rules_->rule(i).id);
  out.quarantined = pipeline_->quarantined();
  out.fill = baseline_->fill();
  return out;
}

Result<std::string> Engine::explain(const std::string& rule, const std::vector<std::string>& pairs,
                                    bool text, TimeUs now) {
  const Result<std::vector<FieldValue>> fields = example_fields_of(pairs, now);
  if (!fields) return fields.error();
  const ExplainContext context{*rules_, *baseline_, pipeline_->state(), databases_,
                               &pipeline_->budget()};
  return doorward::explain(context, rule, fields.value(), text);
}

std::vector<Error> Engine::take_errors() {
  std::vector<Error> out = std::exchange(errors_, {});
  for (std::vector<Error> more : {inputs_->take_errors(), plan_->take_errors()}) {
    std::move(more.begin(), more.end(), std::back_inserter(out));
  }
  return out;
}

}  // namespace doorward
