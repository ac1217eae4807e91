// [inputs] and [[input]]: what an agent reads. The same in agent.toml and in a fleet's policy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/params.h"

namespace doorward {

/// Whether something is read: as it is found, always, or never.
enum class Wanted : std::uint8_t { automatic, yes, no };

/// How the audit log comes.
enum class AuditdFrom : std::uint8_t {
  automatic,  ///< the log file if there is one, else the relay's
  file,       ///< /var/log/audit/audit.log
  relay,      ///< what doorward-agent audit-relay writes, as auditd's plugin
  nothing,
};

/// What decides that event time goes on.
enum class LiveClock : std::uint8_t {
  system,  ///< a log that was read to its end has told everything up to now
  log,     ///< only the stamps of lines, which are taken in their order: what comes out depends on
           ///< the logs alone, not on when they were written or read. A log that ends holds up the
           ///< others of the host. For recorded logs
};

/// One [[input]]: a file, a pattern of files (glob(7)), or a folder into which files are delivered.
struct InputSettings {
  std::string path;
  std::string source = "auto";
};

struct HostInputs {
  bool automatic = true;  ///< take the host's own logs, as they are found
  Wanted journald = Wanted::automatic;
  AuditdFrom auditd = AuditdFrom::automatic;
  std::vector<InputSettings> inputs;
  std::int64_t history_days = 35;  ///< of rotated logs learned from at the first start; 0: none
  LiveClock clock = LiveClock::system;
};

/// Most [[input]] tables; more is a mistake.
inline constexpr std::size_t kInputTablesMax = 256;

/// Takes [inputs] out of a document, over what is in `out`. Mistakes are noted there.
void read_inputs_table(Params& document, HostInputs& out);
/// Takes the [[input]] tables in place of `out.inputs`, if there are any.
void read_input_tables(Params& document, HostInputs& out);

}  // namespace doorward
