// Detector `match`. Two things are matched with it, and the table says which:
//
//   [match]                      a network alert and a sign-in of one address (pair_match.cc)
//   by = "source.ip"             the view they have in common
//   window = "8h"                how far apart they may be in event time, in either order
//   most = 100                   an entity with more events in the window is a gateway: quiet
//   scope = "public"             addresses: "public" (default) or "any"
//   score = 80
//   entities = 4096              how many entities are kept
//   [match.one]                  conditions as under [when]: the network alert
//   [match.other]                and the sign-in
//
//   [match]                      alerts of several rules on one user or address (alert_match.cc)
//   alerts = 3                   so many different rules
//   by = ["user.name", "source.ip"]
//   window = "24h"
//   ignore = ["some_rule"]       rules that do not count
//   score = 90
//   entities = 4096
#include "plugins/detectors/match/match.h"

#include <algorithm>

#include "plugins/time_text.h"

namespace doorward {

std::uint32_t match_window(Params& table, std::string_view fallback) {
  constexpr std::int64_t kLeast = 60;
  constexpr std::int64_t kMost = std::int64_t{30} * 24 * 3600;
  const std::optional<std::int64_t> window = parse_duration(table.text("window", fallback));
  const std::int64_t seconds = window.value_or(0) / kSecondUs;
  if (seconds < kLeast || seconds > kMost) {
    table.mistake("window", "expected a duration from 1m to 30d");
    return kLeast;
  }
  return static_cast<std::uint32_t>(seconds);
}

std::uint32_t match_seconds(TimeUs time) {
  return static_cast<std::uint32_t>(
      std::clamp<TimeUs>(time / kSecondUs, 0, std::int64_t{UINT32_MAX}));
}

namespace {

std::unique_ptr<Detector> make_match(Rule& rule, Params& table, ViewTable& views) {
  return table.has("alerts") ? make_alert_match(rule, table, views)
                             : make_pair_match(rule, table, views);
}

}  // namespace

extern const DetectorPlugin kDetectorMatch;
const DetectorPlugin kDetectorMatch = {
    "match", "a network alert and a sign-in, or alerts of several rules, on one entity",
    make_match};

}  // namespace doorward
