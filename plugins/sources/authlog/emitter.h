// The one way out of the source: builds, cuts, repeats and hands on events.
#pragma once

#include <string_view>

#include "plugins/sources/authlog/record.h"
#include "plugins/sources/source.h"

namespace doorward::authlog {

/// Hands events to the sink of the current call. Not thread-safe.
class Emitter {
 public:
  /// `told` is what all events say has told of them.
  Emitter(SourceCounters& counters, Told told) : counters_(counters), told_(told) {}

  /// The sink of the coming calls. Has to live until the next set_sink() or the last emit().
  void set_sink(EventSink& sink) { sink_ = &sink; }

  /// Hands `event` on `times` times (at most kRepeatMax, more is counted), its fields cut to
  /// limits.
  void emit(Event& event, std::uint32_t times);

  /// Cuts fields to kHeldFieldBytesMax and all together to kHeldEventBytesMax, as HeldEvent does,
  /// and counts each one cut. So a name reads the same whether its event was held or not.
  void cut(Event& event);

  SourceCounters& counters() { return counters_; }

 private:
  SourceCounters& counters_;
  Told told_;
  EventSink* sink_ = nullptr;
};

/// What every event of a record has: time, host, pid, dataset, original.
Event begin_event(const Record& record, std::string_view process, std::string_view action,
                  Outcome outcome);

/// Sets source.address as written, and source.ip when it is an address.
void set_source(Event& event, std::string_view address);

}  // namespace doorward::authlog
