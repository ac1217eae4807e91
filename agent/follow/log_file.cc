#include "agent/follow/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "agent/limits.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

constexpr unsigned kInflateBytes = 64U * 1024;

FileFacts facts_of(const struct statx& from) {
  FileFacts facts;
  facts.id.device = makedev(from.stx_dev_major, from.stx_dev_minor);
  facts.id.inode = from.stx_ino;
  if ((from.stx_mask & STATX_BTIME) != 0) {
    facts.id.birth_us = TimeUs{from.stx_btime.tv_sec} * kSecondUs + from.stx_btime.tv_nsec / 1000;
  }
  facts.size = from.stx_size;
  facts.modified = TimeUs{from.stx_mtime.tv_sec} * kSecondUs + from.stx_mtime.tv_nsec / 1000;
  facts.links = from.stx_nlink;
  return facts;
}

const char* words_of_type(unsigned mode) {
  if (S_ISDIR(mode)) return "is a folder";
  if (S_ISFIFO(mode)) return "is a pipe";
  if (S_ISLNK(mode)) return "is a symbolic link";
  if (S_ISSOCK(mode)) return "is a socket";
  return "is a device";
}

bool is_missing(int error) {
  return error == ENOENT || error == ENOTDIR;
}

}  // namespace

PathFacts look_at(const std::string& path, bool follow_symlinks) {
  PathFacts out;
  struct statx facts {};
  const int flags = follow_symlinks ? 0 : AT_SYMLINK_NOFOLLOW;
  if (statx(AT_FDCWD, path.c_str(), flags, STATX_BASIC_STATS | STATX_BTIME, &facts) != 0) {
    if (!is_missing(errno)) {
      out.kind = PathFacts::Kind::denied;
      out.why = "cannot be looked at: " + errno_words();
    }
  } else if (!S_ISREG(facts.stx_mode)) {
    out.kind = PathFacts::Kind::refused;
    out.why = std::string(words_of_type(facts.stx_mode)) + ", not a log";
  } else {
    out.kind = PathFacts::Kind::regular;
    out.facts = facts_of(facts);
  }
  return out;
}

TimeUs folder_modified(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct statx facts {};
  if (statx(AT_FDCWD, folder.c_str(), 0, STATX_MTIME, &facts) != 0) return 0;
  return facts_of(facts).modified;
}

LogFile::~LogFile() {
  close();
}

LogFile::LogFile(LogFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      gzip_(std::exchange(other.gzip_, nullptr)),
      inflated_(other.inflated_) {}

LogFile& LogFile::operator=(LogFile&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    gzip_ = std::exchange(other.gzip_, nullptr);
    inflated_ = other.inflated_;
  }
  return *this;
}

void LogFile::close() {
  if (gzip_ != nullptr) {
    gzclose(gzip_);
  } else if (fd_ >= 0) {
    ::close(fd_);
  }
  gzip_ = nullptr;
  fd_ = -1;
  inflated_ = 0;
}

Result<LogFile> LogFile::open(const std::string& path, bool follow_symlinks, bool* gone) {
  // Looked at before it is opened, since opening a device may already do something.
  const PathFacts before = look_at(path, follow_symlinks);
  if (gone != nullptr) *gone = before.kind == PathFacts::Kind::missing;
  if (before.kind == PathFacts::Kind::missing) return Error{path, "is not there"};
  if (!before.regular()) return Error{path, before.why};
  LogFile file;
  file.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                                      (follow_symlinks ? 0 : O_NOFOLLOW));
  if (file.fd_ < 0) {
    if (gone != nullptr) *gone = is_missing(errno);
    return Error{path, "cannot be opened: " + errno_words()};
  }
  struct stat facts {};
  if (fstat(file.fd_, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return Error{path, std::string(words_of_type(facts.st_mode)) + ", not a log"};
  }
  if (path.ends_with(".gz")) {
    file.gzip_ = gzdopen(file.fd_, "rb");
    if (file.gzip_ == nullptr) return Error{path, "out of memory for gzip"};
    gzbuffer(file.gzip_, kInflateBytes);
  }
  return file;
}

