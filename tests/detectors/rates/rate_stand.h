// Events into one set of rules, and what each said: all that a pipeline does, but for holding back
// and exceptions.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "plugins/rule_set.h"
#include "plugins/time_text.h"

namespace doorward {

class RateStand {
 public:
  explicit RateStand(const RuleSet& rules, std::size_t bytes = std::size_t{8} << 20)
      : rules_(rules), state_(rules.make_state()), evidence_(rules.size()) {
    BaselineOptions options;
    options.bytes = bytes;
    baseline_.push_back(std::move(Baseline::make(options)).value());
  }

  /// Judges and learns an event.
  void take(const Event& event) {
    Baseline& into = baseline();
    const std::int64_t epoch = into.epoch_of(event.time);
    into.advance(epoch);
    const RuleMask mask = rules_.prepare(event, keys_);
    rules_.observe(event, keys_, mask, state_);
    rules_.score(event, keys_, mask, into, state_, evidence_);
    rules_.calibrate(keys_, evidence_, mask, 0, epoch, into, state_);
    rules_.learn(keys_, mask, epoch, into);
  }

  [[nodiscard]] const Evidence& evidence(std::size_t rule) const { return evidence_[rule]; }
  [[nodiscard]] const Evidence& evidence(std::string_view id) const {
    return evidence_[rules_.find(id)];
  }
  [[nodiscard]] bool fired(std::string_view id) const {
    const Evidence& of = evidence(id);
    return of.applies && score_of(of.p_value) >= of.rule->threshold;
  }
  [[nodiscard]] Baseline& baseline() { return baseline_.front(); }
  [[nodiscard]] const LiveState& state() const { return state_; }

 private:
  const RuleSet& rules_;
  std::vector<Baseline> baseline_;
  LiveState state_;
  EventKeys keys_{};
  std::vector<Evidence> evidence_;
};

/// A rule of a detector of rates with a table of its own.
inline RuleText rate_rule(const std::string& detector, const std::string& when,
                          const std::string& table, double threshold = 75) {
  return {"rate.toml", "id = \"rate\"\nname = \"n\"\ndescription = \"d\"\ndetector = \"" +
                           detector + "\"\nthreshold = " + std::to_string(threshold) +
                           "\n[when]\n" + when + "\n[" + detector + "]\n" + table + "\n"};
}

inline RuleSet rules_of(const std::vector<RuleText>& texts) {
  std::vector<Error> mistakes;
  RuleSet rules(texts, HashKey{}, mistakes);
  for (const Error& mistake : mistakes) ADD_FAILURE() << mistake.message();
  return rules;
}

/// Monday, 00:00 UTC, on which an epoch begins no earlier than its week.
inline TimeUs start_time() {
  return *parse_time("2026-03-02");
}
inline constexpr TimeUs kMinuteUs = 60 * kSecondUs;
inline constexpr TimeUs kHourUs = 60 * kMinuteUs;
inline constexpr TimeUs kDayUs = 24 * kHourUs;

/// An attempt by ssh; views point into the arguments.
inline Event attempt(TimeUs time, std::string_view user, std::string_view address,
                     std::string_view host, Outcome outcome) {
  Event event;
  event.time = time;
  event[Field::user_name] = user;
  event[Field::source_address] = address;
  if (const auto ip = IpAddress::parse(address)) event.ip = *ip;
  event[Field::host_name] = host;
  event[Field::event_action] = "ssh_login";
  event[Field::method] = "password";
  event.outcome = outcome;
  return event;
}

}  // namespace doorward
