#include "plugins/sources/authlog/emitter.h"

#include <algorithm>

#include "plugins/limits.h"

namespace doorward::authlog {
namespace {

/// Fields other than the original are parts of it, which do not overlap, and short constants: while
/// the original is no longer than this nothing has to be cut.
constexpr std::size_t kNeverCutBytes = 960;
static_assert(kNeverCutBytes <= kHeldFieldBytesMax);
static_assert(2 * kNeverCutBytes + 100 <= kHeldEventBytesMax);

}  // namespace

void Emitter::emit(Event& event, std::uint32_t times) {
  if (times > kRepeatMax) {
    times = kRepeatMax;
    ++counters_.repeats_capped;
  }
  event.told = told_;
  cut(event);
  for (std::uint32_t i = 0; i < times; ++i) sink_->on_event(event);
}

void Emitter::cut(Event& event) {
  if (event[Field::original].size() <= kNeverCutBytes) return;
  std::size_t left = kHeldEventBytesMax;
  for (std::string_view& field : event.text) {
    const std::size_t size = std::min({field.size(), kHeldFieldBytesMax, left});
    if (size < field.size()) {
      ++counters_.cut_fields;
      field = field.substr(0, size);
    }
    left -= size;
  }
}

Event begin_event(const Record& record, std::string_view process, std::string_view action,
                  Outcome outcome) {
  Event event;
  event.time = record.time;
  event.pid = record.pid;
  event.outcome = outcome;
  event[Field::host_name] = record.host;
  event[Field::process_name] = process;
  event[Field::event_action] = action;
  event[Field::event_dataset] = "system.auth";
  event[Field::original] = record.line;
  return event;
}

void set_source(Event& event, std::string_view address) {
  event[Field::source_address] = address;
  if (const std::optional<IpAddress> ip = IpAddress::parse(address)) event.ip = *ip;
}

}  // namespace doorward::authlog
