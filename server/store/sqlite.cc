#include "server/store/sqlite.h"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace doorward {
namespace {

constexpr const char* kSettings =
    // What the pages of one connection may take in memory: 16 MiB (negative: in KiB).
    "PRAGMA cache_size = -16384;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    // The WAL goes into the file at 16 MiB; one that a long reader or a large transaction has made
    // longer is cut back to 64 MiB.
    "PRAGMA wal_autocheckpoint = 4096;"
    "PRAGMA journal_size_limit = 67108864;";

}  // namespace

Error sqlite_error(sqlite3* connection, std::string_view what) {
  const char* path = sqlite3_db_filename(connection, "main");
  const int code = sqlite3_extended_errcode(connection);
  const int system = sqlite3_system_errno(connection);
  std::string said = sqlite3_errmsg(connection);
  if (system != 0 && (code & 0xFF) != SQLITE_CORRUPT && (code & 0xFF) != SQLITE_BUSY) {
    said += ": " + std::generic_category().message(system);
  }
  std::string why = said;
  switch (code & 0xFF) {
    case SQLITE_FULL:
      why = "the disk is full (" + said + "); nothing was written";
      break;
    case SQLITE_BUSY:
      why = "another process has been writing for " + std::to_string(kSqliteBusyMs / 1000) + " s";
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      why = "the file is damaged (SQLite: " + said +
            "). Stop the server, move server.db* out of the folder, and put a backup in its place: "
            "doorward-server restore FILE";
      break;
    default:
      break;
  }
  return {path == nullptr ? "" : path, std::string(what) + ": " + why};
}

SqliteStatement& SqliteStatement::bind(int at, std::int64_t value) {
  const int rc = sqlite3_bind_int64(statement_.get(), at, value);
  if (bound_ == SQLITE_OK) bound_ = rc;
  return *this;
}

SqliteStatement& SqliteStatement::bind(int at, double value) {
  const int rc = sqlite3_bind_double(statement_.get(), at, value);
  if (bound_ == SQLITE_OK) bound_ = rc;
  return *this;
}

SqliteStatement& SqliteStatement::bind(int at, std::string_view text) {
  // A null pointer would be NULL.
  const char* data = text.empty() ? "" : text.data();
  const int rc =
      sqlite3_bind_text64(statement_.get(), at, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (bound_ == SQLITE_OK) bound_ = rc;
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(int at, std::span<const std::uint8_t> bytes) {
  const int rc = bytes.empty() ? sqlite3_bind_zeroblob(statement_.get(), at, 0)
                               : sqlite3_bind_blob64(statement_.get(), at, bytes.data(),
                                                     bytes.size(), SQLITE_STATIC);
  if (bound_ == SQLITE_OK) bound_ = rc;
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(int at, std::string_view bytes) {
  return bind_blob(at,
                   std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

Result<bool> SqliteStatement::step(std::string_view what) {
  if (bound_ != SQLITE_OK) {  // too long, or no memory
    const char* path = sqlite3_db_filename(sqlite3_db_handle(statement_.get()), "main");
    Error error{path == nullptr ? "" : path, std::string(what) + ": " + sqlite3_errstr(bound_)};
    reset();
    return error;
  }
  const int rc = sqlite3_step(statement_.get());
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) {
    reset();
    return false;
  }
  Error error = sqlite_error(sqlite3_db_handle(statement_.get()), what);
  reset();
  return error;
}

Status SqliteStatement::run(std::string_view what) {
  for (;;) {
    const Result<bool> row = step(what);
    if (!row) return row.error();
    if (!row.value()) return {};
  }
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  bound_ = SQLITE_OK;
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double SqliteStatement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string_view SqliteStatement::text(int column) const {
  const auto bytes = blob(column);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::uint8_t> SqliteStatement::blob(int column) const {
  // The bytes as they are: a text need not be UTF-8.
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

Result<SqliteDb> SqliteDb::open(const std::string& path) {
  SqliteDb db;
  sqlite3* connection = nullptr;
  const int rc =
      sqlite3_open_v2(path.c_str(), &connection,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  db.connection_.reset(connection);
  if (connection == nullptr) return Error{path, "cannot open: no memory"};
  if (rc != SQLITE_OK) {
    Error error = sqlite_error(connection, "cannot open");
    error.where = path;
    return error;
  }
  sqlite3_busy_timeout(connection, kSqliteBusyMs);
  return db;
}

Status SqliteDb::configure(Durable durable) {
  if (Status status = exec(kSettings, "cannot open"); !status) return status;
  if (Status status = exec(
          durable == Durable::always ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
          "cannot open");
      !status) {
    return status;
  }
  const Result<std::int64_t> version = number("PRAGMA schema_version");
  if (!version) return version.error();
  return {};
}

Status SqliteDb::exec(const char* sql, std::string_view what) {
  if (sqlite3_exec(get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sqlite_error(get(), what);
  }
  return {};
}

Result<SqliteStatement> SqliteDb::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int rc = sqlite3_prepare_v3(get(), sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (rc != SQLITE_OK) return sqlite_error(get(), "cannot ask the database");
  return SqliteStatement(statement);
}

Result<std::int64_t> SqliteDb::number(std::string_view sql) {
  Result<SqliteStatement> statement = prepare(sql);
  if (!statement) return statement.error();
  const Result<bool> row = statement.value().step("cannot read");
  if (!row) return row.error();
  return row.value() ? statement.value().integer(0) : 0;
}

SqliteTransaction::~SqliteTransaction() {
  // SQLite may have taken it back by itself (disk full, I/O).
  if (open_ && sqlite3_get_autocommit(db_.get()) == 0) {
    sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

Status SqliteTransaction::begin(std::string_view what) {
  assert(!open_);
  Status status = db_.exec("BEGIN IMMEDIATE", what);
  open_ = status.ok();
  return status;
}

Status SqliteTransaction::commit(std::string_view what) {
  assert(open_);
  Status status = db_.exec("COMMIT", what);
  if (status) open_ = false;
  return status;
}

}  // namespace doorward
