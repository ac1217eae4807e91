// Any bytes, split in lines, through the authlog source. What comes out has to stand in what went
// in.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "plugins/limits.h"
#include "plugins/sources/source.h"

namespace doorward {
extern const SourcePlugin kSourceAuthlog;
}

namespace {

using namespace doorward;

void require(bool holds) {
  if (!holds) std::abort();
}

class Checker : public EventSink {
 public:
  explicit Checker(std::string_view all) : all_(all) {}

  void on_event(const Event& event) override {
    require(event.outcome != Outcome::unknown);
    require(event.time != kNoTime);
    require(event.told == Told::authlog);
    require(!event[Field::event_action].empty());
    require(event[Field::event_dataset] == "system.auth");
    std::size_t bytes = 0;
    for (const std::string_view field : event.text) {
      require(field.size() <= kHeldFieldBytesMax);
      bytes += field.size();
    }
    require(bytes <= kHeldEventBytesMax);
    const std::string_view original = event[Field::original];
    require(all_.find(original) != std::string_view::npos);
    // A cut original may have lost what the other fields were read from.
    if (original.size() < kHeldFieldBytesMax / 2) {
      within(original, event[Field::source_address]);
      within(original, event[Field::host_name]);
      within(original, event[Field::key_fingerprint]);
      if (event[Field::user_name] != "root") within(original, event[Field::user_name]);
    }
    if (event.ip.valid()) {
      const auto ip = IpAddress::parse(event[Field::source_address]);
      require(ip.has_value() && *ip == event.ip);
      std::array<char, IpAddress::kTextMax> text;
      const auto again = IpAddress::parse(event.ip.format(text));
      require(again.has_value() && *again == event.ip);
    }
    if (event[Field::source_address].empty()) require(!event.ip.valid());
  }

 private:
  static void within(std::string_view whole, std::string_view part) {
    require(whole.find(part) != std::string_view::npos);
  }
  std::string_view all_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  require(kSourceAuthlog.sniff(all) >= 0 && kSourceAuthlog.sniff(all) <= 100);
  const std::unique_ptr<Source> source = kSourceAuthlog.make({});
  InputState input;
  input.year = 2024;
  Checker checker(all);
  std::uint64_t lines = 0;
  std::string_view rest = all;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    // A buffer of its own for each line, so that a read past its end is seen.
    const std::vector<char> bytes(
        rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(std::min(end, kLineBytesMax)));
    const std::string_view line(bytes.data(), bytes.size());
    const Stamp stamp = source->stamp(line, input);
    require(stamp.length <= line.size());
    source->feed(line, stamp, checker);
    ++lines;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  source->finish(checker);
  const SourceCounters& counters = source->counters();
  require(counters.lines == lines);
  require(counters.other + counters.no_stamp + counters.malformed <= lines);
  return 0;
}
