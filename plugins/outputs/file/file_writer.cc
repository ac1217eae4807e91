#include "plugins/outputs/file/file_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "plugins/delivery/limits.h"

namespace doorward {
namespace {

constexpr mode_t kMode = 0640;

std::uint64_t size_of(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

}  // namespace

LinesWritten FileWriter::write(std::span<const Document> batch) {
  std::string lines;
  for (const Document& document : batch) {
    lines += document.text;
    lines += '\n';
  }
  if (fd_.ok() && is_gone()) fd_.reset();
  if (!fd_.ok()) {
    if (Status opened = open(); !opened) return {0, opened.error().message()};
  }
  std::uint64_t size = size_of(fd_.get());
  if (settings_.rotate && size > 0 && size + lines.size() > settings_.max_bytes) {
    rotate();
    if (Status opened = open(); !opened) return {0, opened.error().message()};
    size = size_of(fd_.get());
  }
  std::string_view rest = lines;
  while (!rest.empty()) {
    const ssize_t done = ::write(fd_.get(), rest.data(), rest.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) break;
    rest.remove_prefix(static_cast<std::size_t>(done));
  }
  if (!rest.empty() || ::fdatasync(fd_.get()) != 0) {
    const Error error = system_error(settings_.path, "cannot append");
    // With the descriptor's end open() looks for a half line again, should this fail.
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) fd_.reset();
    return {0, error.message()};
  }
  return {batch.size(), {}};
}

Status FileWriter::open() {
  // O_NONBLOCK: a pipe in its place must not hold the thread.
  const int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Descriptor fd(::open(settings_.path.c_str(), flags, kMode));
  struct stat about {};
  if (!fd.ok() || ::fstat(fd.get(), &about) != 0) {
    return system_error(settings_.path, "cannot open");
  }
  if (!S_ISREG(about.st_mode)) return Error{settings_.path, "is not a regular file"};
  fd_ = std::move(fd);
  Status mended = mend(static_cast<std::uint64_t>(about.st_size));
  if (!mended) fd_.reset();
  return mended;
}

Status FileWriter::mend(std::uint64_t size) const {
  std::string tail(std::min<std::uint64_t>(size, kDocumentBytesMax), '\0');
  if (tail.empty()) return {};
  const ssize_t got =
      ::pread(fd_.get(), tail.data(), tail.size(), static_cast<off_t>(size - tail.size()));
  if (got != static_cast<ssize_t>(tail.size())) return system_error(settings_.path, "cannot read");
  if (tail.back() == '\n') return {};
  const std::size_t end = tail.rfind('\n');
  const std::size_t begin = end == std::string::npos ? 0 : end + 1;
  if (tail[begin] != '{' || (end == std::string::npos && tail.size() < size)) {
    return Error{settings_.path, "ends with half a line that is not of this program"};
  }
  const std::uint64_t keep = size - tail.size() + begin;
  if (::ftruncate(fd_.get(), static_cast<off_t>(keep)) != 0) {
    return system_error(settings_.path, "cannot cut off a half line");
  }
  return {};
}

bool FileWriter::is_gone() const {
  struct stat ours {};
  struct stat there {};
  if (::fstat(fd_.get(), &ours) != 0 || ::stat(settings_.path.c_str(), &there) != 0) return true;
  return ours.st_dev != there.st_dev || ours.st_ino != there.st_ino;
}

void FileWriter::rotate() const {
  // When renaming is forbidden the file just grows on: alerts matter more than its size.
  const auto numbered = [&](std::int64_t number) {
    return settings_.path + "." + std::to_string(number);
  };
  if (settings_.keep == 0) {
    ::unlink(settings_.path.c_str());
    return;
  }
  for (std::int64_t number = settings_.keep - 1; number >= 1; --number) {
    std::rename(numbered(number).c_str(), numbered(number + 1).c_str());
  }
  std::rename(settings_.path.c_str(), numbered(1).c_str());
}

}  // namespace doorward
