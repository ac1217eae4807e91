// Who may use the API, the fleet's key, and the trail of what was done.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/fleet/fleet_state.h"
#include "server/manage/managed.h"
#include "server/store/alert_index.h"
#include "sketch/hash.h"

namespace doorward {

struct ApiTokenWanted {
  std::string name;
  Role role = Role::viewer;
  std::int64_t life_us = 0;  ///< 0: never ends
};
/// `digest`: argon2id of the whole token (make_api_secret()). `token` comes into the answer.
Managed make_api_token(const FleetState& state, const Asker& asker, const ApiTokenWanted& wanted,
                       const std::string& token, const std::string& digest);
Managed revoke_api_token(const FleetState& state, const Asker& asker, std::string_view name);

/// What agents learned so far stays under the old key and out of use: history begins anew.
Managed rotate_key(const FleetState& state, const Asker& asker, const HashKey& fresh);

/// `verdict` must not be open; `known`: whether there is such an alert.
Managed give_verdict(const FleetState& state, const Asker& asker, const std::string& alert,
                     bool known, AlertVerdict verdict, const std::string& comment);
std::string_view verdict_name(AlertVerdict verdict);
/// Of a verdict's entry, as AlertVerdict; 0 for bytes that are none.
std::size_t verdict_number(const LogEntry& entry);

struct AuditRecord {
  std::uint64_t number = 0;
  TimeUs at = 0;
  std::string by, role, action, target, detail, from;
  bool ok = true;
};
/// Texts are cut to kAuditTextMax.
LogEntry audit_entry(const AuditRecord& record);
/// Of an entry of the log; an Error for bytes that are none.
Result<AuditRecord> read_audit(const LogEntry& entry);

}  // namespace doorward
