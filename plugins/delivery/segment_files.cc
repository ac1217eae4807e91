#include "plugins/delivery/segment_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "plugins/delivery/limits.h"
#include "plugins/delivery/segment.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".seg";
constexpr std::string_view kDamaged = ".damaged";
constexpr std::string_view kTemporary = ".tmp";
constexpr std::size_t kNameDigits = 16;
constexpr mode_t kFileMode = 0600;

/// Whether a file's name is that of a segment, and which sequence it begins with.
bool is_segment(std::string_view name, std::uint64_t& first) {
  if (name.size() != kNameDigits + kSuffix.size() || !name.ends_with(kSuffix)) return false;
  const char* const end = name.data() + kNameDigits;
  const auto [last, mistake] = std::from_chars(name.data(), end, first, 16);
  return mistake == std::errc() && last == end && first != 0;
}

/// Writes all at an offset; on failure errno says why.
bool write_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
  return true;
}

Status write_new(const std::string& path, std::string_view bytes) {
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
  if (!fd.ok()) return system_error(path, "cannot make the file");
  if (!write_all(fd.get(), bytes, 0) || ::fsync(fd.get()) != 0) {
    Error error = system_error(path, "cannot write");
    ::unlink(path.c_str());
    return error;
  }
  return {};
}

void sync_folder_of(const std::string& path) {
  const Descriptor fd(
      ::open(fs::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.ok()) ::fsync(fd.get());
}

}  // namespace

