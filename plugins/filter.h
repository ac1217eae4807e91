// Which events a rule looks at, or an exception covers: a list of conditions that must all hold.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "plugins/params.h"
#include "plugins/value_set.h"
#include "plugins/view.h"

namespace doorward {

/// Conditions as written under `[when]`: `event.outcome = "success"`,
/// `event.action = ["ssh_login", "console_login"]`, `user.name = "svc-*"`,
/// `source.ip = ["10.0.0.0/8", "!10.9.0.0/16"]`; plugins/value_set.h has all that a value can be.
class Filter {
 public:
  /// Reads a table of `field = value | [values]`. Unknown fields and impossible
  /// values are noted as mistakes. `settings`:
  /// keys of the table that are no fields and that somebody else reads; no field has such a name.
  static Filter read(Params& table, std::span<const std::string_view> settings = {});

  /// All conditions hold. Does not allocate for fields of text, event.outcome and source.ip.
  [[nodiscard]] bool matches(const Event& event) const;

  struct Condition {
    View view;
    ValueSet values;
  };
  /// What matches() asks beside the outcome.
  [[nodiscard]] std::span<const Condition> conditions() const { return conditions_; }

  /// The only outcome that can match; unknown when any can.
  [[nodiscard]] Outcome outcome() const { return outcome_; }

  /// No conditions: every event matches.
  [[nodiscard]] bool empty() const { return outcome_ == Outcome::unknown && conditions_.empty(); }

  /// Whatever `other` matches is matched here, by what can be seen from the conditions. False when
  /// in doubt.
  [[nodiscard]] bool covers(const Filter& other) const;

  /// Names of the conditions that any value meets (ValueSet::matches_anything).
  [[nodiscard]] std::vector<std::string> idle_conditions() const;

  /// Number of conditions that leave little over: single values, small networks.
  [[nodiscard]] std::size_t narrow_conditions() const;

 private:
  [[nodiscard]] static bool meets(const Condition& condition, const Event& event);

  Outcome outcome_ = Outcome::unknown;
  std::vector<Condition> conditions_;
};

}  // namespace doorward
