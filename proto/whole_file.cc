#include "proto/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "sketch/system_error.h"

namespace doorward {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { (void)close(); }

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }
  /// False when the kernel reports an error of an earlier write.
  bool close() {
    const int number = std::exchange(number_, -1);
    return number < 0 || ::close(number) == 0;
  }

 private:
  int number_;
};

bool write_all(int descriptor, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

/// Writes, syncs and closes the temporary file.
Status fill(int number, const std::string& temporary, std::span<const std::uint8_t> bytes,
            Owner owner) {
  Descriptor descriptor(number);
  struct stat folder {};
  if (owner == Owner::folder &&
      (::stat(folder_of(temporary).c_str(), &folder) != 0 ||
       (::geteuid() == 0 && ::fchown(descriptor.get(), folder.st_uid, folder.st_gid) != 0))) {
    return system_error(temporary, "cannot give it to the owner of the folder");
  }
  if (::fchmod(descriptor.get(), S_IRUSR | S_IWUSR) != 0)
    return system_error(temporary, "cannot set the mode");
  if (!write_all(descriptor.get(), bytes)) return system_error(temporary, "cannot write");
  if (::fsync(descriptor.get()) != 0) return system_error(temporary, "cannot sync");
  if (!descriptor.close()) return system_error(temporary, "cannot close");
  return {};
}

/// Puts a temporary file beside the path and lets `place` bring it there.
template <class Place>
Status write_and(const std::string& path, std::span<const std::uint8_t> bytes, Owner owner,
                 Place place) {
  std::string temporary = path + ".XXXXXX";
  const int number = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (number < 0) return system_error(path, "cannot create a temporary file beside it");
  Status status = fill(number, temporary, bytes, owner);
  if (status) status = place(temporary);
  if (!status) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_folder(folder_of(path));
}

}  // namespace

Result<std::vector<std::uint8_t>> read_whole_file(const std::string& path, std::size_t bytes_max,
                                                  const std::string& kind, unsigned refused_mode) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.open()) return system_error(path, "cannot open");
  struct stat about {};
  if (::fstat(descriptor.get(), &about) != 0) return system_error(path, "cannot look at the file");
  if (!S_ISREG(about.st_mode)) return Error{path, "not a regular file"};
  if ((about.st_mode & refused_mode) != 0) {
    return Error{path, "others than its owner may read or write it: chmod 600"};
  }
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size > bytes_max) {
    return Error{path, "too long for " + kind + ": " + std::to_string(size) + " bytes"};
  }
  std::vector<std::uint8_t> bytes(size);
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::read(descriptor.get(), bytes.data() + filled, size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "cannot read");
    if (got == 0) return Error{path, "became shorter while it was read"};
    filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

Status write_whole_file(const std::string& path, std::span<const std::uint8_t> bytes, Owner owner) {
  return write_and(path, bytes, owner, [&](const std::string& temporary) -> Status {
    if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
    return system_error(path, "cannot rename into place");
  });
}

Status create_whole_file(const std::string& path, std::span<const std::uint8_t> bytes,
                         Owner owner) {
  return write_and(path, bytes, owner, [&](const std::string& temporary) -> Status {
    if (::link(temporary.c_str(), path.c_str()) != 0) return system_error(path, "cannot create");
    ::unlink(temporary.c_str());
    return {};
  });
}

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

Status sync_folder(const std::string& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.open() || ::fsync(descriptor.get()) != 0) {
    return system_error(folder, "cannot sync the folder");
  }
  return {};
}

}  // namespace doorward
