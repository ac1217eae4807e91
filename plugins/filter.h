// Which events a rule looks at: a list of conditions that must all hold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "plugins/params.h"
#include "plugins/view.h"

namespace doorward {

/// True when `text` matches `pattern`, in which `*` stands for any bytes. Linear in the text for a
/// single star, at most text x pattern otherwise.
bool glob_match(std::string_view pattern, std::string_view text);

/// Conditions as written under `[when]`: `event.outcome = "success"`,
/// `event.action = ["ssh_login", "console_login"]`, `user.name = "svc-*"`.
class Filter {
 public:
  /// Reads a table of `field = value | [values]`. Unknown fields are noted as mistakes.
  static Filter read(Params& table);

  /// All conditions hold. Does not allocate unless a condition is on source.ip.
  [[nodiscard]] bool matches(const Event& event) const;

  /// The only outcome that can match; unknown when any can.
  [[nodiscard]] Outcome outcome() const { return outcome_; }

 private:
  struct Condition {
    View view;
    std::vector<std::string> patterns;
  };
  Outcome outcome_ = Outcome::unknown;
  std::vector<Condition> conditions_;
};

}  // namespace doorward
