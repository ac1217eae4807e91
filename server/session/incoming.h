// What agents send, checked and made into entries of the ordered log. Pure: any thread, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/session/frames.h"
#include "server/store/ordered_log.h"
#include "sketch/result.h"

namespace doorward {

/// One message's deltas, in ascending order of sequence.
struct IncomingDeltas {
  std::vector<LogEntry> entries;  ///< EntryKind::delta, subject: the agent
  std::vector<RefusedItem> refused;
  std::size_t bytes = 0;
};

/// An Error is a mistake of the message as a whole: sequences that do not ascend, too many.
Result<IncomingDeltas> read_deltas(const wire::DeltaBatch& batch, const std::string& agent,
                                   const std::string& group);

/// One message's alerts.
struct IncomingAlerts {
  std::vector<LogEntry> entries;  ///< EntryKind::alert
  std::vector<RefusedItem> refused;
  std::uint64_t last = 0;  ///< the greatest sequence in the message
  std::size_t bytes = 0;
};

/// An Error as above. An alert with a document that is no JSON object, is too long or has no proper
/// id is refused.
Result<IncomingAlerts> read_alerts(const wire::AlertBatch& batch, const std::string& agent);

/// At most so many bytes of a text, which may be absent.
std::string clipped(const flatbuffers::String* text, std::size_t bytes_max);

/// "": it is one.
std::string why_no_json_object(std::string_view document);

}  // namespace doorward
