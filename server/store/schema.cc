#include "server/store/schema.h"

#include <array>
#include <cassert>
#include <string>

namespace doorward {
namespace {

/// Step n brings a file from version n to n + 1. What has been released is never changed.
constexpr std::array<const char*, kStoreSchema> kSteps = {
    // 1: the log. The row ids of entries are their places; AUTOINCREMENT never gives one again.
    R"sql(
PRAGMA application_id = 0x44775376;
CREATE TABLE entries (
  place INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  subject TEXT NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entries_name ON entries (kind, subject, number);
CREATE INDEX entries_kind ON entries (kind);
CREATE TABLE snapshots (
  name TEXT PRIMARY KEY,
  place INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE totals (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO totals VALUES ('entries', 0);
)sql",
    // 2: the index of alerts. `told`: the place of the entry that has the document. `source`: the
    // address in a form that compares (alert_fields.h). alert_days: between which places the alerts
    // of a day of event time lie, so that a search in a time need not walk through all newer ones.
    R"sql(
CREATE TABLE alerts (
  place INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  told INTEGER NOT NULL,
  agent TEXT NOT NULL,
  kind INTEGER NOT NULL,
  time INTEGER NOT NULL,
  received INTEGER NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  user TEXT NOT NULL,
  address TEXT NOT NULL,
  source BLOB NOT NULL,
  host TEXT NOT NULL,
  score REAL NOT NULL,
  occurrences INTEGER NOT NULL,
  message TEXT NOT NULL,
  verdict INTEGER NOT NULL DEFAULT 0,
  verdict_by TEXT NOT NULL DEFAULT '',
  verdict_comment TEXT NOT NULL DEFAULT '',
  verdict_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX alerts_rule ON alerts (rule);
CREATE INDEX alerts_user ON alerts (user);
CREATE INDEX alerts_source ON alerts (source);
CREATE INDEX alerts_host ON alerts (host);
CREATE INDEX alerts_agent ON alerts (agent);
CREATE INDEX alerts_time ON alerts (time);
CREATE INDEX alerts_score ON alerts (score);
CREATE INDEX alerts_verdict ON alerts (verdict);
CREATE INDEX alerts_received ON alerts (received);
CREATE TABLE alert_days (
  day INTEGER PRIMARY KEY,
  low INTEGER NOT NULL,
  high INTEGER NOT NULL
) STRICT;
CREATE TABLE retired (place INTEGER PRIMARY KEY) STRICT;
INSERT INTO totals VALUES ('folded', 0), ('alerts', 0), ('open', 0);
)sql",
};

}  // namespace

Result<int> store_version(SqliteDb& db) {
  const Result<std::int64_t> tables = db.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  const Result<std::int64_t> application = db.number("PRAGMA application_id");
  if (!application) return application.error();
  const Result<std::int64_t> version = db.number("PRAGMA user_version");
  if (!version) return version.error();
  const char* path = sqlite3_db_filename(db.get(), "main");
  if (tables.value() == 0 && version.value() == 0) return 0;
  if (application.value() != kStoreApplication) {
    return Error{path, "is a database of another program, not of doorward-server"};
  }
  if (version.value() > kStoreSchema) {
    return Error{path, "its schema is version " + std::to_string(version.value()) +
                           ", and this doorward-server knows up to version " +
                           std::to_string(kStoreSchema) +
                           ": install the doorward-server that wrote it, or a newer one"};
  }
  return static_cast<int>(version.value());
}

Status begin_store(SqliteDb& db) {
  // The order matters: with the first page written, auto_vacuum cannot be set any more.
  if (Status status = db.exec("PRAGMA auto_vacuum = INCREMENTAL", "cannot make it"); !status) {
    return status;
  }
  return db.exec("PRAGMA journal_mode = WAL", "cannot make it");
}

Status migrate_store(SqliteDb& db, int to) {
  assert(to >= 0 && to <= kStoreSchema);
  for (;;) {
    SqliteTransaction transaction(db);
    if (Status status = transaction.begin("cannot migrate"); !status) return status;
    const Result<int> version = store_version(db);
    if (!version) return version.error();
    if (version.value() >= to) return {};
    const int next = version.value() + 1;
    const std::string what = "cannot migrate to schema " + std::to_string(next);
    if (Status status = db.exec(kSteps[static_cast<std::size_t>(version.value())], what); !status) {
      return status;
    }
    if (Status status = db.exec(("PRAGMA user_version = " + std::to_string(next)).c_str(), what);
        !status) {
      return status;
    }
    if (Status status = transaction.commit(what); !status) return status;
  }
}

}  // namespace doorward
