// AlertIndex on SQLite. Only for server/store; others see sqlite_log.h.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/store/alert_fields.h"
#include "server/store/alert_index.h"
#include "server/store/sqlite.h"

namespace doorward {

/// A place of folded() that is only in memory is written at least every so many places.
inline constexpr std::uint64_t kFoldedEvery = 10'000;
/// Entries that catch_up() folds in one transaction.
inline constexpr std::size_t kCatchUpEntries = 1000;

/// The day of an event: 0 begins with 1970.
constexpr std::int64_t day_of(TimeUs time) {
  constexpr TimeUs kDay = TimeUs{24} * 3600 * kSecondUs;
  return time / kDay - (time % kDay < 0 ? 1 : 0);
}

/// Has a connection of its own to the log's database, whose commits do not wait for the disk: what
/// a power cut takes is folded again.
class EmbeddedAlerts final : public AlertIndex {
 public:
  static Result<std::unique_ptr<EmbeddedAlerts>> make(const std::string& path);
  ~EmbeddedAlerts() override;
  EmbeddedAlerts(const EmbeddedAlerts&) = delete;
  EmbeddedAlerts& operator=(const EmbeddedAlerts&) = delete;

  [[nodiscard]] std::uint64_t folded() const override { return folded_; }
  Status fold(std::span<const LogEntry> entries) override;
  Result<std::vector<AlertRow>> search(const AlertQuery& query) override;
  Result<std::optional<AlertRow>> get(const std::string& id) override;
  Result<EntityHistory> history(Entity entity, const std::string& name) override;
  Result<Counts> counts() override;
  Result<std::vector<std::uint64_t>> retire(TimeUs oldest, std::uint64_t most,
                                            std::size_t batch) override;

 private:
  EmbeddedAlerts(std::string path, SqliteDb db) : path_(std::move(path)), db_(std::move(db)) {}
  Status prepare();

  struct Totals {
    std::int64_t alerts = 0, open = 0;
  };
  Result<std::uint64_t> total(std::string_view name);
  Status add_totals(const Totals& more, std::optional<std::uint64_t> folded);
  Status fold_between(std::uint64_t after, std::uint64_t end, Totals& more);
  Status note_day(TimeUs time, std::uint64_t place);
  Status fold_one(const LogEntry& entry, Totals& more);
  Status fold_alert(const LogEntry& entry, Totals& more);
  Status fold_verdict(const LogEntry& entry, Totals& more);
  Result<std::size_t> retire_rows(SqliteStatement& chosen, Totals& more);

  std::string path_;
  SqliteDb db_;  // before the statements, which go first
  AlertFieldsReader fields_;
  std::uint64_t folded_ = 0;
  SqliteStatement between_, find_, day_, insert_, tell_, raise_, raise_score_, judge_;
  SqliteStatement total_, set_total_, add_total_, oldest_;
  SqliteStatement old_, beyond_, entries_of_, retire_, remove_, trim_days_, retired_;
};

}  // namespace doorward
