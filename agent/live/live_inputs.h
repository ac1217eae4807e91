// All logs of a host read as they grow, as one stream of events.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/live/live_stream.h"
#include "agent/twin_merge.h"
#include "plugins/policy/host_inputs.h"
#include "plugins/registry.h"
#include "plugins/sources/source.h"

namespace doorward {

struct LiveInputOptions {
  LiveClock clock = LiveClock::system;
  SourceOptions source_options;
  std::span<const SourcePlugin* const> plugins = source_plugins();
};

/// Counters of one source, with its name.
struct SourceStatus {
  std::string name;
  SourceCounters counters;
};

/// Lines that wait in several streams are taken in the order of their stamps; a stream that has
/// none does not hold up the others. What two logs tell of one attempt is merged (TwinMerge). For
/// that, event time is what the slowest of the host's logs has come to, so that the events and
/// their order do not depend on which log happens to be written or read first.
///
/// Pure but for the streams: the wall clock is a number given by the caller. For one thread.
class LiveInputs {
 public:
  /// `sink` must outlive this.
  LiveInputs(LiveInputOptions options, EventSink& sink);
  ~LiveInputs();
  LiveInputs(const LiveInputs&) = delete;
  LiveInputs& operator=(const LiveInputs&) = delete;

  /// Adds a stream under a name that no other has; the name finds its position again after a
  /// restart. `source`: name of a plugin, or "auto". A position that load() brought is taken up,
  /// and true given; without one the stream stays as it was.
  bool add(std::string name, std::unique_ptr<LiveStream> stream, const std::string& source);
  /// Forgets a stream; what was read stays read.
  void remove(const std::string& name);
  [[nodiscard]] bool has(const std::string& name) const;

  /// What save() wrote: sources, open attempts, positions. Before the first add(). After a mistake
  /// (in.ok()) it is as if it had not been called.
  void load(StateReader& in);
  void save(StateWriter& out) const;
  /// Of streams that load() brought and that were not added yet: name, and what LiveStream::save()
  /// wrote.
  [[nodiscard]] std::map<std::string, std::vector<std::uint8_t>> saved_streams() const;

  /// Tells all streams that something may have happened.
  void look();
  /// Feeds up to `lines_max` lines. False: there is nothing more for now.
  bool read(std::size_t lines_max, TimeUs now);
  /// Wall time has gone on to `now`: closes what is overdue and hands on what has waited. After a
  /// read() that gave false; nothing happens under LiveClock::log.
  void tick(TimeUs now);

  /// After how long look() wants to be called, in milliseconds.
  [[nodiscard]] int wait_ms() const;

  /// Event time: everything before it has been read from all of the host's logs, or from all
  /// streams when it has none; kNoTime: nothing was read yet.
  [[nodiscard]] TimeUs watermark() const;

  [[nodiscard]] std::vector<StreamStatus> streams() const;
  [[nodiscard]] std::vector<SourceStatus> sources() const;
  [[nodiscard]] const TwinMerge& twins() const { return twins_; }
  [[nodiscard]] std::uint64_t lines() const { return fed_; }
  /// Bytes of the lines read by this object, their ends included.
  [[nodiscard]] std::uint64_t bytes() const { return fed_bytes_; }
  /// Streams that have not been read for two weeks and are not there: their positions are
  /// forgotten at load().
  static constexpr TimeUs kPositionKeptUs = std::int64_t{14} * 86'400 * kSecondUs;

  /// What could not be read or understood since the last call: at most kNamedErrorsMax.
  std::vector<Error> take_errors();

 private:
  struct Input;
  struct Kept;

  void open_source(Input& input, const SourcePlugin& plugin);
  bool know_source(Input& input);
  bool fetch(Input& input);
  [[nodiscard]] bool may_go_on() const;
  void ended(Input& input) const;
  void feed(Input& input);
  void push(std::size_t at);
  void expect();
  [[nodiscard]] TimeUs mark_of_others(const Input* without) const;
  void note_error(Error error);

  LiveInputOptions options_;
  TwinMerge twins_;
  std::map<std::string, std::unique_ptr<Source>, std::less<>> sources_;
  std::map<std::string, std::vector<std::uint8_t>, std::less<>> kept_sources_;
  std::vector<std::unique_ptr<Input>> inputs_;
  struct Waiting {
    TimeUs order;
    std::size_t input;
    friend bool operator>(const Waiting& a, const Waiting& b) {
      return a.order != b.order ? a.order > b.order : a.input > b.input;
    }
  };
  std::vector<Waiting> waiting_;  // a heap, earliest first
  std::map<std::string, Kept, std::less<>> kept_;
  std::vector<Error> errors_;
  std::uint64_t errors_untold_ = 0;
  std::uint64_t fed_ = 0;
  std::uint64_t fed_bytes_ = 0;
  TimeUs now_ = kNoTime;
  bool changed_ = false;  // which logs are expected has to be told
};

}  // namespace doorward
