// The rules that only the fleet as a whole can judge, over the ordered log: sightings come out of
// its deltas and alerts out of its alerts, what the rules say goes into it (docs/fleet-rules.md).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/core.h"
#include "server/rules/fleet_group.h"

namespace doorward {

/// Ids of the built-in rules that the server judges, for Welcome.fleet_rules.
std::vector<std::string> builtin_fleet_rules();

struct FleetRulesStatus {
  std::string group;
  FleetGroupCounts counts;
  std::uint64_t waiting = 0;  ///< sightings and alerts that wait for older ones
};

/// Made before Core::start(), gone after Core::stop(). All member functions on the core's thread.
///
/// A fold: what it knows is a function of the log, begun at a snapshot ("rules/GROUP") of at most
/// kFleetSnapshotUs ago. What it says a second time after a restart has the id it had, and is found
/// to be in the log.
class FleetRules {
 public:
  /// Registers with the core. Errors: none now.
  static Result<std::unique_ptr<FleetRules>> make(Core& core, const ServerSettings& settings);
  ~FleetRules();
  FleetRules(const FleetRules&) = delete;
  FleetRules& operator=(const FleetRules&) = delete;

  /// Ids of the rules that the server judges for a group, as its policy has them.
  [[nodiscard]] std::vector<std::string> rules(std::string_view group) const;
  [[nodiscard]] std::vector<FleetRulesStatus> status() const;
  /// Alerts that were lost since too many waited for the log (kFleetOutboxMax).
  [[nodiscard]] std::uint64_t lost() const;
  /// What went wrong since the last call, for the log: mistakes in a policy's rules, a snapshot
  /// that could not be read or written. At most 100.
  std::vector<Error> take_errors();

  /// Keeps snapshots of what has changed. By itself every kFleetSnapshotUs; to be asked for once
  /// more before Core::stop(). While alerts wait for the log it does nothing.
  void save(FleetView& view);

 private:
  class Impl;
  explicit FleetRules(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace doorward
