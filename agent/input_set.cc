#include "agent/input_set.h"

#include <algorithm>
#include <utility>

#include "agent/folder_files.h"
#include "agent/limits.h"
#include "agent/source_choice.h"

namespace doorward {
namespace {

constexpr std::uint64_t kLinesPerTick = 4096;

}  // namespace

InputSet::InputSet(const std::vector<std::string>& paths, InputOptions options)
    : options_(std::move(options)) {
  add(paths);
}

void InputSet::add(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path == "-" || !is_folder(path)) {
      open(path);
      continue;
    }
    std::vector<Error> errors;
    for (const std::string& file : files_below(path, errors)) open(file);
    for (const Error& error : errors) note_error(error);
  }
}

void InputSet::open(const std::string& path) {
  make_room();
  Result<LineReader> reader = LineReader::open(path);
  if (!reader) {
    note_error(reader.error());
    return;
  }
  LineReader& opened = reader.value();
  if (opened.fault() && opened.head().empty()) {
    note_error(*opened.fault());
    return;
  }
  // An empty file is a log without lines, of whatever kind.
  if (options_.source == "auto" && opened.head().empty()) {
    ++files_;
    return;
  }
  const SourcePlugin* plugin = sniff(opened);
  if (plugin == nullptr) return;
  std::unique_ptr<Source>& source = sources_[std::string(plugin->name)];
  if (!source) source = plugin->make(options_.source_options);
  logs_ = logs_ | plugin->told;
  const TimeUs end = opened.modified() == kNoTime ? options_.now : opened.modified();
  const InputState state = state_of_file(end, options_.year);
  ++files_;
  if (plugin->framing == Framing::json_records) ++record_files_;
  bytes_total_ += opened.bytes_total();
  bytes_unknown_ = bytes_unknown_ || opened.bytes_total() == 0;
  opened.frame(plugin->framing);
  inputs_.push_back(std::make_unique<Input>(
      Input{std::move(opened), source.get(), plugin->framing, state, {}, {}, kNoTime}));
  Input& input = *inputs_.back();
  input.audit = has(plugin->told, Told::auditd);
  if (input.reader.can_suspend()) open_.push_back(&input);
  fetch(input);
  wait(inputs_.size() - 1);
}

const SourcePlugin* InputSet::sniff(LineReader& reader) {
  if (options_.source != "auto") return find_plugin(options_.plugins, options_.source);
  const SourcePlugin* const best = surest_source(options_.plugins, reader.head());
  if (best == nullptr) {
    std::string names;
    for (const SourcePlugin* plugin : options_.plugins) {
      names += (names.empty() ? "" : ", ") + std::string(plugin->name);
    }
    note_error({reader.path() + ":1",
                "does not look like any log known here (" + names + "); name it with --source"});
  }
  return best;
}

void InputSet::note_error(const Error& error) {
  if (errors_.size() < kNamedErrorsMax) {
    errors_.push_back(error);
    return;
  }
  if (unnamed_errors_++ == 0) errors_.push_back({});
  errors_.back().what = "and " + std::to_string(unnamed_errors_) + " more inputs like these";
}

std::vector<Error> InputSet::take_errors() {
  unnamed_errors_ = 0;
  return std::exchange(errors_, {});
}

void InputSet::name_fault(const std::string& where, const std::string& what) {
  if (faults_.named.size() < kNamedFaultsMax) {
    faults_.named.push_back(where + ": " + what);
  } else {
    ++faults_.unnamed;
  }
}

void InputSet::note_skips(Input& input) {
  LineReader& reader = input.reader;
  const std::uint64_t too_long = reader.long_lines() - input.long_told;
  const std::uint64_t malformed = reader.malformed() - input.malformed_told;
  input.long_told = reader.long_lines();
  input.malformed_told = reader.malformed();
  (input.framing == Framing::lines ? faults_.long_lines : faults_.long_records) += too_long;
  faults_.malformed += malformed;
  const std::vector<LineReader::Skip> skips = reader.take_skips();
  for (const LineReader::Skip& skip : skips) {
    name_fault(reader.path() + ":" + std::to_string(skip.line), skip.why);
  }
  faults_.unnamed += too_long + malformed - skips.size();
}

