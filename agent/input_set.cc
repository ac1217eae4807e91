#include "agent/input_set.h"

#include <chrono>

#include "agent/limits.h"
#include "plugins/limits.h"
#include "plugins/registry.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

constexpr std::uint64_t kLinesPerTick = 4096;
constexpr int kSureEnough = 20;

int year_of(TimeUs time) {
  using namespace std::chrono;
  const sys_time<microseconds> instant{microseconds(time)};
  return static_cast<int>(year_month_day(floor<days>(instant)).year());
}

}  // namespace

InputSet::InputSet(const std::vector<std::string>& paths, const InputOptions& options) {
  inputs_.reserve(paths.size());
  for (const std::string& path : paths) open(path, options);
}

void InputSet::open(const std::string& path, const InputOptions& options) {
  Result<LineReader> reader = LineReader::open(path);
  if (!reader) {
    errors_.push_back(reader.error());
    return;
  }
  if (reader.value().fault() && reader.value().head().empty()) {
    errors_.push_back(*reader.value().fault());
    return;
  }
  const SourcePlugin* plugin = sniff(reader.value(), options.source);
  if (plugin == nullptr) return;
  std::unique_ptr<Source>& source = sources_[std::string(plugin->name)];
  if (!source) source = plugin->make(options.source_options);
  logs_ = logs_ | plugin->told;
  InputState state;
  state.end_time = reader.value().modified() == kNoTime ? options.now : reader.value().modified();
  state.year = options.year.value_or(year_of(state.end_time));
  state.year_is_of_end = !options.year.has_value();
  inputs_.push_back({std::move(reader).value(), source.get(), state, {}, {}, kNoTime});
}

const SourcePlugin* InputSet::sniff(LineReader& reader, const std::string& wanted) {
  if (wanted != "auto") return find_plugin(source_plugins(), wanted);
  const SourcePlugin* best = nullptr;
  int surest = kSureEnough - 1;
  std::string names;
  for (const SourcePlugin* plugin : source_plugins()) {
    names += (names.empty() ? "" : ", ") + std::string(plugin->name);
    const int sure = plugin->sniff(reader.head());
    if (sure > surest) {
      surest = sure;
      best = plugin;
    }
  }
  // An empty file is a log without lines, of whatever kind.
  if (best == nullptr && reader.head().empty()) return source_plugins().front();
  if (best == nullptr) {
    errors_.push_back({reader.path() + ":1", "does not look like any log known here (" + names +
                                                 "); name it with --source"});
  }
  return best;
}

void InputSet::name_fault(const std::string& where, const std::string& what) {
  if (faults_.named.size() < kNamedFaultsMax) {
    faults_.named.push_back(where + ": " + what);
  } else {
    ++faults_.unnamed;
  }
}

void InputSet::fetch(Input& input) {
  const std::uint64_t long_before = input.reader.long_lines();
  input.line = input.reader.next();
  if (const std::uint64_t skipped = input.reader.long_lines() - long_before; skipped > 0) {
    faults_.long_lines += skipped;
    const std::uint64_t at = input.reader.line_number() - (input.line ? 1 : 0);
    name_fault(input.reader.path() + ":" + std::to_string(at),
               "line longer than " + std::to_string(kLineBytesMax / 1024) + " KiB, skipped");
  }
  if (!input.line) {
    if (input.reader.fault()) errors_.push_back(*input.reader.fault());
    return;
  }
  input.stamp = input.source->stamp(*input.line, input.state);
  if (input.stamp.time != kNoTime) input.order = input.stamp.time;
}

void InputSet::feed(Input& input, EventSink& sink) {
  const SourceCounters& counters = input.source->counters();
  const std::uint64_t no_stamp = counters.no_stamp;
  const std::uint64_t malformed = counters.malformed;
  input.source->feed(*input.line, input.stamp, sink);
  if (counters.no_stamp == no_stamp && counters.malformed == malformed) return;
  name_fault(input.reader.path() + ":" + std::to_string(input.reader.line_number()),
             counters.no_stamp != no_stamp
                 ? "no readable time stamp; expected RFC 3164, RFC 3339 or RFC 5424, or audit(...)"
                 : "begins like a logon record but cannot be read to its end");
}

void InputSet::read(EventSink& sink, const std::function<void()>& tick) {
  TwinMerge twins(sink);
  twins.expect(logs_);

  for (Input& input : inputs_) fetch(input);
  std::uint64_t lines = 0;
  for (;;) {
    // The input whose line is oldest, and how long it stays that.
    Input* next = nullptr;
    TimeUs until = INT64_MAX;
    for (Input& input : inputs_) {
      if (!input.line) continue;
      if (next == nullptr || input.order < next->order) {
        if (next != nullptr) until = std::min(until, next->order);
        next = &input;
      } else {
        until = std::min(until, input.order);
      }
    }
    if (next == nullptr) break;
    do {
      feed(*next, twins);
      if (next->order != kNoTime) twins.advance(next->order);
      if (++lines % kLinesPerTick == 0 && tick) tick();
      fetch(*next);
    } while (next->line && next->order <= until);
  }
  for (auto& [name, source] : sources_) source->finish(twins);
  twins.finish();
  twins_ = twins.merged();
}

SourceCounters InputSet::counters() const {
  SourceCounters sum;
  for (const auto& [name, source] : sources_) {
    const SourceCounters& one = source->counters();
    sum.lines += one.lines;
    sum.other += one.other;
    sum.no_stamp += one.no_stamp;
    sum.malformed += one.malformed;
    sum.cut_fields += one.cut_fields;
    sum.closed_early += one.closed_early;
    sum.repeats_capped += one.repeats_capped;
  }
  return sum;
}

std::uint64_t InputSet::lines() const {
  std::uint64_t sum = 0;
  for (const Input& input : inputs_) sum += input.reader.line_number();
  return sum;
}

std::uint64_t InputSet::bytes_consumed() const {
  std::uint64_t sum = 0;
  for (const Input& input : inputs_) sum += input.reader.bytes_consumed();
  return sum;
}

std::uint64_t InputSet::bytes_total() const {
  std::uint64_t sum = 0;
  for (const Input& input : inputs_) {
    if (input.reader.bytes_total() == 0) return 0;
    sum += input.reader.bytes_total();
  }
  return sum;
}

}  // namespace doorward
