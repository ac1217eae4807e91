// A thin layer over SQLite: handles that close themselves, and errors in words. Only for
// server/store.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sketch/result.h"

namespace doorward {

/// How long a call waits while another process writes.
inline constexpr int kSqliteBusyMs = 10'000;

/// "PATH: cannot append: the disk is full (...)": what the last call on the connection said. With
/// what to do when the file is damaged.
Error sqlite_error(sqlite3* connection, std::string_view what);

/// A prepared statement. Parameters count from 1, columns from 0, as in SQLite. Texts and blobs
/// that are bound must live until the next reset().
class SqliteStatement {
 public:
  SqliteStatement() = default;
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  SqliteStatement& bind(int at, std::int64_t value);
  SqliteStatement& bind_unsigned(int at, std::uint64_t value) {
    return bind(at, static_cast<std::int64_t>(value));
  }
  SqliteStatement& bind(int at, double value);
  SqliteStatement& bind(int at, std::string_view text);
  SqliteStatement& bind_blob(int at, std::span<const std::uint8_t> bytes);
  SqliteStatement& bind_blob(int at, std::string_view bytes);

  /// True: a row is there. False: done. When done or failed it is reset, so that nothing stays
  /// locked. `what` is for the error: "cannot append".
  Result<bool> step(std::string_view what);
  /// For what gives no rows.
  Status run(std::string_view what);
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t unsigned_integer(int column) const {
    return static_cast<std::uint64_t>(integer(column));
  }
  [[nodiscard]] double real(int column) const;
  /// Good until the next step() or reset().
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::span<const std::uint8_t> blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = SQLITE_OK;  // the first bind that failed
};

/// A connection. For one thread at a time.
class SqliteDb {
 public:
  enum class Durable : std::uint8_t {
    always,  ///< a commit is on the disk when it returns
    later,   ///< a power cut may take the newest commits back, in order
  };

  /// Opens a file that is there (0 bytes: an empty database), without looking into it.
  static Result<SqliteDb> open(const std::string& path);
  /// The settings of a connection to a store; asks for the file's header, so a damaged file is
  /// found here. The database must be in WAL mode.
  Status configure(Durable durable);

  /// Statements without rows or parameters.
  Status exec(const char* sql, std::string_view what);
  /// Kept for long.
  Result<SqliteStatement> prepare(std::string_view sql);
  /// The first column of the first row, as a number; 0 without a row.
  Result<std::int64_t> number(std::string_view sql);

  [[nodiscard]] sqlite3* get() const { return connection_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

/// BEGIN IMMEDIATE ... COMMIT; taken back when it goes without a commit.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDb& db) : db_(db) {}
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  Status begin(std::string_view what);
  /// When it fails nothing has been written.
  Status commit(std::string_view what);

 private:
  SqliteDb& db_;
  bool open_ = false;
};

}  // namespace doorward
