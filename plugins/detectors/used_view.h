// Views that a detector's settings name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "plugins/params.h"
#include "plugins/view.h"

namespace doorward {

/// A view and its place in the rule set's table.
struct UsedView {
  View view;
  std::uint8_t index = 0;
};

/// Adds a view to the table of a rule set. When there is no room, a mistake is noted at `key`.
std::optional<UsedView> use_view(Params& table, std::string_view key, const View& view,
                                 ViewTable& views);

/// The same for a view by its name. A name that is none is a mistake as well.
std::optional<UsedView> use_view(Params& table, std::string_view key, std::string_view name,
                                 ViewTable& views);

}  // namespace doorward
