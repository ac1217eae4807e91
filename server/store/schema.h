// The tables of server.db, and how an older file gets those of today. Only for server/store.
#pragma once

#include <cstdint>

#include "server/store/sqlite.h"
#include "sketch/result.h"

namespace doorward {

/// What this program writes and reads (PRAGMA user_version). docs/server-store.md has the history.
inline constexpr int kStoreSchema = 2;
/// PRAGMA application_id: "DwSv".
inline constexpr std::int64_t kStoreApplication = 0x44775376;

/// The version of a file; 0: empty. Errors: another program's database, damaged, or newer than
/// kStoreSchema (with both numbers).
Result<int> store_version(SqliteDb& db);

/// An empty file becomes a database of version 0: what can only be set before the first table.
Status begin_store(SqliteDb& db);

/// Brings the tables up to version `to`, a step a transaction, so that others may read meanwhile,
/// and a server that is killed goes on where it was. A step that another process made is passed
/// over.
Status migrate_store(SqliteDb& db, int to = kStoreSchema);

}  // namespace doorward
