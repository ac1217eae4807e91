#include "server/store/embedded_alerts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/store/entry_data.h"
#include "server/store/text_match.h"

namespace doorward {
namespace {

constexpr std::string_view kFold = "cannot fold alerts";
constexpr std::string_view kRetire = "cannot retire alerts";

constexpr std::uint8_t kKindAlert = 1;
constexpr std::uint8_t kKindUpdate = 2;
constexpr std::uint8_t kKindSummary = 3;
constexpr std::uint8_t kVerdictMax = 3;

std::string_view view(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

bool belongs(const LogEntry& entry) {
  return entry.kind == EntryKind::alert || entry.kind == EntryKind::verdict;
}

}  // namespace

Result<std::unique_ptr<EmbeddedAlerts>> EmbeddedAlerts::make(const std::string& path) {
  Result<SqliteDb> db = SqliteDb::open(path);
  if (!db) return db.error();
  if (Status status = db.value().configure(SqliteDb::Durable::later); !status) {
    return status.error();
  }
  if (Status status = add_text_functions(db.value()); !status) return status.error();
  std::unique_ptr<EmbeddedAlerts> alerts(new EmbeddedAlerts(path, std::move(db).value()));
  if (Status status = alerts->prepare(); !status) return status.error();
  const Result<std::uint64_t> folded = alerts->total("folded");
  if (!folded) return folded.error();
  alerts->folded_ = folded.value();
  return alerts;
}

EmbeddedAlerts::~EmbeddedAlerts() {
  // So that the next start has nothing to read; when it fails, it has.
  const Result<std::uint64_t> known = total("folded");
  if (!known || known.value() >= folded_) return;
  (void)set_total_.bind(1, std::string_view("folded")).bind_unsigned(2, folded_).run(kFold);
}

Status EmbeddedAlerts::prepare() {
  const std::pair<SqliteStatement*, std::string_view> statements[] = {
      {&between_,
       "SELECT place, kind, subject, number, at, data FROM entries NOT INDEXED "
       "WHERE place > ?1 AND place < ?2 AND kind IN (15, 16) ORDER BY place"},
      {&find_, "SELECT place, kind, agent, score, occurrences, verdict FROM alerts WHERE id = ?1"},
      {&day_,
       "INSERT INTO alert_days (day, low, high) VALUES (?1, ?2, ?2) ON CONFLICT (day) DO UPDATE "
       "SET low = min(low, ?2), high = max(high, ?2)"},
      {&insert_,
       "INSERT INTO alerts (place, id, told, agent, kind, time, received, rule, severity, user, "
       "address, source, host, score, occurrences, message) "
       "VALUES (?1, ?2, ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"},
      {&tell_,
       "UPDATE alerts SET told = ?2, kind = ?3, time = ?4, rule = ?5, severity = ?6, user = ?7, "
       "address = ?8, source = ?9, host = ?10, score = ?11, occurrences = ?12, message = ?13 "
       "WHERE place = ?1"},
      {&raise_, "UPDATE alerts SET occurrences = ?2 WHERE place = ?1"},
      {&raise_score_,
       "UPDATE alerts SET occurrences = ?2, score = ?3, severity = ?4 WHERE place = ?1"},
      {&judge_,
       "UPDATE alerts SET verdict = ?2, verdict_by = ?3, verdict_comment = ?4, verdict_at = ?5 "
       "WHERE place = ?1"},
      {&total_, "SELECT value FROM totals WHERE name = ?1"},
      {&set_total_, "UPDATE totals SET value = ?2 WHERE name = ?1"},
      {&add_total_, "UPDATE totals SET value = value + ?2 WHERE name = ?1"},
      {&oldest_, "SELECT min(received) FROM alerts"},
      {&old_,
       "SELECT place, id, verdict FROM alerts INDEXED BY alerts_received WHERE received < ?1 "
       "ORDER BY received LIMIT ?2"},
      {&beyond_, "SELECT place, id, verdict FROM alerts ORDER BY place LIMIT ?1"},
      {&entries_of_,
       "SELECT place FROM entries INDEXED BY entries_name WHERE kind IN (15, 16) AND subject = ?1"},
      {&retire_, "INSERT OR IGNORE INTO retired (place) VALUES (?1)"},
      {&remove_, "DELETE FROM alerts WHERE place = ?1"},
      {&trim_days_, "DELETE FROM alert_days WHERE high < (SELECT min(place) FROM alerts)"},
      {&retired_, "SELECT place FROM retired ORDER BY place LIMIT ?1"},
  };
  for (const auto& [statement, sql] : statements) {
    Result<SqliteStatement> prepared = db_.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(prepared).value();
  }
  return {};
}

Result<std::uint64_t> EmbeddedAlerts::total(std::string_view name) {
  const Result<bool> row = total_.bind(1, name).step("cannot read the totals");
  if (!row) return row.error();
  const std::uint64_t value = row.value() ? total_.unsigned_integer(0) : 0;
  total_.reset();
  return value;
}

Status EmbeddedAlerts::add_totals(const Totals& more, std::optional<std::uint64_t> folded) {
  for (const auto& [name, n] : {std::pair<std::string_view, std::int64_t>("alerts", more.alerts),
                                std::pair<std::string_view, std::int64_t>("open", more.open)}) {
    if (n == 0) continue;
    if (Status status = add_total_.bind(1, name).bind(2, n).run(kFold); !status) return status;
  }
  if (!folded) return {};
  return set_total_.bind(1, std::string_view("folded")).bind_unsigned(2, *folded).run(kFold);
}

Status EmbeddedAlerts::fold(std::span<const LogEntry> entries) {
  if (entries.empty() || entries.back().place <= folded_) return {};
  const std::uint64_t last = entries.back().place;
  // Most groups of entries have nothing for the index, and then nothing is written, but where
  // another may have written in between.
  if (entries.front().place <= folded_ + 1 && last - folded_ < kFoldedEvery &&
      std::none_of(entries.begin(), entries.end(), belongs)) {
    const Result<std::uint64_t> known = total("folded");
    if (!known) return known.error();
    if (last - std::min(last, known.value()) < kFoldedEvery) {
      folded_ = last;
      return {};
    }
  }
  SqliteTransaction transaction(db_);
  if (Status status = transaction.begin(kFold); !status) return status;
  const Result<std::uint64_t> known = total("folded");
  if (!known) return known.error();
  const std::uint64_t from = std::max(folded_, known.value());
  Totals more;
  if (entries.front().place > from + 1) {
    if (Status status = fold_between(from, entries.front().place, more); !status) return status;
  }
  for (const LogEntry& entry : entries) {
    if (entry.place <= from) continue;
    if (Status status = fold_one(entry, more); !status) return status;
  }
  const std::uint64_t reached = std::max(from, last);
  if (Status status = add_totals(more, reached); !status) return status;
  if (Status status = transaction.commit(kFold); !status) return status;
  folded_ = reached;
  return {};
}

Status EmbeddedAlerts::fold_between(std::uint64_t after, std::uint64_t end, Totals& more) {
  between_.bind_unsigned(1, after).bind_unsigned(2, end);
  LogEntry entry;
  for (;;) {
    const Result<bool> row = between_.step(kFold);
    if (!row) return row.error();
    if (!row.value()) return {};
    entry.place = between_.unsigned_integer(0);
    entry.kind = static_cast<EntryKind>(between_.integer(1));
    entry.subject = between_.text(2);
    entry.number = between_.unsigned_integer(3);
    entry.at = between_.integer(4);
    const auto data = between_.blob(5);
    entry.data.assign(data.begin(), data.end());
    if (Status status = fold_one(entry, more); !status) {
      between_.reset();
      return status;
    }
  }
}

Status EmbeddedAlerts::note_day(TimeUs time, std::uint64_t place) {
  return day_.bind(1, day_of(time)).bind_unsigned(2, place).run(kFold);
}

Status EmbeddedAlerts::fold_one(const LogEntry& entry, Totals& more) {
  if (entry.kind == EntryKind::alert) return fold_alert(entry, more);
  if (entry.kind == EntryKind::verdict) return fold_verdict(entry, more);
  return {};
}

Status EmbeddedAlerts::fold_alert(const LogEntry& entry, Totals& more) {
  const log::Alert* alert = entry_table<log::Alert>(entry);
  std::uint8_t kind = alert == nullptr ? kKindAlert : alert->kind();
  if (kind < kKindAlert || kind > kKindSummary) kind = kKindAlert;
  const std::string_view agent = alert == nullptr ? "" : view(alert->agent());
  const std::string_view document = alert == nullptr ? "" : view(alert->document());
  const std::int64_t told = alert == nullptr ? 1 : std::max<std::int64_t>(1, alert->occurrences());
  const AlertFields fields = fields_.read(document);
  double score = alert == nullptr ? 0 : alert->score();
  if (!std::isfinite(score) || score == 0) score = fields.score.value_or(0);
  score = std::clamp(score, 0.0, 100.0);

  const Result<bool> known = find_.bind(1, std::string_view(entry.subject)).step(kFold);
  if (!known) return known.error();
  const TimeUs time = fields.time == kNoTime ? entry.at : fields.time;
  const std::string source = address_key(fields.address);
  if (!known.value()) {
    ++more.alerts;
    ++more.open;
    if (Status status = note_day(time, entry.place); !status) return status;
    return insert_.bind_unsigned(1, entry.place)
        .bind(2, std::string_view(entry.subject))
        .bind(3, agent)
        .bind(4, std::int64_t{kind})
        .bind(5, time)
        .bind(6, entry.at)
        .bind(7, std::string_view(fields.rule))
        .bind(8, std::string_view(fields.severity))
        .bind(9, std::string_view(fields.user))
        .bind(10, std::string_view(fields.address))
        .bind_blob(11, std::string_view(source))
        .bind(12, std::string_view(fields.host))
        .bind(13, score)
        .bind(14, told)
        .bind(15, std::string_view(fields.message))
        .run(kFold);
  }
  const std::int64_t place = find_.integer(0);
  const std::int64_t known_kind = find_.integer(1);
  const bool same_agent = find_.text(2) == agent;
  const double known_score = find_.real(3);
  const std::int64_t occurrences = std::max(find_.integer(4), told);
  find_.reset();
  // One agent has no say over the alerts of another.
  if (!same_agent || alert == nullptr) return {};
  // The alert itself after an update of it, or a summary with newer figures.
  if ((known_kind == kKindUpdate && kind != kKindUpdate) ||
      (known_kind == kKindSummary && kind == kKindSummary)) {
    if (Status status = note_day(time, static_cast<std::uint64_t>(place)); !status) return status;
    return tell_.bind(1, place)
        .bind_unsigned(2, entry.place)
        .bind(3, std::int64_t{kind})
        .bind(4, time)
        .bind(5, std::string_view(fields.rule))
        .bind(6, std::string_view(fields.severity))
        .bind(7, std::string_view(fields.user))
        .bind(8, std::string_view(fields.address))
        .bind_blob(9, std::string_view(source))
        .bind(10, std::string_view(fields.host))
        .bind(11, std::max(score, known_score))
        .bind(12, occurrences)
        .bind(13, std::string_view(fields.message))
        .run(kFold);
  }
  if (score > known_score && !fields.severity.empty()) {
    return raise_score_.bind(1, place)
        .bind(2, occurrences)
        .bind(3, score)
        .bind(4, std::string_view(fields.severity))
        .run(kFold);
  }
  return raise_.bind(1, place).bind(2, occurrences).run(kFold);
}

Status EmbeddedAlerts::fold_verdict(const LogEntry& entry, Totals& more) {
  const log::Verdict* verdict = entry_table<log::Verdict>(entry);
  if (verdict == nullptr || verdict->verdict() > kVerdictMax) return {};
  const Result<bool> known = find_.bind(1, std::string_view(entry.subject)).step(kFold);
  if (!known) return known.error();
  if (!known.value()) return {};
  const std::int64_t place = find_.integer(0);
  const bool was_open = find_.integer(5) == 0;
  find_.reset();
  more.open += static_cast<int>(verdict->verdict() == 0) - static_cast<int>(was_open);
  return judge_.bind(1, place)
      .bind(2, std::int64_t{verdict->verdict()})
      .bind(3, view(verdict->by()))
      .bind(4, view(verdict->comment()))
      .bind(5, entry.at)
      .run(kFold);
}

Result<AlertIndex::Counts> EmbeddedAlerts::counts() {
  Counts out;
  const Result<std::uint64_t> alerts = total("alerts");
  if (!alerts) return alerts.error();
  const Result<std::uint64_t> open = total("open");
  if (!open) return open.error();
  const Result<bool> row = oldest_.step("cannot count alerts");
  if (!row) return row.error();
  out.alerts = alerts.value();
  out.open = open.value();
  if (row.value()) out.oldest = oldest_.integer(0);
  oldest_.reset();
  return out;
}

Result<std::size_t> EmbeddedAlerts::retire_rows(SqliteStatement& chosen, Totals& more) {
  struct Chosen {
    std::int64_t place;
    std::string id;
    bool open;
  };
  std::vector<Chosen> rows;
  for (;;) {
    const Result<bool> row = chosen.step(kRetire);
    if (!row) return row.error();
    if (!row.value()) break;
    rows.push_back({chosen.integer(0), std::string(chosen.text(1)), chosen.integer(2) == 0});
  }
  for (const Chosen& row : rows) {
    std::vector<std::int64_t> places;
    entries_of_.bind(1, std::string_view(row.id));
    for (;;) {
      const Result<bool> entry = entries_of_.step(kRetire);
      if (!entry) return entry.error();
      if (!entry.value()) break;
      places.push_back(entries_of_.integer(0));
    }
    for (const std::int64_t place : places) {
      if (Status status = retire_.bind(1, place).run(kRetire); !status) return status.error();
    }
    if (Status status = remove_.bind(1, row.place).run(kRetire); !status) return status.error();
    --more.alerts;
    more.open -= static_cast<int>(row.open);
  }
  return rows.size();
}

Result<std::vector<std::uint64_t>> EmbeddedAlerts::retire(TimeUs oldest, std::uint64_t most,
                                                          std::size_t batch) {
  {
    SqliteTransaction transaction(db_);
    if (Status status = transaction.begin(kRetire); !status) return status.error();
    Totals more;
    old_.bind(1, oldest).bind_unsigned(2, batch);
    const Result<std::size_t> old = retire_rows(old_, more);
    if (!old) return old.error();
    const Result<std::uint64_t> before = total("alerts");
    if (!before) return before.error();
    const std::uint64_t left =
        before.value() - std::min<std::uint64_t>(before.value(), old.value());
    if (left > most && old.value() < batch) {
      beyond_.bind_unsigned(1, std::min<std::uint64_t>(left - most, batch - old.value()));
      const Result<std::size_t> beyond = retire_rows(beyond_, more);
      if (!beyond) return beyond.error();
    }
    if (more.alerts != 0) {
      if (Status status = trim_days_.run(kRetire); !status) return status.error();
      if (Status status = add_totals(more, {}); !status) return status.error();
      if (Status status = transaction.commit(kRetire); !status) return status.error();
    }
  }
  std::vector<std::uint64_t> places;
  retired_.bind(1, static_cast<std::int64_t>(kRetirePlaces));
  for (;;) {
    const Result<bool> row = retired_.step(kRetire);
    if (!row) return row.error();
    if (!row.value()) return places;
    places.push_back(retired_.unsigned_integer(0));
  }
}

Status catch_up(OrderedLog& log, AlertIndex& alerts) {
  std::vector<LogEntry> entries;
  Status folded;
  const auto flush = [&] {
    folded = alerts.fold(entries);
    entries.clear();
    return folded.ok();
  };
  Status read = log.read(alerts.folded(), std::nullopt, [&](const LogEntry& entry) {
    entries.push_back(entry);
    // Only what belongs needs its bytes.
    if (!belongs(entry)) entries.back().data.clear();
    return entries.size() < kCatchUpEntries || flush();
  });
  if (!read) return read;
  if (!folded) return folded;
  (void)flush();
  return folded;
}

}  // namespace doorward
