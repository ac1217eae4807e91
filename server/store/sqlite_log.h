// The ordered log and the alerts' index in one SQLite file: the embedded form.
#pragma once

#include <memory>
#include <string>

#include "server/store/alert_index.h"
#include "server/store/ordered_log.h"

namespace doorward {

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

/// Name of the database in the server's folder.
inline constexpr const char* kStoreFileName = "server.db";

}  // namespace doorward