void InputSet::fetch(Input& input) {
  LineReader& reader = input.reader;
  const std::uint64_t skipped = reader.skipped();
  input.line = reader.next();
  if (reader.skipped() != skipped) note_skips(input);
  if (!input.line) {
    if (reader.fault()) note_error(*reader.fault());
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
  const bool unstamped = counters.no_stamp != no_stamp;
  const char* what = input.framing == Framing::json_records
                         ? unstamped ? "record without a readable time"
                                     : "record that cannot be read as JSON of this kind"
                     : unstamped
                         ? "no readable time stamp; expected RFC 3164, RFC 3339 or RFC 5424, or "
                           "audit(...)"
                         : "begins like a logon record but cannot be read to its end";
  name_fault(input.reader.path() + ":" + std::to_string(input.reader.line_number()), what);
}

/// Closes a file when as many as may be are open: the one that is wanted last. True when that one
/// was in the middle of being read.
bool InputSet::make_room() {
  if (open_.size() < kOpenFilesMax) return false;
  const auto latest =
      std::max_element(open_.begin(), open_.end(),
                       [](const Input* a, const Input* b) { return a->order < b->order; });
  Input& input = **latest;
  open_.erase(latest);
  input.reader.suspend(*input.line);
  return input.started;
}

/// Opens a closed input again. `until` is how long it may be read.
bool InputSet::come_back(Input& input, TimeUs& until) {
  if (make_room() && until < INT64_MAX - kRunAheadUs) until += kRunAheadUs;
  input.line = input.reader.resume();
  if (!input.line) {
    if (input.reader.fault()) note_error(*input.reader.fault());
    return false;
  }
  open_.push_back(&input);
  return true;
}

void InputSet::leave_open(const Input& input) {
  open_.erase(std::remove(open_.begin(), open_.end(), &input), open_.end());
}

void InputSet::wait(std::size_t input) {
  if (!inputs_[input]->line) {
    retire(input);
    return;
  }
  waiting_.push_back({inputs_[input]->order, input});
  std::push_heap(waiting_.begin(), waiting_.end(), std::greater<>());
}

void InputSet::retire(std::size_t input) {
  const Input& gone = *inputs_[input];
  lines_ += gone.reader.items();
  bytes_ += gone.reader.bytes_consumed();
  leave_open(gone);
  inputs_[input].reset();
}

void InputSet::read(EventSink& sink, const std::function<void()>& tick) {
  read_on(sink, tick);
  finish(sink);
}

void InputSet::read_on(EventSink& sink, const std::function<void()>& tick) {
  if (!twins_) twins_ = std::make_unique<TwinMerge>(sink);
  TwinMerge& twins = *twins_;
  twins.expect(logs_);
  twins.keep_order(options_.keep_order);

  while (!waiting_.empty() && !stopped_) {
    // The input whose line is oldest, and how long it stays that.
    std::pop_heap(waiting_.begin(), waiting_.end(), std::greater<>());
    const std::size_t index = waiting_.back().input;
    waiting_.pop_back();
    Input& next = *inputs_[index];
    TimeUs until = waiting_.empty() ? INT64_MAX : waiting_.front().order;
    if (next.reader.suspended() && !come_back(next, until)) {
      retire(index);
      continue;
    }
    next.started = true;
    do {
      // What is overdue leaves before what this line completes, as in the live run. Where order is
      // kept nothing leaves at once, and what the line says may first show that a twin is missing.
      if (!options_.keep_order) twins.advance(next.order);
      feed(next, twins);
      if (next.audit) twins.heard_audit(*next.line, next.stamp.time);
      if (options_.keep_order) twins.advance(next.order);
      if (++fed_ % kLinesPerTick == 0 && tick) tick();
      fetch(next);
    } while (next.line && next.order <= until && !stopped_);
    wait(index);
  }
  if (waiting_.empty()) inputs_.clear();
}

void InputSet::finish(EventSink& sink) {
  if (!twins_) twins_ = std::make_unique<TwinMerge>(sink);
  for (auto& [name, source] : sources_) source->finish(*twins_);
  twins_->finish();
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
    sum.untrusted += one.untrusted;
    sum.repeats_capped += one.repeats_capped;
  }
  return sum;
}

std::uint64_t InputSet::lines() const {
  std::uint64_t sum = lines_;
  for (const auto& input : inputs_) sum += input ? input->reader.items() : 0;
  return sum;
}

std::uint64_t InputSet::bytes_consumed() const {
  std::uint64_t sum = bytes_;
  for (const auto& input : inputs_) sum += input ? input->reader.bytes_consumed() : 0;
  return sum;
}

std::uint64_t InputSet::bytes_total() const {
  return bytes_unknown_ ? 0 : bytes_total_;
}

}  // namespace doorward