std::size_t LogFile::inflate(char* to, std::size_t size, std::string& fault) {
  const int got = gzread(gzip_, to, static_cast<unsigned>(size));
  int code = Z_OK;
  const char* words = gzerror(gzip_, &code);
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
    fault = code == Z_BUF_ERROR ? "truncated gzip: ends in mid-stream"
                                : "broken gzip: " + std::string(words);
  }
  const std::size_t bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
  inflated_ += bytes;
  return bytes;
}

LogFile::Got LogFile::read(std::uint64_t offset, std::string_view before, char* to,
                           std::size_t size) {
  assert(is_open() && before.size() <= kBeforeBytes && before.size() <= offset);
  Got got;
  if (is_gzip()) {
    assert(offset == inflated_);
    got.bytes = inflate(to, size, got.fault);
    return got;
  }
  std::array<char, kBeforeBytes> seen;
  const std::array<iovec, 2> parts = {{{seen.data(), before.size()}, {to, size}}};
  const auto from = static_cast<off_t>(offset - before.size());
  ssize_t bytes = 0;
  do {
    bytes = preadv(fd_, parts.data(), 2, from);
  } while (bytes < 0 && errno == EINTR);
  if (bytes < 0) {
    got.fault = "cannot be read: " + errno_words();
    return got;
  }
  const auto all = static_cast<std::size_t>(bytes);
  if (std::string_view(seen.data(), std::min(all, before.size())) != before) {
    got.changed = true;
    return got;
  }
  got.bytes = all - before.size();
  return got;
}

std::size_t LogFile::head(char* to, std::size_t size) {
  if (is_gzip()) {
    assert(inflated_ == 0);
    std::string ignored;
    const std::size_t got = inflate(to, size, ignored);
    gzclearerr(gzip_);
    gzrewind(gzip_);
    inflated_ = 0;
    return got;
  }
  const ssize_t got = pread(fd_, to, size, 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool LogFile::skip_to(std::uint64_t offset, std::string& before) {
  const std::size_t keep = std::min<std::uint64_t>(kBeforeBytes, offset);
  before.assign(keep, '\0');
  if (!is_gzip()) {
    return pread(fd_, before.data(), keep, static_cast<off_t>(offset - keep)) ==
           static_cast<ssize_t>(keep);
  }
  assert(inflated_ == 0);
  const auto block = std::make_unique_for_overwrite<char[]>(kReadBytes);
  std::string fault;
  while (inflated_ < offset) {
    const std::size_t wanted = std::min<std::uint64_t>(kReadBytes, offset - inflated_);
    const std::size_t got = inflate(block.get(), wanted, fault);
    if (got == 0) return false;
    if (got >= keep) {
      before.assign(block.get() + got - keep, keep);
    } else {
      before.append(block.get(), got);
      before.erase(0, got);
    }
    if (!fault.empty() && inflated_ < offset) return false;
  }
  return true;
}

std::uint64_t LogFile::data_from(std::uint64_t offset) const {
  if (is_gzip()) return offset;
  const off_t found = lseek(fd_, static_cast<off_t>(offset), SEEK_DATA);
  return found < 0 ? offset : static_cast<std::uint64_t>(found);
}

FileFacts LogFile::facts() const {
  struct statx facts {};
  if (statx(fd_, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &facts) != 0) return {};
  return facts_of(facts);
}

std::uint64_t LogFile::whole_size() const {
  const std::uint64_t size = facts().size;
  if (!is_gzip()) return size;
  std::array<unsigned char, 4> last{};
  if (size < last.size() ||
      pread(fd_, last.data(), last.size(), static_cast<off_t>(size - last.size())) != 4) {
    return 0;
  }
  return last[0] | std::uint64_t{last[1]} << 8 | std::uint64_t{last[2]} << 16 |
         std::uint64_t{last[3]} << 24;
}

}  // namespace doorward
