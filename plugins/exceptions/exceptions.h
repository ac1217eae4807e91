// Exceptions: conditions under which rules stay silent, each with a reason, an owner and an end.
//
//   [[exception]]
//   name = "vpn-egress"
//   rule = "rare_source_ip_for_user"      # or a list; globs: "aws_*", "*" for every rule
//   source.ip = "@vpn-ranges.txt"         # conditions as under [when] of a rule; all must hold
//   user.name = "svc-*"
//   reason = "staff leave through any of the VPN's exits"
//   owner = "it-network"
//   expires = 2027-01-31                  # the last day (UTC), or an exact date-time
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/filter.h"
#include "plugins/rule_set.h"
#include "sketch/result.h"

namespace doorward {

/// The text of one file with [[exception]] tables.
struct ExceptionText {
  std::string file;
  std::string toml;
  bool among_others = false;  ///< other tables of the file are somebody else's (agent.toml)
  bool of_policy = false;     ///< a fleet's: comes first; a host's own of the same name give way
};

struct Exception {
  std::string name;
  std::string reason;
  std::string owner;
  std::string where;               ///< file:line
  std::vector<std::string> rules;  ///< as written
  Filter when;
  TimeUs expires = kNoTime;  ///< the first moment at which it holds no longer
  bool of_policy = false;
  RuleMask mask = 0;  ///< the rules that it silences; 0 before bind()
};

/// What one exception did, by event time.
struct ExceptionCount {
  std::uint64_t silenced = 0;  ///< events for which it kept a rule from alerting
  std::uint64_t too_late = 0;  ///< events for which it would have, had it not expired
  TimeUs since = kNoTime;      ///< counted from here on
  TimeUs newest = kNoTime;     ///< newest event silenced
};

/// Not thread-safe: silenced() counts.
class ExceptionSet {
 public:
  ExceptionSet() = default;

  /// Reads exceptions. Mistakes are appended with file and line; exceptions with mistakes are left
  /// out, so that they silence nothing, the others still work.
  ExceptionSet(std::span<const ExceptionText> texts, SetFiles* set_files,
               std::vector<Error>& mistakes);

  /// Finds the rules that are named. A name that is no rule's is a mistake; one of a rule that is
  /// left out is none.
  void bind(const RuleSet& rules, std::vector<Error>& mistakes);

  /// Which of the rules that fired on the event have to stay silent. Every exception that holds is
  /// counted. An exception holds for events before its end: what was valid when it happened stays
  /// so when old logs are replayed. Never allocates. At most exceptions x conditions comparisons,
  /// so for events on which a rule fired.
  RuleMask silenced(const Event& event, RuleMask fired);

  [[nodiscard]] std::size_t size() const { return exceptions_.size(); }
  [[nodiscard]] const Exception& operator[](std::size_t index) const { return exceptions_[index]; }
  [[nodiscard]] const ExceptionCount& count(std::size_t index) const { return counts_[index]; }

  /// Adds what an exception of that name did in earlier runs. False when there is none.
  bool add_count(std::string_view name, const ExceptionCount& earlier);

 private:
  void read(Params table, bool of_policy, std::vector<Error>& mistakes);

  std::vector<Exception> exceptions_;
  std::vector<ExceptionCount> counts_;
};

}  // namespace doorward
