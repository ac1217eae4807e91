// Alerts that can be searched: a fold over the log's alerts and verdicts, in tables beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/event.h"
#include "server/store/ordered_log.h"
#include "sketch/result.h"

namespace doorward {

enum class AlertVerdict : std::uint8_t {
  open = 0,
  true_positive = 1,
  false_positive = 2,
  benign = 3
};

struct AlertRow {
  std::uint64_t place = 0;  ///< of the alert's first entry
  std::string id;
  std::string agent;  ///< empty: a rule of the fleet
  std::string kind;   ///< "alert", "summary"
  TimeUs time = 0;    ///< of the event
  TimeUs received = 0;
  std::string rule;
  std::string severity;
  std::string user;
  std::string address;  ///< source.ip
  std::string host;
  double score = 0;
  std::uint32_t occurrences = 1;  ///< of the newest update
  std::string message;
  AlertVerdict verdict = AlertVerdict::open;
  std::string verdict_by;
  std::string verdict_comment;
  TimeUs verdict_at = 0;
  std::string document;  ///< only from get()
};

/// What is not set is not asked. Texts match whole; `user`, `host` and `rule` may be globs (* and
/// ?), `address` may be a network ("192.0.2.0/24").
struct AlertQuery {
  std::string rule = {}, user = {}, address = {}, host = {}, agent = {};
  std::string text = {};                     ///< within the message; small letters or large
  std::optional<TimeUs> from = {}, to = {};  ///< event time, [from, to)
  std::optional<double> min_score = {};
  std::optional<AlertVerdict> verdict = {};
  std::uint64_t before = 0;  ///< place: the page after the one that ended with it; 0: newest
  std::size_t limit = 50;    ///< 1..1000
};

/// For triage: what the stored alerts know of one entity.
struct EntityHistory {
  std::uint64_t alerts = 0;
  TimeUs first = 0, last = 0;
  struct With {
    std::string name;
    std::uint64_t alerts = 0;
    TimeUs first = 0, last = 0;
  };
  std::vector<With> users, hosts, addresses, rules;  ///< most alerts first, at most 20 each
};

/// In the database of the log (server/store/sqlite_log.h). One thread at a time.
class AlertIndex {
 public:
  virtual ~AlertIndex() = default;

  /// The place up to which it has folded the log.
  [[nodiscard]] virtual std::uint64_t folded() const = 0;
  /// Entries in order; other kinds are passed over, and so are entries up to folded(). What the log
  /// has between folded() and the first of them is folded before (another process wrote it, or an
  /// earlier fold() failed). Documents that are no JSON are kept with what is known of them. All or
  /// nothing.
  virtual Status fold(std::span<const LogEntry> entries) = 0;

  /// Newest place first. Errors: a text that is too long, a network with bits behind its prefix, or
  /// more than kSearchMsMax of work.
  virtual Result<std::vector<AlertRow>> search(const AlertQuery& query) = 0;
  virtual Result<std::optional<AlertRow>> get(const std::string& id) = 0;
  /// By exact name; of one of these fields.
  enum class Entity : std::uint8_t { user, address, host };
  virtual Result<EntityHistory> history(Entity entity, const std::string& name) = 0;

  struct Counts {
    std::uint64_t alerts = 0, open = 0;
    TimeUs oldest = 0;  ///< when the oldest was received; 0: there are none
  };
  virtual Result<Counts> counts() = 0;

  /// Removes alerts received before `oldest`, and the oldest beyond `most`, at most `batch` at a
  /// time; gives the places in the log that nobody needs any more (of the alerts, their updates and
  /// their verdicts), at most kRetirePlaces, and again with each call until OrderedLog::forget()
  /// was told of them. Nothing: there is nothing left to do.
  virtual Result<std::vector<std::uint64_t>> retire(TimeUs oldest, std::uint64_t most,
                                                    std::size_t batch) = 0;
};

/// Folds what the log has after folded().
Status catch_up(OrderedLog& log, AlertIndex& alerts);

/// A search or history that works for longer is broken off: other questions wait behind it.
inline constexpr int kSearchMsMax = 2000;
/// Bytes of a text in a query.
inline constexpr std::size_t kQueryTextMax = 1024;
inline constexpr std::size_t kQueryLimitMax = 1000;
/// Beyond so many alerts of an entity (the newest), a history counts them, but no longer says with
/// whom they were.
inline constexpr std::size_t kHistoryAlerts = 20'000;
inline constexpr std::size_t kHistoryNames = 20;
/// Places that one retire() gives at most, whole alerts but for the last.
inline constexpr std::size_t kRetirePlaces = 100'000;

}  // namespace doorward
