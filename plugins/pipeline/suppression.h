// Alike alerts are one: the same rule and the same values again raise a count instead, and the
// count is told.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "plugins/alert_notes.h"
#include "plugins/event.h"
#include "plugins/pipeline/limits.h"
#include "plugins/pipeline/saved_rules.h"
#include "plugins/rule.h"
#include "plugins/state_archive.h"
#include "sketch/hash.h"
#include "sketch/hash_memo.h"

namespace doorward {

/// What an analyst said of an alert, and with it of everything alike.
enum class HeldVerdict : std::uint8_t { none, learn, never };

/// The alert under which an event is held back.
struct AlikeAlert {
  std::array<char, 32> id{};  ///< its event.id; zeros: it was not handed on
  HeldVerdict verdict = HeldVerdict::none;
};

/// Remembers the alerts of late, kSuppressionSets x kSuppressionWays of them, and counts what is
/// alike. A count that was raised is told as an update of the alert: once rule.suppress_us have
/// passed since the alert or its last update, when the alert is forgotten or raised anew, and by
/// tell_all(). So every event that was held back is part of the newest update of its alert.
class Suppression {
 public:
  using Tell = std::function<void(const AlertUpdate&)>;

  explicit Suppression(Tell tell);

  /// Whether an alert alike to this one is remembered: no more than rule.suppress_us lie between
  /// it (or its newest repetition) and this one, and this one is not clearly worse (rule.worse_by
  /// points of score). It is then counted. Does not allocate for views of text and source.ip.
  /// `alike`, when given, gets that alert.
  bool holds_back(const Rule& rule, const Event& event, double score, AlikeAlert* alike = nullptr);

  /// Whether holds_back() would find an alert alike, whatever the score. Counts nothing.
  [[nodiscard]] bool remembers(const Rule& rule, const Event& event);

  /// Remembers an alert that was not held back. `told_as`: the rule under which it was handed on;
  /// null when there is nothing to update. `id`: its event.id, empty when it was not handed on.
  void remember(const Rule& rule, const Event& event, double score, const Rule* told_as,
                std::string_view id);

  /// An analyst's verdict on an alert: what is alike to it from now on is to be treated so.
  void note_verdict(std::string_view id, HeldVerdict verdict);

  /// Event time from which on tell_due() has something to say; INT64_MAX: nothing.
  [[nodiscard]] TimeUs next_due() const { return next_due_; }
  void tell_due(TimeUs now);
  /// At the end of a run: every count that is not told yet.
  void tell_all();
  /// Of the rules that are not in `next` by their id, likewise.
  void tell_of_gone(const RuleSet& next);

  void save(const RuleSet& rules, StateWriter& out) const;
  /// Reads into an empty one. What is remembered of a rule that now judges otherwise is forgotten;
  /// counts of it that are not told yet are kept for tell_forgotten(). Nobody is there to tell
  /// those of a rule that is gone: gives how many.
  std::uint64_t load(StateReader& in, const SavedRules& then);
  /// Tells the counts that load() found and had to forget. After it, once.
  void tell_forgotten();

 private:
  struct Entry {
    Hash128 key;
    TimeUs first = kNoTime;         // of the alert
    TimeUs newest = kNoTime;        // of the alert and what is alike
    TimeUs told = kNoTime;          // when the alert or its last update was told
    double score = 0;               // of the alert
    const Rule* rule = nullptr;     // by whose views it is known
    const Rule* told_as = nullptr;  // null: never told
    std::uint32_t occurrences = 0;  // the alert and what is alike
    std::uint32_t told_occurrences = 0;
    AlikeAlert alert;
    std::array<std::uint8_t, 3> sizes{};  // of user, source and host, one after the other
    std::uint8_t varied = 0;              // bit i: not all that is alike has the text of sizes[i]
    std::array<char, kKeptTextBytes> text{};
  };

  /// What alike events of the rule share.
  Hash128 key_of(const Rule& rule, const Event& event);
  [[nodiscard]] Entry* find(Hash128 key);
  static bool is_due(const Entry& entry) {
    return entry.told_as != nullptr && entry.occurrences > entry.told_occurrences;
  }
  /// Notes which texts of an event alike are not those of the alert.
  static void compare(Entry& entry, const Event& event);
  static TimeUs due(const Entry& entry);
  void tell(Entry& entry, TimeUs now);
  template <class Archive, class AnEntry>
  static void fields(Archive& a, AnEntry& entry);
  static bool is_sound(const Entry& entry);

  Tell tell_;
  std::vector<Entry> entries_;
  std::vector<Entry> forgotten_;  // by load(), with something to tell
  TimeUs next_due_ = INT64_MAX;   // of all entries with something to tell, or earlier
  HashMemo memo_;                 // of no key
};

}  // namespace doorward
