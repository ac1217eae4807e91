// Any bytes as records of the five sources that read JSON; the first byte picks one. Lines are
// records.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "plugins/limits.h"
#include "plugins/sources/source.h"

namespace doorward {
extern const SourcePlugin kSourceCloudtrail;
extern const SourcePlugin kSourceEntra;
extern const SourcePlugin kSourceM365;
extern const SourcePlugin kSourceSuricata;
extern const SourcePlugin kSourceAlerts;
}  // namespace doorward

namespace {

using namespace doorward;

constexpr std::array<const SourcePlugin*, 5> kPlugins = {
    &kSourceCloudtrail, &kSourceEntra, &kSourceM365, &kSourceSuricata, &kSourceAlerts};

void require(bool holds) {
  if (!holds) std::abort();
}

class Checker : public EventSink {
 public:
  explicit Checker(const SourcePlugin& plugin) : plugin_(plugin) {}

  void begin(std::string_view record) {
    record_ = record;
    told_ = false;
  }

  void on_event(const Event& event) override {
    require(!told_);
    told_ = true;
    ++events;
    require(event.time != kNoTime);
    require(event.told == plugin_.told);
    require(!event[Field::event_action].empty());
    require(!event[Field::event_category].empty());
    require(!event[Field::event_dataset].empty());
    require(event[Field::original].data() == record_.data() &&
            event[Field::original].size() == record_.size());
    std::size_t sum = 0;
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      const std::string_view field = event.text[i];
      if (static_cast<Field>(i) != Field::original) require(field.size() <= kHeldFieldBytesMax);
      for (const char c : field) sum += static_cast<unsigned char>(c);  // reads every byte
    }
    require(sum > 0);
    if (event.ip.valid()) require(IpAddress::parse(event[Field::source_address]) == event.ip);
    require(!(event.latitude < -90 || event.latitude > 90));
    require(!(event.longitude < -180 || event.longitude > 180));
  }

  std::uint64_t events = 0;

 private:
  const SourcePlugin& plugin_;
  std::string_view record_;
  bool told_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const SourcePlugin& plugin = *kPlugins[data[0] % kPlugins.size()];
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const SourcePlugin* any : kPlugins) {
    const int sure = any->sniff(rest);
    require(sure >= 0 && sure <= 100);
  }
  // Kept from input to input: a record must not depend on the one before it.
  static std::array<std::unique_ptr<Source>, kPlugins.size()> sources;
  std::unique_ptr<Source>& source = sources[data[0] % kPlugins.size()];
  if (!source) source = plugin.make({});
  const SourceCounters before = source->counters();
  Checker checker(plugin);
  InputState input;
  std::uint64_t lines = 0;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    // A buffer of its own for each record, so that a read past its end is seen.
    const std::vector<char> bytes(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(end));
    const std::string_view record(bytes.data(), bytes.size());
    checker.begin(record);
    source->feed(record, source->stamp(record, input), checker);
    ++lines;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  source->finish(checker);
  const SourceCounters& after = source->counters();
  require(after.lines - before.lines == lines);
  require(after.other - before.other + after.no_stamp - before.no_stamp + after.malformed -
              before.malformed + checker.events ==
          lines);
  return 0;
}
