// One rule file: TOML to Rule.
#pragma once

#include "plugins/params.h"
#include "plugins/rule.h"

namespace doorward {

/// Reads everything but the detector's own table, which is left in `document` under the detector's
/// name. Mistakes go to the document's list.
Rule read_rule(Params& document);

/// The [when] table and the detector's own tables of a rule file, as written.
std::string settings_text(std::string_view toml, std::string_view detector);

}  // namespace doorward
