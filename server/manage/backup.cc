#include "server/manage/backup.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "plugins/clock.h"
#include "proto/agent_state_file.h"
#include "proto/whole_file.h"
#include "server/fleet/baselines.h"
#include "server/store/sqlite_log.h"
#include "sketch/system_error.h"

namespace doorward {

namespace {

namespace fs = std::filesystem;

/// An open database; errors name its path.
class Copy {
 public:
  explicit Copy(std::string path) : path_(std::move(path)) {}
  ~Copy() { sqlite3_close(db_); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  Status open(bool write) {
    const int flags = (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path_.c_str(), &db_, flags, nullptr) != SQLITE_OK) return fault();
    return {};
  }
  [[nodiscard]] Error fault() const {
    return {path_, db_ == nullptr ? "cannot open it" : sqlite3_errmsg(db_)};
  }
  Status run(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return fault();
    return {};
  }
  /// One step a call of `row`; parameters 1 (text) and 2 (bytes) are bound when given.
  Status each(const char* sql, const std::string* name, const std::vector<std::uint8_t>* bytes,
              const std::function<Status(sqlite3_stmt*)>& row) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(db_, sql, -1, &raw, nullptr) != SQLITE_OK) return fault();
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    if (name != nullptr) {
      sqlite3_bind_text(raw, 1, name->data(), static_cast<int>(name->size()), SQLITE_STATIC);
    }
    if (bytes != nullptr) {
      sqlite3_bind_blob(raw, 2, bytes->data(), static_cast<int>(bytes->size()), SQLITE_STATIC);
    }
    int step = SQLITE_ROW;
    while ((step = sqlite3_step(raw)) == SQLITE_ROW) {
      if (const Status taken = row(raw); !taken) return taken;
    }
    if (step != SQLITE_DONE) return fault();
    return {};
  }

 private:
  std::string path_;
  sqlite3* db_ = nullptr;
};

bool is_store_file(const std::string& name) {
  return name.starts_with(kStoreFileName);
}

/// A plain name of a file in a folder, or in a folder of it.
bool good_backup_name(const std::string& name) {
  const fs::path path(name);
  if (path.empty() || path.is_absolute() || name.find('\\') != std::string::npos) return false;
  for (const fs::path& part : path) {
    if (part == ".." || part == "." || part.empty()) return false;
  }
  return !is_store_file(name);
}

/// Certificates and keys of the folder, by their name in it.
Result<std::vector<std::string>> key_files(const std::string& data_dir) {
  std::vector<std::string> out;
  std::error_code fault;
  for (fs::recursive_directory_iterator it(data_dir, fault), end; !fault && it != end;
       it.increment(fault)) {
    const std::string name = fs::relative(it->path(), data_dir, fault).string();
    if (it->is_symlink(fault) || !it->is_regular_file(fault)) continue;
    const std::string extension = it->path().extension().string();
    if (extension != ".pem" && extension != ".crt" && extension != ".key") continue;
    out.push_back(name);
    if (out.size() > kBackupFilesMax) return Error{data_dir, "too many keys and certificates"};
  }
  if (fault) return Error{data_dir, fault.message()};
  return out;
}

Status add_keys(const std::string& data_dir, const std::string& file) {
  const Result<std::vector<std::string>> names = key_files(data_dir);
  if (!names) return names.error();
  Copy copy(file);
  if (const Status opened = copy.open(true); !opened) return opened;
  if (const Status made = copy.run(
          "PRAGMA journal_mode=DELETE; BEGIN;"
          "CREATE TABLE IF NOT EXISTS backup_files(name TEXT PRIMARY KEY, bytes BLOB NOT NULL)");
      !made) {
    return made;
  }
  for (const std::string& name : names.value()) {
    const auto bytes =
        read_whole_file(data_dir + "/" + name, kBackupFileBytesMax, "a key or certificate");
    if (!bytes) return bytes.error();
    const Status added = copy.each("INSERT OR REPLACE INTO backup_files VALUES(?1, ?2)", &name,
                                   &bytes.value(), [](sqlite3_stmt*) { return Status(); });
    if (!added) return added;
  }
  return copy.run("COMMIT");
}

