#include "plugins/rule_gate.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace doorward {
namespace {

bool is_text(const View& view) {
  return view.cut == Cut::whole && !view.ip;
}

/// The condition can go into a field's table.
bool is_looked_up(const Filter::Condition& condition) {
  std::vector<std::string_view> named;
  return is_text(condition.view) && condition.values.is_exact(named);
}

/// A text that is not among those named.
std::string stranger_to(const std::vector<std::string_view>& named) {
  std::size_t longest = 0;
  for (const std::string_view text : named) longest = std::max(longest, text.size());
  return std::string(longest + 1, 'x');
}

}  // namespace

RuleGate::RuleGate(std::span<const Filter* const> filters) {
  assert(filters.size() <= filters_.size());
  std::copy(filters.begin(), filters.end(), filters_.begin());
  std::vector<Field> fields;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (filters[i] == nullptr) continue;
    const std::uint64_t bit = std::uint64_t{1} << i;
    const Outcome wanted = filters[i]->outcome();
    for (const Outcome outcome : {Outcome::unknown, Outcome::success, Outcome::failure}) {
      if (wanted == Outcome::unknown || wanted == outcome) {
        by_outcome_[static_cast<std::size_t>(outcome)] |= bit;
      }
    }
    for (const Filter::Condition& condition : filters[i]->conditions()) {
      if (!is_looked_up(condition)) {
        one_by_one_ |= bit;
      } else if (std::find(fields.begin(), fields.end(), condition.view.field) == fields.end()) {
        fields.push_back(condition.view.field);
      }
    }
  }
  for (const Field field : fields) add(field, filters);
}

void RuleGate::add(Field field, std::span<const Filter* const> filters) {
  Table table;
  table.field = field;
  std::vector<std::string_view> named;
  const auto each = [&](auto&& visit) {
    for (std::size_t i = 0; i < filters.size(); ++i) {
      if (filters[i] == nullptr) continue;
      for (const Filter::Condition& condition : filters[i]->conditions()) {
        if (is_text(condition.view) && condition.view.field == field && is_looked_up(condition)) {
          visit(std::uint64_t{1} << i, condition.values);
        }
      }
    }
  };
  each([&](std::uint64_t bit, const ValueSet& values) {
    table.asks |= bit;
    (void)values.is_exact(named);
  });
  const auto standing = [&](std::string_view text) {
    std::uint64_t mask = ~std::uint64_t{0};
    each([&](std::uint64_t bit, const ValueSet& values) {
      if (!values.matches(text)) mask &= ~bit;
    });
    return mask;
  };
  table.other = standing(stranger_to(named));
  table.rows.resize(std::bit_ceil(2 * named.size() + 1));
  const std::size_t last = table.rows.size() - 1;
  for (const std::string_view text : named) {
    std::size_t at = place_of(text) & last;
    while (table.rows[at].taken && table.rows[at].text != text) at = (at + 1) & last;
    table.rows[at] = {std::string(text), standing(text), true};
  }
  tables_.push_back(std::move(table));
}

std::size_t RuleGate::place_of(std::string_view text) {
  if (text.empty()) return 0;
  return text.size() * 31 + static_cast<unsigned char>(text.front()) * 7U +
         static_cast<unsigned char>(text.back());
}

std::uint64_t RuleGate::look_up(const Table& table, std::string_view text) {
  const std::size_t last = table.rows.size() - 1;
  for (std::size_t at = place_of(text) & last; table.rows[at].taken; at = (at + 1) & last) {
    if (table.rows[at].text == text) return table.rows[at].mask;
  }
  return table.other;
}

std::uint64_t RuleGate::matching(const Event& event) const {
  std::uint64_t mask = by_outcome_[static_cast<std::size_t>(event.outcome)];
  for (const Table& table : tables_) {
    if ((mask & table.asks) != 0) mask &= look_up(table, event[table.field]);
  }
  for (std::uint64_t left = mask & one_by_one_; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    if (!filters_[i]->matches(event)) mask &= ~(std::uint64_t{1} << i);
  }
  return mask;
}

}  // namespace doorward
