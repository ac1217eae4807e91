#include "plugins/geo/geo_database.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace doorward {
namespace {

FileIdentity identity_from(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size,
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

/// A file replaced between two looks at it is opened again this often.
constexpr int kOpenTries = 3;

std::size_t place_of(const IpAddress& ip) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, ip.bytes.data(), sizeof high);
  std::memcpy(&low, ip.bytes.data() + sizeof high, sizeof low);
  const std::uint64_t mixed = (high ^ low * 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
  return static_cast<std::size_t>(mixed >> 32) % kGeoRememberedMax;
}

std::string last_error() {
  return std::generic_category().message(errno);
}

}  // namespace

/// What is open: a descriptor to ask for the file's state, and the mapping.
struct GeoDatabase::Handle {
  int file = -1;
  bool mapped = false;
  MMDB_s mmdb{};

  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (mapped) MMDB_close(&mmdb);
    if (file >= 0) ::close(file);
  }
};

Result<FileIdentity> identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return Error{path, last_error()};
  return identity_from(status);
}

GeoDatabase::GeoDatabase(std::unique_ptr<Handle> handle)
    : handle_(std::move(handle)), remembered_(kGeoRememberedMax) {}
GeoDatabase::~GeoDatabase() = default;

Result<std::unique_ptr<GeoDatabase>> GeoDatabase::open(const std::string& path) {
  for (int attempt = 0; attempt < kOpenTries; ++attempt) {
    auto handle = std::make_unique<Handle>();
    // Not blocking, so that a pipe of this name cannot hold up the start.
    handle->file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (handle->file < 0) return Error{path, last_error()};
    struct stat status {};
    if (::fstat(handle->file, &status) != 0) return Error{path, last_error()};
    if (!S_ISREG(status.st_mode)) return Error{path, "expected a file"};
    const int error = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &handle->mmdb);
    // The library opens the path by itself: it must have seen what we did.
    const Result<FileIdentity> after = identity_of(path);
    const bool same = after && after.value() == identity_from(status);
    handle->mapped = error == MMDB_SUCCESS;
    if (!same) continue;
    if (error != MMDB_SUCCESS) {
      return Error{path, std::string("not a whole MMDB file: ") + MMDB_strerror(error)};
    }
    std::unique_ptr<GeoDatabase> database(new GeoDatabase(std::move(handle)));
    database->identity_ = after.value();
    return database;
  }
  return Error{path, "changed while it was opened"};
}

GeoRecord GeoDatabase::find(const IpAddress& ip) {
  struct stat status {};
  if (::fstat(handle_->file, &status) != 0 || identity_from(status) != identity_) return {};
  Remembered& place = remembered_[place_of(ip)];
  if (place.ip != ip) place = {ip, search(ip)};
  return place.record;
}

GeoRecord GeoDatabase::search(const IpAddress& ip) const {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } address{};
  if (ip.family == IpAddress::Family::v4) {
    address.v4.sin_family = AF_INET;
    std::memcpy(&address.v4.sin_addr, ip.bytes.data(), 4);
  } else if (ip.family == IpAddress::Family::v6) {
    address.v6.sin6_family = AF_INET6;
    std::memcpy(&address.v6.sin6_addr, ip.bytes.data(), 16);
  } else {
    return {};
  }
  int error = MMDB_SUCCESS;
  MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&handle_->mmdb, &address.any, &error);
  if (error != MMDB_SUCCESS || !found.found_entry) return {};
  return read_geo_record(found.entry);
}

std::string GeoDatabase::type() const {
  const char* type = handle_->mmdb.metadata.database_type;
  return type == nullptr ? "" : type;
}

}  // namespace doorward
