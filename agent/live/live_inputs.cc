#include "agent/live/live_inputs.h"

#include <algorithm>
#include <utility>

#include "agent/limits.h"
#include "agent/live/live_parts.h"
#include "agent/source_choice.h"

namespace doorward {
namespace {

constexpr Told kHostLogs = Told::authlog | Told::auditd | Told::journald;

/// A stamp that is ahead of the clock by more than this does not move event time: anybody who can
/// write a line could otherwise make everything after it late.
constexpr TimeUs kAheadMaxUs = 60 * kSecondUs;

bool is_host_log(Told told) {
  return (static_cast<unsigned>(told) & static_cast<unsigned>(kHostLogs)) != 0;
}

}  // namespace

LiveInputs::LiveInputs(LiveInputOptions options, EventSink& sink)
    : options_(std::move(options)), twins_(sink) {}

LiveInputs::~LiveInputs() = default;

bool LiveInputs::has(const std::string& name) const {
  return std::any_of(inputs_.begin(), inputs_.end(),
                     [&](const auto& input) { return input->name == name; });
}

bool LiveInputs::add(std::string name, std::unique_ptr<LiveStream> stream,
                     const std::string& source) {
  auto input = std::make_unique<Input>();
  input->name = std::move(name);
  input->stream = std::move(stream);
  input->wanted = source;
  if (source != "auto") {
    if (const SourcePlugin* plugin = find_plugin(options_.plugins, source)) {
      open_source(*input, *plugin);
    }
  }
  bool resumed = false;
  if (const auto kept = kept_.find(input->name); kept != kept_.end()) {
    StateReader in(kept->second.bytes);
    Input& one = *input;
    std::string plugin_name;
    std::uint8_t has_line = 0;
    in(plugin_name, one.state, one.order, one.mark, has_line);
    if (has_line != 0) {
      one.pending = in.text(kRecordBytesMax);
      one.has_pending = true;
    }
    in(one.stamp);
    StateReader position(kept->second.stream);
    one.stream->load(position);
    resumed = in.done() && position.done();
    if (!resumed) {
      one.state = {};
      one.has_pending = false;
      one.pending.clear();
      one.order = one.mark = kNoTime;
      note_error({one.name, "the saved position cannot be read"});
    } else if (one.plugin == nullptr && !plugin_name.empty()) {
      if (const SourcePlugin* plugin = find_plugin(options_.plugins, plugin_name)) {
        open_source(one, *plugin);
      }
    }
    kept_.erase(kept);
  }
  inputs_.push_back(std::move(input));
  changed_ = true;
  return resumed;
}

void LiveInputs::remove(const std::string& name) {
  const auto found = std::find_if(inputs_.begin(), inputs_.end(),
                                  [&](const auto& input) { return input->name == name; });
  if (found == inputs_.end()) return;
  inputs_.erase(found);
  waiting_.clear();
  for (std::size_t at = 0; at < inputs_.size(); ++at) {
    if (inputs_[at]->line) push(at);
  }
  changed_ = true;
}

void LiveInputs::open_source(Input& input, const SourcePlugin& plugin) {
  std::unique_ptr<Source>& source = sources_[std::string(plugin.name)];
  if (!source) {
    source = plugin.make(options_.source_options);
    if (const auto kept = kept_sources_.find(plugin.name); kept != kept_sources_.end()) {
      StateReader in(kept->second);
      source->load(in);
      if (!in.ok()) note_error({std::string(plugin.name), "the saved source cannot be read"});
      kept_sources_.erase(kept);
    }
  }
  input.plugin = &plugin;
  input.source = source.get();
  input.stream->frame(plugin.framing);
}

/// Finds out what kind of log it is, when there is enough of it.
bool LiveInputs::know_source(Input& input) {
  if (input.source != nullptr) return true;
  const std::string head = input.stream->head();
  if (head.empty()) return false;
  const SourcePlugin* const best = surest_source(options_.plugins, head);
  if (best == nullptr) {
    if (!std::exchange(input.unknown_told, true)) {
      note_error({input.name, "does not look like any log known here; name it with source"});
    }
    return false;
  }
  open_source(input, *best);
  changed_ = true;
  return true;
}

/// The next line of a stream, with its stamp.
bool LiveInputs::fetch(Input& input) {
  if (input.has_pending) {
    // Its stamp was read, and what that did to the state is in it.
    input.has_pending = false;
    input.line = input.pending;
    return true;
  }
  input.line.reset();
  if (!know_source(input)) return false;
  input.line = input.stream->next();
  if (!input.line) return false;
  if (input.stream->began_file()) {
    const TimeUs modified = input.stream->modified();
    input.state = state_of_file(modified == kNoTime ? now_ : modified);
  }
  input.stamp = input.source->stamp(*input.line, input.state);
  if (input.stamp.time != kNoTime) input.order = input.stamp.time;
  return true;
}

void LiveInputs::push(std::size_t at) {
  waiting_.push_back({inputs_[at]->order, at});
  std::push_heap(waiting_.begin(), waiting_.end(), std::greater<>());
}

void LiveInputs::look() {
  for (const auto& input : inputs_) {
    input->stream->look();
    input->look = true;
    for (Error& error : input->stream->take_errors()) note_error(std::move(error));
  }
  changed_ = true;
}

/// Which logs tell of this host's logons now. One that is not there is not waited for. Not before
/// all streams were added: what is held would leave when one of two logs is missing.
void LiveInputs::expect() {
  if (!std::exchange(changed_, false)) return;
  Told logs = Told::none;
  for (const auto& input : inputs_) {
    if (input->plugin != nullptr && input->stream->present()) logs = logs | input->plugin->told;
  }
  twins_.expect(logs);
}

TimeUs LiveInputs::mark_of_others(const Input* without) const {
  TimeUs least = INT64_MAX;
  for (const auto& input : inputs_) {
    if (input.get() == without || input->plugin == nullptr || !is_host_log(input->plugin->told) ||
        !input->stream->present()) {
      continue;
    }
    least = std::min(least, input->mark);
  }
  return least;
}

int LiveInputs::wait_ms() const {
  int least = LiveStream::kLookAtLeastMs;
  for (const auto& input : inputs_) {
    // One that has done enough for one call goes on at once.
    least = std::min(least, input->look && !input->line ? 0 : input->stream->wait_ms());
  }
  return least;
}

TimeUs LiveInputs::watermark() const {
  const TimeUs least = mark_of_others(nullptr);
  if (least != INT64_MAX) return least;
  TimeUs newest = INT64_MAX;
  for (const auto& input : inputs_) {
    if (input->mark != kNoTime) newest = std::min(newest, input->mark);
  }
  return newest == INT64_MAX ? kNoTime : newest;
}

bool LiveInputs::read(std::size_t lines_max, TimeUs now) {
  now_ = now;
  for (std::size_t at = 0; at < inputs_.size(); ++at) {
    Input& input = *inputs_[at];
    if (input.line || !input.look) continue;
    if (fetch(input)) {
      push(at);
    } else {
      ended(input);
    }
  }
  expect();
  std::size_t left = lines_max;
  while (!waiting_.empty() && left > 0 && may_go_on()) {
    std::pop_heap(waiting_.begin(), waiting_.end(), std::greater<>());
    const std::size_t at = waiting_.back().input;
    waiting_.pop_back();
    Input& input = *inputs_[at];
    const TimeUs until = waiting_.empty() ? INT64_MAX : waiting_.front().order;
    const bool host_log = is_host_log(input.plugin->told);
    const bool audit = doorward::has(input.plugin->told, Told::auditd);
    const TimeUs others = host_log ? mark_of_others(&input) : INT64_MAX;
    do {
      if (input.stamp.time != kNoTime) {
        const TimeUs time = options_.clock == LiveClock::system
                                ? std::min(input.stamp.time, now + kAheadMaxUs)
                                : input.stamp.time;
        input.mark = std::max(input.mark, time);
        if (host_log) twins_.advance(std::min(others, input.mark));
      }
      feed(input);
      if (audit) twins_.heard_audit(*input.line, input.stamp.time);
      --left;
      if (!fetch(input)) {
        ended(input);
        break;
      }
    } while (left > 0 && input.order <= until);
    if (input.line) push(at);
  }
  return (!waiting_.empty() && may_go_on()) ||
         std::any_of(inputs_.begin(), inputs_.end(),
                     [](const auto& input) { return input->look && !input->line; });
}

/// Under LiveClock::log the earliest line is only known when all of the host's logs have one.
bool LiveInputs::may_go_on() const {
  if (options_.clock == LiveClock::system) return true;
  return std::all_of(inputs_.begin(), inputs_.end(), [](const auto& input) {
    return input->line || input->plugin == nullptr || !is_host_log(input->plugin->told) ||
           !input->stream->present();
  });
}

/// A stream gave nothing.
void LiveInputs::ended(Input& input) const {
  // Of one whose kind is not known nothing was read: there is no more of it before the next look.
  if (input.source != nullptr && !input.stream->at_end()) return;
  input.look = false;
  // Read to its end: whatever was written before now has been read.
  if (options_.clock == LiveClock::system) input.mark = std::max(input.mark, now_);
}

void LiveInputs::feed(Input& input) {
  ++fed_;
  fed_bytes_ += input.line->size() + 1;
  const SourceCounters& counters = input.source->counters();
  const std::uint64_t no_stamp = counters.no_stamp;
  const std::uint64_t malformed = counters.malformed;
  input.source->feed(*input.line, input.stamp, twins_);
  if (counters.no_stamp == no_stamp && counters.malformed == malformed) return;
  // Counted in full; named so often that somebody can look, and not so often that garbage fills
  // this program's own log.
  if (errors_.size() >= kNamedErrorsMax) {
    ++errors_untold_;
    return;
  }
  note_error({input.stream->place(), counters.no_stamp != no_stamp
                                         ? "no readable time stamp"
                                         : "begins like a logon record but cannot be read"});
}

void LiveInputs::tick(TimeUs now) {
  now_ = now;
  if (options_.clock == LiveClock::log) return;
  const TimeUs reached = watermark();
  if (reached == kNoTime) return;
  for (auto& [name, source] : sources_) source->advance(reached, twins_);
  twins_.advance(reached);
}

void LiveInputs::note_error(Error error) {
  if (errors_.size() < kNamedErrorsMax) {
    errors_.push_back(std::move(error));
  } else {
    ++errors_untold_;
  }
}

std::vector<Error> LiveInputs::take_errors() {
  if (errors_untold_ > 0) {
    errors_.push_back({"", "and " + std::to_string(errors_untold_) + " more like these"});
    errors_untold_ = 0;
  }
  return std::exchange(errors_, {});
}

std::vector<StreamStatus> LiveInputs::streams() const {
  std::vector<StreamStatus> out;
  for (const auto& input : inputs_) {
    StreamStatus status = input->stream->status();
    status.name = input->name;
    if (input->plugin != nullptr) status.source = input->plugin->name;
    status.newest = input->order;
    status.caught_up = !input->line && !input->look;
    out.push_back(std::move(status));
  }
  return out;
}

std::vector<SourceStatus> LiveInputs::sources() const {
  std::vector<SourceStatus> out;
  for (const auto& [name, source] : sources_) out.push_back({name, source->counters()});
  return out;
}

}  // namespace doorward