Status set_old_aside(const std::string& path, const std::string& stamp, std::string& told) {
  struct stat there {};
  if (lstat(path.c_str(), &there) != 0) return {};
  const std::string aside = path + ".before-" + stamp;
  if (lstat(aside.c_str(), &there) == 0) return Error{aside, "is there already"};
  if (rename(path.c_str(), aside.c_str()) != 0) return system_error(path, "cannot move it aside");
  told += path + " is now " + aside + "\n";
  return {};
}

/// Writes what the backup brings beside the database; then it goes from the copy.
Status bring_keys(Copy& copy, const std::string& data_dir, const std::string& stamp,
                  std::string& told) {
  bool brings = false;
  const Status looked = copy.each("SELECT 1 FROM sqlite_master WHERE name='backup_files'", nullptr,
                                  nullptr, [&](sqlite3_stmt*) { return brings = true, Status(); });
  if (!looked) return looked;
  if (!brings) {
    told += "it brings no keys (a download): the folder's own stay\n";
    return {};
  }
  const auto bring = [&](sqlite3_stmt* row) -> Status {
    const auto* name_text = reinterpret_cast<const char*>(sqlite3_column_text(row, 0));
    const std::string name = name_text == nullptr ? "" : name_text;
    if (!good_backup_name(name)) return Error{name, "no name of a key; this is no good backup"};
    const std::string path = data_dir + "/" + name;
    std::error_code fault;
    fs::create_directories(folder_of(path), fault);
    if (fault) return Error{path, fault.message()};
    if (const Status aside = set_old_aside(path, stamp, told); !aside) return aside;
    const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(row, 1));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, 1));
    told += "restored " + path + "\n";
    return write_whole_file(path, {bytes, size}, Owner::folder);
  };
  if (const Status all = copy.each("SELECT name, bytes FROM backup_files", nullptr, nullptr, bring);
      !all) {
    return all;
  }
  return copy.run("DROP TABLE backup_files");
}

}  // namespace

Status make_backup(const std::string& data_dir, const std::string& file, bool with_keys) {
  struct stat there {};
  if (lstat(file.c_str(), &there) == 0) return Error{file, "is there already; name a new file"};
  const Result<Store> store = open_store(data_dir, true);
  if (!store) return store.error();
  Status made = store.value().log->copy_to(file, [](std::uint64_t, std::uint64_t) {});
  if (made && with_keys) made = add_keys(data_dir, file);
  if (made) made = sync_folder(folder_of(file));
  if (!made) unlink(file.c_str());
  return made;
}

Status restore_backup(const std::string& file, const std::string& data_dir, std::string& told) {
  const std::int64_t now = clock_now();
  const std::string stamp = compact_time(now);
  std::error_code fault;
  fs::create_directories(data_dir, fault);
  if (fault) return Error{data_dir, fault.message()};
  const std::string path = data_dir + "/" + kStoreFileName;
  if (fs::exists(path, fault)) {
    const Result<Store> lock = open_store(data_dir, false);
    // Damaged is what it may be; in use it may not be.
    if (!lock && store_is_in_use(lock.error())) return lock.error();
  }
  std::vector<std::string> moved;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    const std::string old = path + suffix;
    if (!fs::exists(old, fault)) continue;
    if (const Status aside = set_old_aside(old, stamp, told); !aside) return aside;
    moved.push_back(old);
  }
  if (const Status restored = restore_store(file, data_dir); !restored) {
    for (const std::string& old : moved) rename((old + ".before-" + stamp).c_str(), old.c_str());
    told.clear();
    return restored;
  }
  told += "restored " + path + "\n";
  {
    Result<Store> store = open_store(data_dir);
    if (!store) return store.error();
    if (const Status leapt = leap_generations(*store.value().log, now); !leapt) return leapt;
  }
  Copy copy(path);
  if (const Status opened = copy.open(true); !opened) return opened;
  return bring_keys(copy, data_dir, stamp, told);
}

}  // namespace doorward
