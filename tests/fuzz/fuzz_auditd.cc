// Any bytes, split in lines, through the auditd source: no crash, no endless loop, and events whose
// fields stand in what went in.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "plugins/limits.h"
#include "plugins/sources/source.h"

namespace doorward {
extern const SourcePlugin kSourceAuditd;
}  // namespace doorward

namespace {

using namespace doorward;

void require(bool holds) {
  if (!holds) std::abort();
}

class Checker final : public EventSink {
 public:
  void on_event(const Event& event) override {
    ++events;
    require(event.time != kNoTime);
    require(event.outcome != Outcome::unknown);
    require(event.told == Told::auditd);
    require(event[Field::event_dataset] == "auditd.log");
    require(!event[Field::event_action].empty());
    require(!event[Field::process_name].empty());
    require(event[Field::user_name].size() <= kHeldFieldBytesMax);
    require(event[Field::source_address].size() <= kHeldFieldBytesMax);
    // Every byte can be read.
    std::size_t sum = 0;
    for (const std::string_view text : event.text) {
      for (const char c : text) sum += static_cast<unsigned char>(c);
    }
    require(sum != 0);
  }
  std::uint64_t events = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)doorward::kSourceAuditd.sniff(text);
  const std::unique_ptr<Source> source = kSourceAuditd.make({});
  Checker sink;
  InputState input;
  std::uint64_t lines = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.size() > kLineBytesMax) continue;
    const Stamp stamp = source->stamp(line, input);
    require(stamp.length <= line.size());
    source->feed(line, stamp, sink);
    ++lines;
  }
  source->finish(sink);
  const SourceCounters& counters = source->counters();
  require(counters.lines == lines);
  require(counters.no_stamp + counters.malformed + counters.other <= lines);
  require(sink.events <= 2 * lines);
  return 0;
}
