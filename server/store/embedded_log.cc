#include "server/store/embedded_log.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace doorward {
namespace {

constexpr std::string_view kAppend = "cannot append to the log";
constexpr std::string_view kRead = "cannot read the log";
constexpr std::string_view kReplace = "cannot sum up entries of the log";
constexpr std::string_view kForget = "cannot remove entries of the log";

/// SQLite's integers have a sign: of 64-bit numbers, those above its largest are negative there.
constexpr std::uint64_t kLargestSigned = std::numeric_limits<std::int64_t>::max();

void bind_entry(SqliteStatement& statement, int at, const LogEntry& entry) {
  statement.bind(at, static_cast<std::int64_t>(entry.kind))
      .bind(at + 1, std::string_view(entry.subject))
      .bind_unsigned(at + 2, entry.number)
      .bind(at + 3, entry.at)
      .bind_blob(at + 4, std::span(entry.data));
}

}  // namespace

Result<std::unique_ptr<EmbeddedLog>> EmbeddedLog::make(std::string path, SqliteDb db,
                                                       Descriptor lock) {
  std::unique_ptr<EmbeddedLog> log(
      new EmbeddedLog(std::move(path), std::move(db), std::move(lock)));
  if (Status status = log->prepare(); !status) return status.error();
  return log;
}

