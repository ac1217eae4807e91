// What one rule has to say about one event: the p-value and every number that led to it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "plugins/event.h"
#include "plugins/rule.h"
#include "plugins/view.h"

namespace doorward {

/// One level of the back-off chain.
struct LevelEvidence {
  View partition;
  View by;
  /// A back-off to everybody's history: customers are (partition, value) pairs.
  bool fleet = false;
  double factor = 1;     ///< what this level multiplied into the p-value
  double customers = 0;  ///< what it was judged against: logons at the finest level, else distinct
                         ///< values of the level below
  double distinct = 0;   ///< distinct values K of this level
  double count = 0;      ///< weighted count of the value at this level; 0: never seen
};

/// What a rate was judged by.
struct RateEvidence {
  std::uint32_t window_s = 0;  ///< 0: no rate was looked at; else all below is set
  bool distinct = false;       ///< different values of `by` are counted, not events
  bool at_this_hour = false;   ///< `expected` is of this hour of the week
  bool begins = false;         ///< the first verdict on a busy bucket
  bool assumed = false;        ///< nothing is learned yet: `expected` is the rule's own guess
  View partition;
  View by;
  double observed = 0;  ///< events, or different values, in the window
  double expected = 0;  ///< mean of a usual busy bucket
  double buckets = 0;   ///< told when nothing was observed: past busy buckets, weighted by age
  double variance = 0;  ///< of the count in a usual busy bucket
  /// Told when nothing was observed (explain): first count that fires; 0: none does.
  std::uint32_t fires_from = 0;

  // What the rule learns of it.
  std::uint32_t entry = 0;   ///< place in the live state, from 1; 0: none
  std::uint32_t judged = 0;  ///< count that p_value stands for
  std::uint32_t teach = 0;   ///< the bucket may be learned up to this count
  std::uint32_t stop = 0;    ///< lowest count of the bucket known to fire; 0: none known
  float mean = 0;            ///< of the predictive distribution, shifted
  float size = 0;            ///< 0: not looked up
  std::uint8_t bin = 0;      ///< of the histogram, within its half
  std::uint8_t kind = 0;     ///< whose past it was held against; 0: not looked up
};

/// match: what met on one entity, a network alert and a sign-in. Texts are cut to a limit and may
/// be empty when only the time was kept.
struct PairEvidence {
  TimeUs raised_at = kNoTime;     ///< time of the network alert; kNoTime: there is no pair
  TimeUs signed_in_at = kNoTime;  ///< and of the sign-in
  std::string_view raised;        ///< what the network alert calls itself
  std::string_view user;          ///< who signed in
  std::string_view action;        ///< event.action of the sign-in
  IpAddress address;              ///< where they met; family none: on a view that is no address
  std::uint32_t events = 0;       ///< events of the entity on either side in the window
};

/// match over alerts: which rules alerted on one entity.
struct AlertsEvidence {
  std::uint64_t rules = 0;  ///< bit i is rule i of the set; 0: nothing to say
  View by;                  ///< what they have in common
  TimeUs first = kNoTime;   ///< of the first of these alerts
  TimeUs last = kNoTime;
  bool repeated = false;  ///< the rule has spoken of this entity within the window
};

/// What led to an event, by a detector of sequences.
struct SequenceEvidence {
  std::uint32_t count = 0;    ///< events of the first step, as they were judged
  std::uint32_t events = 0;   ///< all events of the first step; 0: nothing was counted
  std::uint32_t values = 0;   ///< distinct values among them, where the rule tells them apart
  std::uint32_t seconds = 0;  ///< since the first of them
};

/// A journey between two logons.
struct TravelEvidence {
  std::string_view from;  ///< name of the other place; empty: not known
  double latitude = 0;    ///< its coordinates, degrees
  double longitude = 0;
  double km = 0;
  std::int64_t seconds =
      0;  ///< from the other logon to this one; negative when this one was before
};

class Detector;

/// Fixed size; views point into the rule and the live state, and are good until the next event.
struct Evidence {
  const Rule* rule = nullptr;
  const Detector* detector = nullptr;  ///< whose verdict this is
  bool applies = false;     ///< the rule's filter matched and it had something to judge by
  double threshold = 75;    ///< score from which the rule fires: its own, or as a budget asks
  double p_value = 1;       ///< probability that an ordinary event is at least this surprising
  double statistic = 0;     ///< joint: Fisher's statistic
  std::uint8_t levels = 0;  ///< levels looked at, finest first
  /// > 0: the value was seen, but not in the newest so many epochs.
  std::uint8_t dormant_epochs = 0;
  std::array<LevelEvidence, kLevelsMax> level{};
  RateEvidence rate;
  PairEvidence pair;
  AlertsEvidence alerts;
  SequenceEvidence sequence;
  TravelEvidence travel;  ///< sequence, of journeys
};

/// doorward.score: 0 for p >= 0.05, 100 for p <= 1e-6, straight in log p between (design.md 4.6).
double score_of(double p_value);
/// The rule has something to say and its score reaches the threshold.
bool has_fired(const Evidence& evidence);
/// The p-value from which on a score is reached; the inverse of score_of for scores in (0, 100].
double p_value_of(double score);

}  // namespace doorward
