#include "agent/relay_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace doorward {
namespace {

constexpr const char* kName = "audit.log";
constexpr const char* kLock = ".lock";

std::string numbered(int number) {
  return std::string(kName) + "." + std::to_string(number);
}

void close_fd(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

}  // namespace

RelayLog::RelayLog(std::string folder, const RelayLimits& limits, int folder_fd)
    : folder_(std::move(folder)), limits_(limits), folder_fd_(folder_fd) {}

RelayLog::RelayLog(RelayLog&& other) noexcept
    : folder_(std::move(other.folder_)),
      limits_(other.limits_),
      folder_fd_(std::exchange(other.folder_fd_, -1)),
      lock_(std::exchange(other.lock_, -1)),
      file_(std::exchange(other.file_, -1)),
      size_(other.size_) {}

RelayLog::~RelayLog() {
  close_fd(file_);
  close_fd(lock_);
  close_fd(folder_fd_);
}

Error RelayLog::failed(const std::string& what) const {
  return {folder_, what + ": " + std::system_category().message(errno)};
}

Result<RelayLog> RelayLog::open(const std::string& folder, const RelayLimits& limits) {
  std::error_code error;
  const std::filesystem::path path(folder);
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) {
    return Error{folder, "cannot make the folder: " + std::system_category().message(errno)};
  }
  // From here on nothing is reached by its whole path, which others could turn elsewhere.
  RelayLog log(folder, limits,
               ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (log.folder_fd_ < 0) {
    if (errno == ELOOP || errno == ENOTDIR) return Error{folder, "is not a folder of its own"};
    return log.failed("cannot open the folder");
  }
  struct stat facts {};
  if (fstat(log.folder_fd_, &facts) != 0) return log.failed("cannot look at the folder");
  if (facts.st_uid != geteuid()) return Error{folder, "the folder belongs to another user"};
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{folder, "others can write to the folder"};
  }
  log.lock_ =
      openat(log.folder_fd_, kLock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  if (log.lock_ < 0) return log.failed("cannot open .lock");
  if (flock(log.lock_, LOCK_EX | LOCK_NB) != 0) {
    return Error{folder, "another audit-relay writes here"};
  }
  if (Status status = log.open_file(); !status) return status.error();
  return log;
}

Status RelayLog::open_file() {
  close_fd(file_);
  file_ = openat(folder_fd_, kName,
                 O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
  if (file_ < 0) return failed("cannot open audit.log");
  struct stat facts {};
  if (fstat(file_, &facts) != 0) return failed("cannot look at audit.log");
  if (!S_ISREG(facts.st_mode) || facts.st_uid != geteuid() || facts.st_nlink != 1) {
    close_fd(file_);
    return Error{folder_, "audit.log is not a plain file of this user"};
  }
  size_ = static_cast<std::uint64_t>(facts.st_size);
  // Whoever wrote last may have been killed within a line, which then stands alone.
  char last = '\n';
  if (size_ > 0 && pread(file_, &last, 1, facts.st_size - 1) != 1) {
    return failed("cannot read audit.log");
  }
  if (last == '\n') return {};
  return append("\n");
}

Status RelayLog::rotate() {
  for (int number = limits_.kept - 1; number >= 0; --number) {
    const std::string from = number == 0 ? kName : numbered(number);
    if (renameat(folder_fd_, from.c_str(), folder_fd_, numbered(number + 1).c_str()) != 0 &&
        errno != ENOENT) {
      return failed("cannot rotate " + from);
    }
  }
  return open_file();
}

Status RelayLog::append(std::string_view lines) {
  struct stat facts {};
  if (file_ < 0 || fstat(file_, &facts) != 0 || facts.st_nlink == 0) {
    // Somebody deleted the file: what is written to it nobody will read.
    if (Status status = open_file(); !status) return status;
  }
  if (size_ > 0 && size_ + lines.size() > limits_.file_bytes) {
    if (Status status = rotate(); !status) return status;
  }
  std::string_view rest = lines;
  while (!rest.empty()) {
    const ssize_t written = write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const Error error = failed("cannot write audit.log");
      if (ftruncate(file_, static_cast<off_t>(size_)) != 0) close_fd(file_);
      return error;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ += lines.size();
  return {};
}

}  // namespace doorward
