// The questions that the rules' guides ask of an alert, answered from what the server has: who else
// used this address, where else did this user log on, was this ever seen before.
#pragma once

#include <string>

#include "plugins/rule_set.h"
#include "server/core/core.h"
#include "sketch/result.h"

namespace doorward {

/// One JSON object, such as
///
///   {"alert": "4f…", "rule": "unusual_logon",
///    "address": {"name": "203.0.113.9", "alerts": 3, "first": "2026-…", "last": "2026-…",
///                "users": [{"name": "alice", "alerts": 2, "first": …, "last": …}], "hosts": […],
///                "rules": […]},
///    "user": {… "addresses": […], "hosts": […]}, "host": {…},
///    "fleet": {"group": "default", "epoch_days": 7, "from": "2026-…",
///              "user": {"name": "alice", "known": true, "logons": 412, "addresses": 3, "hosts": 2,
///                       "first": "2026-…", "last": "2026-…"},
///              "seen": [{"of": "alice", "what": "source.ip", "value": "203.0.113.9",
///                        "count": 0, "different": 3},
///                       {"of": "fleet", "what": "source.ip/net", "value": "203.0.113.0/24",
///                        "count": 4, "different": 212, "first": …, "last": …,
///                        "by_epoch": [0, 4, 0, 0, 0, 0, 0, 0]}]}}
///
/// `address`, `user` and `host` are what stored alerts tell (at most 20 names a list); left out
/// when the alert has none. `fleet` is what the group's baseline knows, under its own rules:
/// numbers of different values are estimates, counts stop at 255 an epoch; `by_epoch` is newest
/// first, `first` and `last` are the beginning of the oldest and the end of the newest epoch with a
/// count. `fleet` is left out while there is no baseline. On the core's thread; some milliseconds.
/// Errors: the index cannot be read.
Result<std::string> triage_json(FleetView& view, const AlertRow& alert);

/// Its member `fleet` alone; empty while there is no baseline.
std::string fleet_triage_json(const FleetView& view, const AlertRow& alert);

/// The same from a baseline and rules under the same key.
std::string fleet_knowledge_json(const std::string& group, const Baseline& baseline,
                                 const RuleSet& rules, const AlertRow& alert);

}  // namespace doorward
