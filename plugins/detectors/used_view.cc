#include "plugins/detectors/used_view.h"

#include <string>

namespace doorward {

std::optional<UsedView> use_view(Params& table, std::string_view key, const View& view,
                                 ViewTable& views) {
  const std::optional<std::uint8_t> index = views.add(view);
  if (!index) {
    table.mistake(key, "all rules together use more than " + std::to_string(kViewsMax) + " views");
    return std::nullopt;
  }
  return UsedView{view, *index};
}

std::optional<UsedView> use_view(Params& table, std::string_view key, std::string_view name,
                                 ViewTable& views) {
  if (const std::optional<View> view = View::from_name(name)) {
    return use_view(table, key, *view, views);
  }
  table.mistake(key, "no such view: \"" + std::string(name) + "\"");
  return std::nullopt;
}

}  // namespace doorward
