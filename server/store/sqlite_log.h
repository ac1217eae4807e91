// The ordered log and the alerts' index in one SQLite file: the embedded form.
#pragma once

#include <memory>
#include <string>

#include "server/store/alert_index.h"
#include "server/store/ordered_log.h"
#include "sketch/result.h"

namespace doorward {

/// In the embedded form OrderedLog::copy_to() reads through a connection of its own, so it may also
/// be called by another thread while the log goes on; numbers are whole 64 bits; one entry holds at
/// most 1,000,000,000 bytes.
struct Store {
  std::unique_ptr<OrderedLog> log;
  std::unique_ptr<AlertIndex> alerts;  ///< uses the log's database; goes first
  std::string warning;                 ///< what has to be said at the start; empty: nothing
};

/// Opens or makes FOLDER/server.db (0600), WAL, synchronous=FULL. An older schema is migrated in
/// steps, each in a transaction, while others may read; a newer one is refused with both numbers. A
/// file that SQLite calls damaged is refused with what to do (restore a backup). One server a
/// folder (flock), unless `shared`: the command line, beside a server that runs.
Result<Store> open_store(const std::string& folder, bool shared = false);

/// Whether this is open_store()'s Error of a folder that another process has open.
bool store_is_in_use(const Error& error);

/// Puts a backup (OrderedLog::copy_to) into a folder as its server.db (0600, the folder's owner),
/// after a look through all of it. Refused, with the folder as it was: a server runs on the folder,
/// a database (or the -wal of one) is there, the backup is damaged, of another program or of a
/// newer schema. Of an older one it is migrated when the server opens it.
Status restore_store(const std::string& backup, const std::string& folder);

/// Name of the database in the server's folder.
inline constexpr const char* kStoreFileName = "server.db";
/// Whoever has flock() on it serves the folder.
inline constexpr const char* kStoreLockName = "server.lock";

}  // namespace doorward
