// What the fleet's rules need of an alert's document (plugins/ecs_document.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/pipeline/sightings.h"

namespace doorward {

class JsonRecord;

struct AlertFacts {
  std::string rule;     ///< rule.id
  SightingRecord seen;  ///< the event: time, user, source, host ...
};

/// Nothing when the document is no alert of a rule, has no time, or is larger than
/// kFleetDocumentBytes. Trusts nothing; texts are cut.
std::optional<AlertFacts> read_alert_facts(JsonRecord& record, std::string_view document);

}  // namespace doorward
