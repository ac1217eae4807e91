// Any bytes as entries of the journal, a line each, through the journald source; and any bytes as
// the message of an entry that sshd wrote.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/limits.h"
#include "plugins/sources/source.h"

namespace doorward {
extern const SourcePlugin kSourceJournald;
}

namespace {

using namespace doorward;

void require(bool holds) {
  if (!holds) std::abort();
}

class Checker : public EventSink {
 public:
  void on_event(const Event& event) override {
    require(event.outcome != Outcome::unknown);
    require(event.time != kNoTime);
    require(event.told == Told::journald);
    require(!event[Field::event_action].empty());
    require(event[Field::event_dataset] == "system.auth");
    std::size_t bytes = 0;
    for (const std::string_view field : event.text) {
      require(field.size() <= kHeldFieldBytesMax);
      for (const char c : field) sum_ += static_cast<unsigned char>(c);  // reads every byte
      bytes += field.size();
    }
    require(bytes <= kHeldEventBytesMax);
    if (event.ip.valid()) require(IpAddress::parse(event[Field::source_address]) == event.ip);
  }

 private:
  std::uint64_t sum_ = 0;
};

void feed(Source& source, std::string_view text, Checker& checker) {
  // A buffer of its own for each record, so that a read past its end is seen.
  const std::vector<char> bytes(text.begin(), text.end());
  const std::string_view record(bytes.data(), bytes.size());
  InputState input;
  source.feed(record, source.stamp(record, input), checker);
}

constexpr const char* kTrusted =
    R"({"_SOURCE_REALTIME_TIMESTAMP":"1795177216896933","SYSLOG_IDENTIFIER":"sshd",)"
    R"("_TRANSPORT":"syslog","_UID":"0","_COMM":"sshd","_EXE":"/usr/sbin/sshd","_PID":"7",)"
    R"("MESSAGE":[)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  require(kSourceJournald.sniff(rest) >= 0 && kSourceJournald.sniff(rest) <= 100);
  static const std::unique_ptr<Source> source = kSourceJournald.make({});
  const SourceCounters before = source->counters();
  Checker checker;
  std::string message = kTrusted;
  for (std::size_t i = 0; i < size; ++i) {
    message += (i == 0 ? "" : ",") + std::to_string(data[i]);
  }
  feed(*source, message + "]}", checker);
  std::uint64_t lines = 1;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    feed(*source, rest.substr(0, end), checker);
    ++lines;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  source->finish(checker);
  const SourceCounters& after = source->counters();
  require(after.lines - before.lines == lines);
  require(after.other - before.other + after.no_stamp - before.no_stamp + after.malformed -
              before.malformed + after.untrusted - before.untrusted <=
          lines);
  return 0;
}
