#include "plugins/filter.h"

#include <algorithm>

namespace doorward {

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Filter Filter::read(Params& table) {
  Filter filter;
  for (const std::string& key : table.leaf_keys()) {
    std::vector<std::string> values = table.leaf_texts(key);
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
    const std::optional<View> view = View::from_name(key);
    if (!view) {
      table.mistake(key, "no such field");
      continue;
    }
    filter.conditions_.push_back({*view, std::move(values)});
  }
  return filter;
}

bool Filter::matches(const Event& event) const {
  if (outcome_ != Outcome::unknown && outcome_ != event.outcome) return false;
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
    const auto any_of = [&](std::string_view text) {
      return std::any_of(condition.patterns.begin(), condition.patterns.end(),
                         [&](const std::string& pattern) { return glob_match(pattern, text); });
    };
    if (condition.view.cut == Cut::whole && !condition.view.ip) {
      return any_of(event[condition.view.field]);
    }
    return any_of(view_text(condition.view, event));
  });
}

}  // namespace doorward
