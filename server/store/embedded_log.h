// OrderedLog on SQLite. Only for server/store; others see sqlite_log.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/descriptor.h"
#include "server/store/ordered_log.h"
#include "server/store/sqlite.h"

namespace doorward {

/// Entries of a read that are in memory at a time: the statement is closed while they are visited,
/// so that a visitor may write, and the WAL does not grow behind a slow one.
inline constexpr std::size_t kReadEntries = 512;
inline constexpr std::size_t kReadBytes = std::size_t{1} << 20;
/// Pages given back to the disk by one forget(): so many that it keeps up with a server that
/// forgets what it writes, so few that it does not stand still (4 MiB).
inline constexpr int kVacuumPages = 1024;
/// Pages copied by one step of a backup (1 MiB).
inline constexpr int kCopyPages = 256;

class EmbeddedLog final : public OrderedLog {
 public:
  /// `db`: configured, with the newest schema. `lock` is held as long as the log is there.
  static Result<std::unique_ptr<EmbeddedLog>> make(std::string path, SqliteDb db, Descriptor lock);

  Result<std::vector<std::optional<std::uint64_t>>> append(
      std::span<const LogEntry> entries) override;
  Status read(std::uint64_t place, std::optional<EntryKind> kind,
              const std::function<bool(const LogEntry&)>& visit) override;
  Status read_subject(EntryKind kind, const std::string& subject, std::uint64_t first,
                      const std::function<bool(const LogEntry&)>& visit) override;
  Status replace(std::span<const std::uint64_t> places, const LogEntry& entry) override;
  Status forget(std::span<const std::uint64_t> places) override;
  Result<std::uint64_t> last() override;
  Status keep_snapshot(const std::string& name, std::uint64_t place,
                       std::span<const std::uint8_t> bytes) override;
  Result<std::optional<Snapshot>> snapshot(const std::string& name) override;
  Status copy_to(const std::string& path,
                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) override;
  Result<Sizes> sizes() override;

 private:
  EmbeddedLog(std::string path, SqliteDb db, Descriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)), db_(std::move(db)) {}
  Status prepare();
  Status count(std::int64_t more);
  /// Rows of `statement`, which is bound, as entries; at most kReadEntries. False: there were less.
  Result<bool> fill(SqliteStatement& statement, std::vector<LogEntry>& entries, std::size_t& used);

  std::string path_;
  Descriptor lock_;
  SqliteDb db_;  // before the statements, which go first
  SqliteStatement insert_, insert_at_, count_, remove_, unretire_;
  SqliteStatement read_, read_kind_, read_subject_, last_;
  SqliteStatement keep_, kept_, entries_;
};

}  // namespace doorward
