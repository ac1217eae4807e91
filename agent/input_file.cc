#include "agent/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "sketch/system_error.h"

namespace doorward {
namespace {

constexpr unsigned kInflateBytes = 128U * 1024;

std::string inflate_words(int code, const char* words) {
  return code == Z_BUF_ERROR ? "truncated gzip: ends in mid-stream"
                             : "broken gzip: " + std::string(words);
}

}  // namespace

InputFile::~InputFile() {
  if (gzip_ != nullptr) {
    gzclose(gzip_);
  } else if (fd_ > STDIN_FILENO) {
    ::close(fd_);
  }
}

Status InputFile::open(const std::string& path) {
  assert(fd_ < 0);
  path_ = path;
  if (path == "-") {
    path_ = "standard input";
    fd_ = STDIN_FILENO;
  } else if (Status opened = open_descriptor(); !opened) {
    return opened;
  }
  struct stat facts {};
  if (fstat(fd_, &facts) != 0) return {};
  if (S_ISDIR(facts.st_mode)) return Error{path, "is a directory; name its files"};
  if (S_ISREG(facts.st_mode)) {
    regular_ = path != "-";
    device_ = facts.st_dev;
    inode_ = facts.st_ino;
    size_ = static_cast<std::uint64_t>(facts.st_size);
    modified_ = TimeUs{facts.st_mtim.tv_sec} * kSecondUs + facts.st_mtim.tv_nsec / 1000;
  }
  return {};
}

Status InputFile::open_descriptor() {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return Error{path_, "cannot open: " + errno_words()};
  return {};
}

Status InputFile::begin_gzip() {
  if (lseek(fd_, 0, SEEK_SET) != 0) {
    return Error{path_, "gzip can only be read from a file, not from a pipe; use zcat"};
  }
  gzip_ = gzdopen(fd_, "rb");
  if (gzip_ == nullptr) return Error{path_, "out of memory for gzip"};
  gzbuffer(gzip_, kInflateBytes);
  is_gzip_ = true;
  read_ = 0;
  return {};
}

std::size_t InputFile::read(char* to, std::size_t size) {
  if (gzip_ != nullptr) {
    const int got = gzread(gzip_, to, static_cast<unsigned>(size));
    int code = Z_OK;
    const char* words = gzerror(gzip_, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) fault_ = inflate_words(code, words);
    const std::size_t bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
    read_ += bytes;
    return bytes;
  }
  ssize_t got = 0;
  do {
    got = ::read(fd_, to, size);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    fault_ = "cannot read further: " + errno_words();
    return 0;
  }
  read_ += static_cast<std::size_t>(got);
  return static_cast<std::size_t>(got);
}

void InputFile::close() {
  assert(can_return());
  if (!is_open()) return;
  left_at_ = disk_bytes_read();
  if (gzip_ != nullptr) {
    gzclose(gzip_);
  } else {
    ::close(fd_);
  }
  gzip_ = nullptr;
  fd_ = -1;
}

Status InputFile::reopen(std::uint64_t offset) {
  assert(can_return() && !is_open());
  if (Status opened = open_descriptor(); !opened) return opened;
  struct stat facts {};
  if (fstat(fd_, &facts) != 0 || facts.st_dev != device_ || facts.st_ino != inode_) {
    return Error{path_, "was replaced by another file while it was read"};
  }
  const Error shorter{path_, "was cut while it was read"};
  if (is_gzip_) {
    if (Status begun = begin_gzip(); !begun) return begun;
    if (gzseek(gzip_, static_cast<z_off_t>(offset), SEEK_SET) < 0) return shorter;
  } else if (static_cast<std::uint64_t>(facts.st_size) < offset ||
             lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0) {
    return shorter;
  }
  read_ = offset;
  return {};
}

std::uint64_t InputFile::disk_bytes_read() const {
  if (is_gzip_ && gzip_ == nullptr) return left_at_;
  if (gzip_ != nullptr) return static_cast<std::uint64_t>(std::max<z_off_t>(0, gzoffset(gzip_)));
  return read_;
}

}  // namespace doorward
