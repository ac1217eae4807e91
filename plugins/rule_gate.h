// Which filters of many match an event, asked all at once: what several filters ask of one field is
// looked up once, and not filter by filter.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/filter.h"

namespace doorward {

/// Gives what Filter::matches() gives for each of up to 64 filters.
///
/// A condition that names texts of a field is taken into that field's table: from the text to the
/// set of filters that it leaves standing. Globs, set files, addresses and views made of a field
/// are asked one by one, of the filters that are left.
class RuleGate {
 public:
  RuleGate() = default;
  /// filters[i] is bit i; null: matches nothing. They outlive the gate.
  explicit RuleGate(std::span<const Filter* const> filters);

  /// Bit i: filters[i] matches. Does not allocate (but see Filter::matches).
  [[nodiscard]] std::uint64_t matching(const Event& event) const;

 private:
  struct Row {
    std::string text;
    std::uint64_t mask = 0;
    bool taken = false;
  };
  /// What the conditions on one field leave standing.
  struct Table {
    Field field = Field::user_name;
    std::uint64_t asks = 0;   // filters with a condition on the field
    std::uint64_t other = 0;  // filters that a text without a row leaves standing
    std::vector<Row> rows;    // open addressing; a power of two, never full
  };
  static std::size_t place_of(std::string_view text);
  [[nodiscard]] static std::uint64_t look_up(const Table& table, std::string_view text);
  void add(Field field, std::span<const Filter* const> filters);

  std::array<std::uint64_t, 3> by_outcome_{};  // filters by enum Outcome
  std::vector<Table> tables_;
  std::uint64_t one_by_one_ = 0;  // filters with other conditions
  std::array<const Filter*, 64> filters_{};
};

}  // namespace doorward
