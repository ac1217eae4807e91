// One MMDB file, mapped (MaxMind DB format 2.0), read through libmaxminddb.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugins/geo/geo_record.h"
#include "plugins/ip_address.h"
#include "sketch/result.h"

namespace doorward {

/// Which file, and which state of it: another one when any of these differs.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t modified_ns = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// The identity of the file that a path names now; an error when there is none.
Result<FileIdentity> identity_of(const std::string& path);

/// Addresses whose records are remembered, so that those that come again and again cost no search.
/// Each has one place; a newcomer to a taken one replaces what is there.
inline constexpr std::size_t kGeoRememberedMax = 1024;

/// For one thread.
class GeoDatabase {
 public:
  /// Maps the file. Errors: it cannot be opened, or is no whole MMDB file of version 2.
  static Result<std::unique_ptr<GeoDatabase>> open(const std::string& path);
  ~GeoDatabase();
  GeoDatabase(const GeoDatabase&) = delete;
  GeoDatabase& operator=(const GeoDatabase&) = delete;

  /// What the database has on an address; an empty record when it has nothing. A damaged place in
  /// the file is nothing. Views point into the mapped file. Does not allocate.
  ///
  /// A file that somebody writes over in place is not read from the moment that its size or time
  /// changed: what is mapped may end earlier than it did, and reading there would end the process.
  /// (Replacing a database by renaming a new file over it is safe throughout.)
  GeoRecord find(const IpAddress& ip);

  [[nodiscard]] const FileIdentity& identity() const { return identity_; }
  /// "DBIP-City-Lite", as the file calls itself.
  [[nodiscard]] std::string type() const;

 private:
  struct Handle;
  struct Remembered {
    IpAddress ip;
    GeoRecord record;
  };
  explicit GeoDatabase(std::unique_ptr<Handle> handle);
  [[nodiscard]] GeoRecord search(const IpAddress& ip) const;

  std::unique_ptr<Handle> handle_;
  FileIdentity identity_;
  std::vector<Remembered> remembered_;
};

}  // namespace doorward