Result<std::string> read_whole(const std::string& path, std::size_t bytes_max) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!fd.ok() || ::fstat(fd.get(), &about) != 0) return system_error(path, "cannot read");
  if (about.st_size < 0 || static_cast<std::uint64_t>(about.st_size) > bytes_max) {
    return Error{path, "is larger than " + std::to_string(bytes_max) + " bytes"};
  }
  std::string out(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t got =
        ::pread(fd.get(), out.data() + have, out.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "cannot read");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

Status write_atomically(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + std::string(kTemporary);
  if (Status written = write_new(temporary, bytes); !written) return written;
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_error(path, "cannot rename to");
  sync_folder_of(path);
  return {};
}

Result<SegmentFiles> SegmentFiles::open(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error{folder, "cannot make the folder of the spool: " + error.message()};
  SegmentFiles files;
  files.folder_ = folder;
  files.folder_fd_ = Descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!files.folder_fd_.ok()) return system_error(folder, "cannot open the folder of the spool");
  if (::flock(files.folder_fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{folder, "the spool is in use by another program"};
  }
  return files;
}

std::vector<std::uint64_t> SegmentFiles::found() const {
  std::vector<std::uint64_t> out;
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(kTemporary)) leftovers.push_back(it->path());
    std::uint64_t first = 0;
    if (is_segment(name, first)) out.push_back(first);
  }
  for (const fs::path& path : leftovers) {
    // Whole, when the segment it replaces was already set aside; an unfinished one otherwise.
    const fs::path target = fs::path(path).replace_extension();
    std::uint64_t first = 0;
    if (is_segment(target.filename().string(), first) && !fs::exists(target, error)) {
      fs::rename(path, target, error);
      out.push_back(first);
    } else {
      fs::remove(path, error);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string SegmentFiles::path_of(std::uint64_t first) const {
  std::array<char, kNameDigits + 1> name{};
  std::snprintf(name.data(), name.size(), "%016" PRIx64, first);
  return folder_ + "/" + name.data() + std::string(kSuffix);
}

SegmentFile& SegmentFiles::adopt(std::uint64_t first, std::uint64_t bytes) {
  SegmentFile& segment = segments_[first];
  disk_bytes_ += bytes - segment.bytes;
  segment.path = path_of(first);
  segment.bytes = bytes;
  return segment;
}

Status SegmentFiles::reopen(std::uint64_t first, std::uint64_t bytes) {
  SegmentFile& segment = segments_.at(first);
  Descriptor fd(::open(segment.path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.ok()) return system_error(segment.path, "cannot append to the segment");
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) {
    return system_error(segment.path, "cannot cut the segment");
  }
  disk_bytes_ += bytes - segment.bytes;
  segment.bytes = bytes;
  active_ = first;
  active_fd_ = std::move(fd);
  return {};
}

Status SegmentFiles::start(std::uint64_t first) {
  if (Status closed = close_active(); !closed) return closed;
  const std::string path = path_of(first);
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
  if (!fd.ok()) return system_error(path, "cannot make a segment");
  std::string head;
  append_segment_head(first, head);
  if (!write_all(fd.get(), head, 0)) {
    Error error = system_error(path, "cannot write a segment");
    ::unlink(path.c_str());
    return error;
  }
  adopt(first, head.size());
  active_ = first;
  active_fd_ = std::move(fd);
  folder_changed_ = true;
  return {};
}

Status SegmentFiles::close_active() {
  if (active_ == 0) return {};
  if (Status synced = sync(); !synced) return synced;
  active_ = 0;
  active_fd_.reset();
  return {};
}

Status SegmentFiles::append(std::string_view bytes) {
  assert(active_ != 0);
  SegmentFile& segment = segments_.at(active_);
  if (!write_all(active_fd_.get(), bytes, segment.bytes)) {
    Error error = system_error(segment.path, "cannot append");
    // Half a record at the end would be damage for the next one. If this fails as well, the next
    // record is written over it.
    [[maybe_unused]] const int cut =
        ::ftruncate(active_fd_.get(), static_cast<off_t>(segment.bytes));
    return error;
  }
  segment.bytes += bytes.size();
  disk_bytes_ += bytes.size();
  return {};
}

Status SegmentFiles::sync() {
  if (active_ != 0 && ::fdatasync(active_fd_.get()) != 0) {
    return system_error(segments_.at(active_).path, "cannot make durable");
  }
  if (folder_changed_ && ::fsync(folder_fd_.get()) != 0) {
    return system_error(folder_, "cannot make durable");
  }
  folder_changed_ = false;
  return {};
}

Result<std::string> SegmentFiles::read(std::uint64_t first, std::uint64_t offset,
                                       std::size_t size) {
  const std::string& path = segments_.at(first).path;
  if (reading_ != first || !read_fd_.ok()) {
    read_fd_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    reading_ = first;
    if (!read_fd_.ok()) return system_error(path, "cannot read");
  }
  std::string out(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got =
        ::pread(read_fd_.get(), out.data() + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "cannot read");
    if (got == 0) return Error{path, "ends too early"};
    have += static_cast<std::size_t>(got);
  }
  return out;
}

Status SegmentFiles::rewrite(std::uint64_t first, std::string_view bytes) {
  assert(first != active_);
  SegmentFile& segment = segments_.at(first);
  const std::string temporary = segment.path + std::string(kTemporary);
  if (Status written = write_new(temporary, bytes); !written) return written;
  if (segment.damaged) set_aside(segment.path);
  if (::rename(temporary.c_str(), segment.path.c_str()) != 0) {
    return system_error(segment.path, "cannot replace the segment");
  }
  ::fsync(folder_fd_.get());
  if (reading_ == first) read_fd_.reset();
  disk_bytes_ += bytes.size() - segment.bytes;
  segment.bytes = bytes.size();
  segment.damaged = false;
  return {};
}

void SegmentFiles::remove(std::uint64_t first) {
  assert(first != active_);
  const auto found = segments_.find(first);
  assert(found != segments_.end());
  if (found->second.damaged) {
    set_aside(found->second.path);
  } else {
    ::unlink(found->second.path.c_str());
  }
  if (reading_ == first) read_fd_.reset();
  disk_bytes_ -= found->second.bytes;
  segments_.erase(found);
}

void SegmentFiles::set_aside(const std::string& path) const {
  ::rename(path.c_str(), (path + std::string(kDamaged)).c_str());
  std::vector<std::string> kept;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().string();
    if (name.ends_with(std::string(kSuffix) + std::string(kDamaged))) {
      kept.push_back(std::move(name));
    }
  }
  std::sort(kept.begin(), kept.end());
  for (std::size_t i = 0; i + kDamagedKept < kept.size(); ++i) ::unlink(kept[i].c_str());
}

}  // namespace doorward
