#include "proto/baseline_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

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

Error failed(const std::string& path, const char* what) {
  return Error{path, std::string(what) + ": " + std::generic_category().message(errno)};
}

bool write_all(int descriptor, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

Status sync_folder(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.open() || ::fsync(descriptor.get()) != 0) {
    return failed(folder, "cannot sync the folder");
  }
  return {};
}

// Writes, syncs and closes the temporary file, then puts it in place.
Status fill_and_rename(int number, const std::string& temporary, const std::string& path,
                       std::span<const std::uint8_t> bytes) {
  Descriptor descriptor(number);
  if (::fchmod(descriptor.get(), S_IRUSR | S_IWUSR) != 0)
    return failed(temporary, "cannot set the mode");
  if (!write_all(descriptor.get(), bytes)) return failed(temporary, "cannot write");
  if (::fsync(descriptor.get()) != 0) return failed(temporary, "cannot sync");
  if (!descriptor.close()) return failed(temporary, "cannot close");
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return failed(path, "cannot rename into place");
  return {};
}

}  // namespace

Result<Baseline> read_baseline_file(const std::string& path, const HashKey& key,
                                    std::size_t bytes_max) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.open()) return failed(path, "cannot open");
  struct stat about {};
  if (::fstat(descriptor.get(), &about) != 0) return failed(path, "cannot look at the file");
  if (!S_ISREG(about.st_mode)) return Error{path, "not a regular file"};
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size > encoded_baseline_max(bytes_max)) {
    return Error{path, "too long for a baseline: " + std::to_string(size) + " bytes"};
  }
  std::vector<std::uint8_t> bytes(size);
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::read(descriptor.get(), bytes.data() + filled, size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path, "cannot read");
    if (got == 0) return Error{path, "became shorter while it was read"};
    filled += static_cast<std::size_t>(got);
  }
  auto baseline = decode_baseline(bytes, key, bytes_max);
  if (!baseline) return Error{path, baseline.error().message()};
  return baseline;
}

Status write_baseline_file(const std::string& path, const Baseline& baseline) {
  const std::vector<std::uint8_t> bytes = encode_baseline(baseline);
  std::string temporary = path + ".XXXXXX";
  const int number = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (number < 0) return failed(path, "cannot create a temporary file beside it");
  if (Status status = fill_and_rename(number, temporary, path, bytes); !status) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_folder(path);
}

}  // namespace doorward