Status EmbeddedLog::prepare() {
  const std::pair<SqliteStatement*, std::string_view> statements[] = {
      {&insert_,
       "INSERT INTO entries (kind, subject, number, at, data) VALUES (?1, ?2, ?3, ?4, ?5) "
       "ON CONFLICT (kind, subject, number) DO NOTHING"},
      {&insert_at_,
       "INSERT INTO entries (place, kind, subject, number, at, data) "
       "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
      {&count_, "UPDATE totals SET value = value + ?1 WHERE name = 'entries'"},
      {&remove_, "DELETE FROM entries WHERE place = ?1"},
      {&unretire_, "DELETE FROM retired WHERE place = ?1"},
      {&read_,
       "SELECT place, kind, subject, number, at, data FROM entries WHERE place > ?1 ORDER BY "
       "place"},
      {&read_kind_,
       "SELECT place, kind, subject, number, at, data FROM entries INDEXED BY entries_kind "
       "WHERE kind = ?2 AND place > ?1 ORDER BY place"},
      {&read_subject_,
       "SELECT place, kind, subject, number, at, data FROM entries INDEXED BY entries_name "
       "WHERE kind = ?1 AND subject = ?2 AND number BETWEEN ?3 AND ?4 ORDER BY number"},
      {&last_, "SELECT max(place) FROM entries"},
      {&keep_, "INSERT OR REPLACE INTO snapshots (name, place, bytes) VALUES (?1, ?2, ?3)"},
      {&kept_, "SELECT place, bytes FROM snapshots WHERE name = ?1"},
      {&entries_, "SELECT value FROM totals WHERE name = 'entries'"},
  };
  for (const auto& [statement, sql] : statements) {
    Result<SqliteStatement> prepared = db_.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(prepared).value();
  }
  return {};
}

Status EmbeddedLog::count(std::int64_t more) {
  if (more == 0) return {};
  return count_.bind(1, more).run("cannot count entries");
}

Result<std::vector<std::optional<std::uint64_t>>> EmbeddedLog::append(
    std::span<const LogEntry> entries) {
  std::vector<std::optional<std::uint64_t>> places;
  if (entries.empty()) return places;
  places.reserve(entries.size());
  SqliteTransaction transaction(db_);
  if (Status status = transaction.begin(kAppend); !status) return status.error();
  std::int64_t more = 0;
  for (const LogEntry& entry : entries) {
    bind_entry(insert_, 1, entry);
    if (Status status = insert_.run(kAppend); !status) return status.error();
    if (sqlite3_changes(db_.get()) == 0) {
      places.emplace_back();
    } else {
      places.emplace_back(static_cast<std::uint64_t>(sqlite3_last_insert_rowid(db_.get())));
      ++more;
    }
  }
  if (Status status = count(more); !status) return status.error();
  if (Status status = transaction.commit(kAppend); !status) return status.error();
  return places;
}

Result<bool> EmbeddedLog::fill(SqliteStatement& statement, std::vector<LogEntry>& entries,
                               std::size_t& used) {
  std::size_t bytes = 0;
  for (used = 0; used < kReadEntries && bytes < kReadBytes; ++used) {
    const Result<bool> row = statement.step(kRead);
    if (!row) return row.error();
    if (!row.value()) return false;
    if (used == entries.size()) entries.emplace_back();
    LogEntry& entry = entries[used];
    entry.place = statement.unsigned_integer(0);
    entry.kind = static_cast<EntryKind>(statement.integer(1));
    entry.subject = statement.text(2);
    entry.number = statement.unsigned_integer(3);
    entry.at = statement.integer(4);
    const auto data = statement.blob(5);
    entry.data.assign(data.begin(), data.end());
    bytes += data.size();
  }
  statement.reset();
  return true;
}

Status EmbeddedLog::read(std::uint64_t place, std::optional<EntryKind> kind,
                         const std::function<bool(const LogEntry&)>& visit) {
  std::vector<LogEntry> entries;
  for (;;) {
    if (place > kLargestSigned) return {};
    SqliteStatement& statement = kind ? read_kind_ : read_;
    statement.bind_unsigned(1, place);
    if (kind) statement.bind(2, static_cast<std::int64_t>(*kind));
    std::size_t used = 0;
    const Result<bool> more = fill(statement, entries, used);
    if (!more) return more.error();
    for (std::size_t i = 0; i < used; ++i) {
      place = entries[i].place;
      if (!visit(entries[i])) return {};
    }
    if (!more.value()) return {};
  }
}

Status EmbeddedLog::read_subject(EntryKind kind, const std::string& subject, std::uint64_t first,
                                 const std::function<bool(const LogEntry&)>& visit) {
  std::vector<LogEntry> entries;
  // Two halves: what SQLite holds as negative comes after what it holds as positive.
  for (;;) {
    const bool upper = first > kLargestSigned;
    const std::uint64_t end = upper ? std::numeric_limits<std::uint64_t>::max() : kLargestSigned;
    read_subject_.bind(1, static_cast<std::int64_t>(kind))
        .bind(2, std::string_view(subject))
        .bind_unsigned(3, first)
        .bind_unsigned(4, end);
    std::size_t used = 0;
    const Result<bool> more = fill(read_subject_, entries, used);
    if (!more) return more.error();
    for (std::size_t i = 0; i < used; ++i) {
      if (!visit(entries[i])) return {};
      if (entries[i].number == std::numeric_limits<std::uint64_t>::max()) return {};
      first = entries[i].number + 1;
    }
    if (!more.value()) {
      if (upper) return {};
      first = kLargestSigned + 1;
    }
  }
}

Status EmbeddedLog::replace(std::span<const std::uint64_t> places, const LogEntry& entry) {
  if (places.empty()) return Error{path_, std::string(kReplace) + ": none are named"};
  SqliteTransaction transaction(db_);
  if (Status status = transaction.begin(kReplace); !status) return status;
  for (const std::uint64_t place : places) {
    if (Status status = remove_.bind_unsigned(1, place).run(kReplace); !status) return status;
    if (sqlite3_changes(db_.get()) != 1) {
      return Error{path_, std::string(kReplace) + ": there is none at place " +
                              std::to_string(place) + " any more"};
    }
  }
  insert_at_.bind_unsigned(1, *std::max_element(places.begin(), places.end()));
  bind_entry(insert_at_, 2, entry);
  if (Status status = insert_at_.run(kReplace); !status) return status;
  if (Status status = count(1 - static_cast<std::int64_t>(places.size())); !status) return status;
  return transaction.commit(kReplace);
}

Status EmbeddedLog::forget(std::span<const std::uint64_t> places) {
  if (places.empty()) return {};
  {
    SqliteTransaction transaction(db_);
    if (Status status = transaction.begin(kForget); !status) return status;
    std::int64_t gone = 0;
    for (const std::uint64_t place : places) {
      if (Status status = remove_.bind_unsigned(1, place).run(kForget); !status) return status;
      gone += sqlite3_changes(db_.get());
      if (Status status = unretire_.bind_unsigned(1, place).run(kForget); !status) return status;
    }
    if (Status status = count(-gone); !status) return status;
    if (Status status = transaction.commit(kForget); !status) return status;
  }
  // They are gone already; the room goes back to the disk now or at a later call.
  (void)db_.exec(("PRAGMA incremental_vacuum(" + std::to_string(kVacuumPages) + ")").c_str(),
                 "cannot give room back");
  return {};
}

Result<std::uint64_t> EmbeddedLog::last() {
  const Result<bool> row = last_.step(kRead);
  if (!row) return row.error();
  const std::uint64_t place = row.value() ? last_.unsigned_integer(0) : 0;
  last_.reset();
  return place;
}

Status EmbeddedLog::keep_snapshot(const std::string& name, std::uint64_t place,
                                  std::span<const std::uint8_t> bytes) {
  return keep_.bind(1, std::string_view(name))
      .bind_unsigned(2, place)
      .bind_blob(3, bytes)
      .run("cannot keep a snapshot");
}

Result<std::optional<OrderedLog::Snapshot>> EmbeddedLog::snapshot(const std::string& name) {
  kept_.bind(1, std::string_view(name));
  const Result<bool> row = kept_.step("cannot read a snapshot");
  if (!row) return row.error();
  if (!row.value()) return std::optional<Snapshot>();
  Snapshot out;
  out.place = kept_.unsigned_integer(0);
  const auto bytes = kept_.blob(1);
  out.bytes.assign(bytes.begin(), bytes.end());
  kept_.reset();
  return std::optional(std::move(out));
}

Result<OrderedLog::Sizes> EmbeddedLog::sizes() {
  Sizes out;
  // By name: a descriptor of one's own, closed, would take SQLite's locks with it.
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat file {};
    if (::stat((path_ + suffix).c_str(), &file) == 0) {
      out.bytes += static_cast<std::uint64_t>(file.st_size);
    }
  }
  const Result<bool> row = entries_.step(kRead);
  if (!row) return row.error();
  if (row.value()) out.entries = entries_.unsigned_integer(0);
  entries_.reset();
  return out;
}

}  // namespace doorward
