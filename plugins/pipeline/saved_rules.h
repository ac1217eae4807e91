// The rules under which something was saved, held against those in force: rules may have changed
// their places, their settings or be gone, and views their places.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/rule_set.h"
#include "plugins/state_archive.h"

namespace doorward {

class SavedRules {
 public:
  static constexpr std::size_t kGone = kRulesMax;

  /// Writes ids, fingerprints and views.
  static void save(const RuleSet& rules, StateWriter& out);
  /// Reads what save() wrote; in.ok() is false after a mistake. `now` must outlive this.
  SavedRules(StateReader& in, const RuleSet& now);

  /// How many rules there were.
  [[nodiscard]] std::size_t size() const { return then_.size(); }
  /// Where the rule that was at `then` is now; kGone: nowhere. `then` < size().
  [[nodiscard]] std::size_t find(std::size_t then) const { return then_[then].now; }
  [[nodiscard]] const std::string& id(std::size_t then) const { return then_[then].id; }
  /// It is there, and what it judges ([when] and its detector's settings) is what it was.
  [[nodiscard]] bool judges_alike(std::size_t then) const { return then_[then].judges_alike; }
  /// Besides, it fires at the same threshold.
  [[nodiscard]] bool is_same(std::size_t then) const { return then_[then].same; }

  /// A rule read by its place then, as at() wrote it; null when it is gone. A place there never was
  /// is a mistake.
  [[nodiscard]] const Rule* rule(std::uint8_t then, StateReader& in) const;
  /// Place of one of `rules` as a byte; kGone for null.
  static std::uint8_t at(const Rule* rule, const RuleSet& rules);

  /// The rules of a saved mask that judge as they did, at their places now.
  [[nodiscard]] RuleMask learners(RuleMask then) const;

  /// Writes the hashes of the views there are.
  static void save_keys(const EventKeys& keys, const RuleSet& rules, StateWriter& out);
  /// Reads them to the places of the views now; views that there were not are none().
  void load_keys(StateReader& in, EventKeys& keys) const;

 private:
  struct Then {
    std::string id;
    std::size_t now = kGone;
    bool judges_alike = false;
    bool same = false;
  };
  const RuleSet& rules_;
  std::vector<Then> then_;
  std::vector<std::size_t> views_;  // place now of each view then; kViewsMax: none
};

}  // namespace doorward
