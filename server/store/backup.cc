#include "server/store/backup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "proto/whole_file.h"
#include "server/store/embedded_log.h"
#include "server/store/schema.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_log.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

constexpr const char* kInUse = "a server runs on this folder; stop it first";

constexpr unsigned kPrivate = S_IRUSR | S_IWUSR;
/// Bytes of a file that are copied at a time.
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

/// A file beside its final name, which goes unless it is put in place.
class PartFile {
 public:
  static Result<PartFile> make(const std::string& path) {
    PartFile part;
    part.name_ = path + ".XXXXXX";
    part.file_ = Descriptor(::mkostemp(part.name_.data(), O_CLOEXEC));  // 0600
    if (!part.file_.ok()) {
      part.name_.clear();
      return system_error(path, "cannot make a file");
    }
    return part;
  }
  ~PartFile() {
    if (name_.empty()) return;
    ::unlink(name_.c_str());
    for (const char* suffix : {"-wal", "-shm", "-journal"}) ::unlink((name_ + suffix).c_str());
  }
  PartFile(PartFile&& other) noexcept
      : name_(std::exchange(other.name_, {})), file_(std::move(other.file_)) {}
  PartFile& operator=(PartFile&&) = delete;
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  Descriptor& file() { return file_; }

  /// Gives it its name, unless something has it.
  Status place(const std::string& path) {
    int failed = ::renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
    if (failed != 0 && (errno == EINVAL || errno == ENOSYS)) {  // a file system that cannot
      if (::access(path.c_str(), F_OK) == 0) {
        errno = EEXIST;
      } else {
        failed = ::rename(name_.c_str(), path.c_str());
      }
    }
    if (failed != 0) return system_error(path, "cannot put it there");
    name_.clear();
    return sync_folder(folder_of(path));
  }

 private:
  PartFile() = default;
  std::string name_;
  Descriptor file_;
};

Status to_owner_of_folder(int file, const std::string& path) {
  struct stat folder {};
  if (::geteuid() != 0) return {};
  if (::stat(folder_of(path).c_str(), &folder) != 0 ||
      ::fchown(file, folder.st_uid, folder.st_gid) != 0) {
    return system_error(path, "cannot give it to the owner of the folder");
  }
  return {};
}

Status copy_bytes(int from, const std::string& from_path, int to, const std::string& to_path) {
  std::vector<char> buffer(kCopyBytes);
  for (;;) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(from_path, "cannot read");
    if (got == 0) break;
    for (ssize_t done = 0; done < got;) {
      const ssize_t wrote = ::write(to, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return system_error(to_path, "cannot write");
      done += wrote;
    }
  }
  if (::fsync(to) != 0) return system_error(to_path, "cannot sync");
  return {};
}

/// A copy that nobody else has open: is it a whole store that this program can use?
Status look_through(const std::string& path, const std::string& named) {
  const auto under_its_name = [&](Error error) {
    error.where = named;
    return error;
  };
  Result<SqliteDb> db = SqliteDb::open(path);
  if (!db) return under_its_name(db.error());
  const Result<int> version = store_version(db.value());
  if (!version) return under_its_name(version.error());
  if (version.value() == 0) return Error{named, "is no backup: it is empty"};
  Result<SqliteStatement> check = db.value().prepare("PRAGMA quick_check(1)");
  if (!check) return under_its_name(check.error());
  const Result<bool> row = check.value().step("cannot check it");
  if (!row) return under_its_name(row.error());
  if (row.value() && check.value().text(0) != "ok") {
    return Error{named, "the backup is damaged (SQLite: " + std::string(check.value().text(0)) +
                            "): take an older one"};
  }
  return {};
}

}  // namespace

Status make_store_file(const std::string& path) {
  const Descriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kPrivate));
  if (!file.ok()) {
    return errno == EEXIST ? Status() : Status(system_error(path, "cannot make it"));
  }
  return to_owner_of_folder(file.get(), path);
}

