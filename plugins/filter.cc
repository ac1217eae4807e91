#include "plugins/filter.h"

#include <algorithm>

namespace doorward {
namespace {

/// Fields that have a handful of values each: even one of them is most of all events.
bool has_few_values(const View& view) {
  if (view.cut == Cut::fleet || view.cut == Cut::hour_of_day) return true;
  return view.cut == Cut::whole && !view.ip &&
         (view.field == Field::event_action || view.field == Field::event_dataset ||
          view.field == Field::event_category || view.field == Field::process_name ||
          view.field == Field::method);
}

}  // namespace

Filter Filter::read(Params& table, std::span<const std::string_view> settings) {
  Filter filter;
  std::string also;
  for (const std::string_view setting : settings) {
    also += (also.empty() ? "; settings here are " : ", ") + std::string(setting);
  }
  for (const std::string& key : table.leaf_keys()) {
    if (std::find(settings.begin(), settings.end(), key) != settings.end()) continue;
    const std::optional<View> view = View::from_name(key);
    if (!view && key != "event.outcome") {
      table.mistake(key, "no such field" + also);
      continue;
    }
    const std::vector<std::string> values = table.leaf_texts(key);
    if (values.empty()) {
      table.mistake(key, "expected at least one value");
      continue;
    }
    if (key == "event.outcome") {
      if (values.size() == 1 && values[0] == "success") {
        filter.outcome_ = Outcome::success;
      } else if (values.size() == 1 && values[0] == "failure") {
        filter.outcome_ = Outcome::failure;
      } else {
        table.mistake(key, "expected \"success\" or \"failure\"; leave it out for both");
      }
      continue;
    }
    const bool address = view->cut == Cut::whole && view->ip;
    filter.conditions_.push_back(
        {*view,
         ValueSet::read(values, address ? ValueKind::address : ValueKind::text, table.set_files(),
                        table.file(), [&](const std::string& what) { table.mistake(key, what); })});
  }
  return filter;
}

bool Filter::meets(const Condition& condition, const Event& event) {
  const View& view = condition.view;
  if (view.cut != Cut::whole) return condition.values.matches(view_text(view, event));
  return view.ip ? condition.values.matches(event.ip) : condition.values.matches(event[view.field]);
}

bool Filter::matches(const Event& event) const {
  if (outcome_ != Outcome::unknown && outcome_ != event.outcome) return false;
  return std::all_of(conditions_.begin(), conditions_.end(),
                     [&](const Condition& condition) { return meets(condition, event); });
}

bool Filter::covers(const Filter& other) const {
  if (outcome_ != Outcome::unknown && outcome_ != other.outcome_) return false;
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& mine) {
    return std::any_of(other.conditions_.begin(), other.conditions_.end(),
                       [&](const Condition& its) {
                         return its.view == mine.view && mine.values.covers(its.values);
                       });
  });
}

std::vector<std::string> Filter::idle_conditions() const {
  std::vector<std::string> names;
  for (const Condition& condition : conditions_) {
    if (condition.values.matches_anything()) names.push_back(condition.view.name());
  }
  return names;
}

std::size_t Filter::narrow_conditions() const {
  return static_cast<std::size_t>(
      std::count_if(conditions_.begin(), conditions_.end(), [](const Condition& condition) {
        return !has_few_values(condition.view) && !condition.values.is_broad();
      }));
}

}  // namespace doorward
