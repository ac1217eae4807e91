#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "server/store/alert_index.h"
#include "server/store/backup.h"
#include "server/store/embedded_alerts.h"
#include "server/store/embedded_log.h"
#include "server/store/schema.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_log.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

/// Files up to this are looked through when a server opens them (well below a second); of larger
/// ones damage shows when it is met.
constexpr off_t kCheckAtOpenBytes = off_t{64} << 20;
/// How long the command line waits for another process that makes or migrates the tables.
constexpr auto kSchemaWait = std::chrono::seconds(10);

Status check_whole(SqliteDb& db, const std::string& path) {
  Result<SqliteStatement> check = db.prepare("PRAGMA quick_check(1)");
  if (!check) return check.error();
  const Result<bool> row = check.value().step("cannot check it");
  if (!row) return row.error();
  if (row.value() && check.value().text(0) != "ok") {
    return Error{path, "the file is damaged (SQLite: " + std::string(check.value().text(0)) +
                           "). Move server.db* out of the folder, and put a backup in its place: "
                           "doorward-server restore FILE"};
  }
  return {};
}

/// Under the folder's lock: tables of today, made or migrated.
Status bring_up(SqliteDb& db) {
  const Result<int> version = store_version(db);
  if (!version) return version.error();
  if (version.value() == 0) {
    if (Status status = begin_store(db); !status) return status;
  }
  return migrate_store(db);
}

/// Beside a server, only it may change the tables: its program may know older ones only.
Status bring_up_shared(SqliteDb& db, const std::string& folder) {
  const auto end = std::chrono::steady_clock::now() + kSchemaWait;
  for (;;) {
    const Result<int> version = store_version(db);
    if (!version) return version.error();
    if (version.value() == kStoreSchema) return {};
    if (const Result<Descriptor> lock = lock_store(folder); lock) return bring_up(db);
    if (std::chrono::steady_clock::now() > end) {
      return Error{folder + "/" + kStoreFileName,
                   "its schema is version " + std::to_string(version.value()) + ", of " +
                       std::to_string(kStoreSchema) +
                       ", and the server that runs on it is an older one: restart it first"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

Result<Store> open_store(const std::string& folder, bool shared) {
  const std::string path = folder + "/" + kStoreFileName;
  Store store;
  struct stat file {};
  if (::stat(folder.c_str(), &file) != 0) return system_error(folder, "cannot open the folder");
  if (!S_ISDIR(file.st_mode)) return Error{folder, "is no folder"};
  Descriptor lock;
  if (!shared) {
    Result<Descriptor> locked = lock_store(folder);
    if (!locked) return locked.error();
    lock = std::move(locked).value();
  }
  if (Status status = make_store_file(path); !status) return status.error();
  if (::lstat(path.c_str(), &file) != 0) return system_error(path, "cannot open");
  if (!S_ISREG(file.st_mode)) return Error{path, "is no file"};
  if ((file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
      return system_error(path, "others can read it, and it cannot be closed to them");
    }
    store.warning = path + ": others could read or write it; now only its owner can (0600)";
  }

  Result<SqliteDb> db = SqliteDb::open(path);
  if (!db) return db.error();
  if (Status status = db.value().configure(SqliteDb::Durable::always); !status) {
    return status.error();
  }
  Status status = shared ? bring_up_shared(db.value(), folder) : bring_up(db.value());
  if (!status) return status.error();
  // No change, unless the file was copied by a tool that does not keep it.
  if (status = db.value().exec("PRAGMA journal_mode = WAL", "cannot open"); !status) {
    return status.error();
  }
  if (!shared && file.st_size <= kCheckAtOpenBytes) {
    if (status = check_whole(db.value(), path); !status) return status.error();
  }

  Result<std::unique_ptr<EmbeddedLog>> log =
      EmbeddedLog::make(path, std::move(db).value(), std::move(lock));
  if (!log) return log.error();
  store.log = std::move(log).value();
  Result<std::unique_ptr<EmbeddedAlerts>> alerts = EmbeddedAlerts::make(path);
  if (!alerts) return alerts.error();
  store.alerts = std::move(alerts).value();
  if (!shared) {
    if (status = catch_up(*store.log, *store.alerts); !status) return status.error();
  }
  return store;
}

}  // namespace doorward
