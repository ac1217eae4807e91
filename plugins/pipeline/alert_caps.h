// No rule floods its readers: at most kAlertsPerPeriodMax alerts in a quarter of an hour, and what
// is beyond in one summary.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "plugins/alert_notes.h"
#include "plugins/event.h"
#include "plugins/pipeline/limits.h"
#include "plugins/pipeline/saved_rules.h"
#include "plugins/rule.h"
#include "plugins/state_archive.h"

namespace doorward {

/// The most frequent of a stream of names, in a table of kTopNames (Space-Saving: Metwally, Agrawal
/// and El Abbadi, 2005). A name that makes more than 1/kTopNames of all is in it.
class TopNames {
 public:
  void add(std::string_view name);
  void clear() { *this = TopNames(); }
  template <class Archive, class Names>
  static void fields(Archive& a, Names& names) {
    for (auto& entry : names.entries_) a(entry.count, entry.inherited, entry.size, entry.name);
  }
  /// Whether the sizes and counts can be gone on with; for bytes from a file.
  [[nodiscard]] bool is_sound() const;

  /// The names seen at least twice for certain, most frequent first, at most out.size().
  std::size_t read(std::span<Frequent> out) const;

 private:
  struct Entry {
    std::uint64_t count = 0;  // may be too high by `inherited`
    std::uint64_t inherited = 0;
    std::uint8_t size = 0;
    std::array<char, kTopNameBytes> name{};  // cut
  };
  std::array<Entry, kTopNames> entries_{};
};

/// For each rule, alerts by periods of kAlertPeriodUs of event time that begin on the clock (:00,
/// :15, :30, :45). An event older than the rule's current period counts in it. A period's summary
/// is told once event time has passed it. Fixed in size; a summary's numbers of addresses and users
/// are HyperLogLog estimates.
class AlertCaps {
 public:
  using Tell = std::function<void(const AlertSummary&)>;

  AlertCaps(std::size_t rules, Tell tell);

  /// True when an alert of the rule (index `at`) may go out. False when it is one too many in its
  /// period: it is then part of the summary.
  bool admit(std::size_t at, const Rule& rule, const Event& event, double score);

  /// Event time from which on tell_due() has something to say; INT64_MAX: nothing.
  [[nodiscard]] TimeUs next_due() const { return next_due_; }
  void tell_due(TimeUs now);
  /// At the end of a run: the summaries of periods that are not over.
  void tell_all() { tell_due(INT64_MAX); }
  /// The summaries of the rules that are not in `next` by their id.
  void tell_of_gone(const RuleSet& next);

  void save(StateWriter& out) const;
  /// Reads into an empty one. A rule keeps its period whatever became of its settings; what one
  /// that is gone had to tell is lost: gives how many summaries.
  std::uint64_t load(StateReader& in, const SavedRules& then, const RuleSet& rules);

 private:
  static constexpr unsigned kIndexBits = 10;
  using Registers = std::array<std::uint8_t, (1U << kIndexBits) / 2>;

  struct Period {
    const Rule* rule = nullptr;
    TimeUs start = kNoTime;
    std::uint64_t admitted = 0;
    std::uint64_t beyond = 0;
    TimeUs first = kNoTime;  // of those beyond
    TimeUs newest = kNoTime;
    double score = 0;
    std::string id;
    Registers sources{};
    Registers users{};
    TopNames top_sources;
    TopNames top_users;
  };
  template <class Archive, class APeriod>
  static void fields(Archive& a, APeriod& period);
  static bool is_sound(const Period& period);
  void end(Period& period);

  Tell tell_;
  std::vector<Period> periods_;  // by rule
  TimeUs next_due_ = INT64_MAX;
};

}  // namespace doorward
