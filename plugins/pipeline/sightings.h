// What an agent saw that only the fleet as a whole can judge: one user on many hosts, one address
// that tries a name on each. A few words an event, told once, not once an event.
//
//   alice, success, from 203.0.113.9 on web-01, ssh_login, 4 times
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "plugins/rule_set.h"
#include "plugins/state_archive.h"

namespace doorward {

/// One sighting, as it goes to the server and lies in its log. Texts as in Event, cut to
/// kSightingTextBytes; empty: the event does not have it.
struct SightingRecord {
  TimeUs time = 0;           ///< of the first of the events alike
  std::uint8_t outcome = 0;  ///< 0 unknown, 1 success, 2 failure
  std::string action;        ///< event.action
  std::string user;          ///< user.name
  std::string source;        ///< source.ip; of a sensor's alert its end that is not ours
  std::string host;          ///< host.name
  std::string dataset;       ///< event.dataset
  std::string rule;          ///< what another sensor's alert calls itself; empty: a logon
  std::string account;       ///< "invalid": no such account
  std::uint32_t count = 0;   ///< events alike since the last delta, at least 1
  friend bool operator==(const SightingRecord&, const SightingRecord&) = default;
};

/// Texts of a sighting are cut to so many bytes.
inline constexpr std::size_t kSightingTextBytes = 64;
/// Sightings between two deltas. At the limit the least informative goes (SightingBook).
inline constexpr std::size_t kSightingsMax = 1024;
/// Of these at most so many failures, so that guessing leaves room for logons that succeeded.
inline constexpr std::size_t kSightingFailuresMax = 768;
/// Failures of one address (with different users) or of one user (from different addresses) between
/// two deltas; by then it is plain what they are. Further ones are counted as lost.
inline constexpr std::uint16_t kSightingAlikeMax = 256;
/// What was told is told again after this much event time, however often it happens: well within
/// the windows of the rules (a day; a quarter of an hour for failures).
inline constexpr TimeUs kSightingAgainUs = 3600 * kSecondUs;
inline constexpr TimeUs kSightingFailureAgainUs = 300 * kSecondUs;
/// How many of those told are remembered (8 bytes each). At the limit some are told more often.
inline constexpr std::size_t kSightingsTold = 8192;

struct SightingCounts {
  std::uint64_t noted = 0;      ///< events that a fleet rule looks at
  std::uint64_t sightings = 0;  ///< taken
  std::uint64_t lost = 0;       ///< events for which there was no room, sightings that made room
};

/// Collects sightings between two deltas: a successful logon once for each (user, source, host), a
/// failure once for each (source, user), another sensor's alert once for each (source, rule). In
/// fixed memory (about 0.5 MiB, taken at the start); note() never allocates. At the limit, of what
/// failed, an address with one user and a user from one address give way to those with many.
///
/// Not thread-safe: the pipeline's thread.
class SightingBook {
 public:
  /// `rules`: of the pipeline; must outlive this.
  explicit SightingBook(const RuleSet& rules);

  /// An event that passed the filters of the rules of `matched` (RuleSet::prepare).
  void note(const Event& event, RuleMask matched);

  /// What was collected, by time; the book is empty then. Allocates.
  std::vector<SightingRecord> take();

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const SightingCounts& counts() const { return counts_; }

  /// What was collected and not taken. (What was told before take() is not remembered.)
  void save(StateWriter& out) const;
  /// Reads what save() wrote into an empty book. Trusts nothing: after a mistake in.ok() is false
  /// and the book is empty.
  void load(StateReader& in);

 private:
  /// A text's beginning.
  struct Text {
    std::uint8_t size = 0;
    std::array<char, kSightingTextBytes> bytes{};
    void set(std::string_view text);
    [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
  };
  enum Part : std::uint8_t { kAction, kUser, kSource, kHost, kDataset, kRule, kAccount, kParts };
  struct Entry {
    std::uint64_t key = 0;
    TimeUs time = 0;
    std::uint32_t count = 0;
    std::uint8_t outcome = 0;
    bool failure = false;      // of a logon
    std::uint32_t source = 0;  // hashes; 0: none
    std::uint32_t user = 0;
    std::array<Text, kParts> text;
  };
  /// How many different ones of the other kind came with an address, or with a user: about.
  struct Crowd {
    std::uint32_t last = 0;  // the last other one
    std::uint16_t others = 0;
    std::uint16_t kept = 0;  // entries in the book
  };
  struct Told {
    std::uint32_t key = 0;
    std::uint32_t time = 0;  // seconds since 1970
  };
  static constexpr std::size_t kPlaces = kSightingsMax * 2;
  static constexpr std::size_t kCrowds = 4096;
  static constexpr std::uint16_t kFree = UINT16_MAX;

  void identify(Entry& entry) const;
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const;
  [[nodiscard]] bool told_lately(const Entry& entry) const;
  Crowd& source_of(const Entry& entry) { return sources_[entry.source % kCrowds]; }
  Crowd& user_of(const Entry& entry) { return users_[entry.user % kCrowds]; }
  [[nodiscard]] std::uint16_t worth(const Entry& entry);
  /// Where a new entry can lie; kFree: nowhere.
  std::uint16_t room_for(const Entry& entry);
  void put(std::uint16_t at, const Entry& entry);
  void unlink(std::uint16_t at);
  void clear();

  const RuleSet& rules_;
  std::vector<Entry> entries_;         // room for kSightingsMax from the start
  std::vector<std::uint16_t> places_;  // index into entries_, open addressing by key; kFree
  std::vector<Crowd> sources_;
  std::vector<Crowd> users_;
  std::vector<Told> told_;
  Entry next_;  // the event that is noted
  std::size_t failures_ = 0;
  std::size_t probe_ = 0;
  SightingCounts counts_;
};

}  // namespace doorward
