// Any bytes as an alert's document, as saved sightings and as the saved state of a group's rules:
// refused, or gone on with.
#include <span>
#include <string_view>

#include "plugins/pipeline/sightings.h"
#include "plugins/sources/json_record.h"
#include "server/rules/alert_facts.h"
#include "server/rules/fleet_group.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  static JsonRecord record;
  static std::vector<Error> mistakes;
  static const RuleSet rules(builtin_rules(), HashKey{}, mistakes);
  const std::span<const std::uint8_t> bytes(data, size);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Result<std::unique_ptr<FleetGroup>> made = FleetGroup::make({"group", {}}, nullptr, mistakes);
  if (!made) return 0;
  FleetGroup& group = *made.value();
  if (const auto facts = read_alert_facts(record, text)) {
    group.alert("agent", facts->rule, facts->seen, facts->seen.time / 2);
    group.alert("other", facts->rule, facts->seen, kSecondUs);
  }
  SightingBook book(rules);
  StateReader in(bytes);
  book.load(in);
  group.sightings("agent", book.take(), kSecondUs);
  (void)group.load(bytes);
  group.advance(kSecondUs * 1'000'000'000);
  (void)group.take();
  return 0;
}