Result<Descriptor> lock_store(const std::string& folder) {
  const std::string path = folder + "/" + kStoreLockName;
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPrivate));
  if (!file.ok()) return system_error(path, "cannot open");
  if (Status status = to_owner_of_folder(file.get(), path); !status) return status.error();
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error(path, "cannot lock");
    return Error{folder, kInUse};
  }
  return file;
}

Status copy_database(const std::string& path, const std::string& to,
                     const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  constexpr std::string_view kCopy = "cannot back up";
  if (::access(to.c_str(), F_OK) == 0) return Error{to, "is there already; name a new file"};
  Result<SqliteDb> from = SqliteDb::open(path);
  if (!from) return from.error();
  Result<PartFile> part = PartFile::make(to);
  if (!part) return part.error();
  part.value().file().reset();
  const auto named = [&](Error error) {
    if (error.where.starts_with(to)) error.where = to;
    return error;
  };
  {
    Result<SqliteDb> into = SqliteDb::open(part.value().name());
    if (!into) return named(into.error());
    // The file has its name only when it is whole, so nothing need be taken back in it.
    if (Status status = into.value().exec("PRAGMA journal_mode = OFF", kCopy); !status) {
      return named(status.error());
    }
    // An open transaction holds on to one moment; without it the copy would begin anew whenever
    // somebody writes.
    if (Status status = from.value().exec("BEGIN", kCopy); !status) return status;
    const Result<std::int64_t> held = from.value().number("SELECT count(*) FROM sqlite_schema");
    if (!held) return held.error();
    sqlite3_backup* copy =
        sqlite3_backup_init(into.value().get(), "main", from.value().get(), "main");
    if (copy == nullptr) return named(sqlite_error(into.value().get(), kCopy));
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK) {
      rc = sqlite3_backup_step(copy, kCopyPages);
      const int all = sqlite3_backup_pagecount(copy);
      const int left = sqlite3_backup_remaining(copy);
      if ((rc == SQLITE_OK || rc == SQLITE_DONE) && progress) {
        progress(static_cast<std::uint64_t>(all - left), static_cast<std::uint64_t>(all));
      }
    }
    if (sqlite3_backup_finish(copy) != SQLITE_OK) {
      return named(sqlite_error(into.value().get(), kCopy));
    }
  }
  return part.value().place(to);
}

Status EmbeddedLog::copy_to(const std::string& path,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return copy_database(path_, path, progress);
}

bool store_is_in_use(const Error& error) {
  return error.what == kInUse;
}

Status restore_store(const std::string& backup, const std::string& folder) {
  const std::string path = folder + "/" + kStoreFileName;
  const Descriptor from(::open(backup.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat file {};
  if (!from.ok() || ::fstat(from.get(), &file) != 0) return system_error(backup, "cannot open");
  if (!S_ISREG(file.st_mode)) return Error{backup, "is no file"};
  if (struct stat wal{}; ::stat((backup + "-wal").c_str(), &wal) == 0 && wal.st_size > 0) {
    return Error{backup,
                 "is no backup but a database in use (its -wal lies beside it): make one with "
                 "doorward-server backup FILE"};
  }
  const Result<Descriptor> lock = lock_store(folder);
  if (!lock) return lock.error();
  for (const char* suffix : {"", "-wal"}) {
    struct stat there {};
    if (::lstat((path + suffix).c_str(), &there) == 0) {
      return Error{path + suffix, "is there already; move server.db* out of the folder first"};
    }
  }
  Result<PartFile> part = PartFile::make(path);
  if (!part) return part.error();
  Descriptor& into = part.value().file();
  if (Status status = copy_bytes(from.get(), backup, into.get(), path); !status) return status;
  if (Status status = to_owner_of_folder(into.get(), path); !status) return status;
  into.reset();
  if (Status status = look_through(part.value().name(), backup); !status) return status;
  return part.value().place(path);
}

}  // namespace doorward
