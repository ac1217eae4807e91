// Where on the map, and in whose network, the source of an event is.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "plugins/event.h"
#include "plugins/geo/geo_database.h"
#include "sketch/result.h"

namespace doorward {

/// Most databases that are used together; further ones are a mistake.
inline constexpr std::size_t kGeoDatabasesMax = 16;

/// Any number of MMDB files asked together, in the order given: for each attribute the first that
/// has an answer is believed. No file, clock or network is touched but the databases; time is a
/// number given by the caller. For one thread.
class GeoDatabases {
 public:
  GeoDatabases() = default;
  /// Opens the files. One that cannot be opened is noted with its path; the others work, and
  /// reload_if_changed() tries it again.
  GeoDatabases(const std::vector<std::string>& paths, std::vector<Error>& mistakes);

  /// No files were named.
  [[nodiscard]] bool empty() const { return slots_.empty(); }
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  /// "/var/lib/geo/city.mmdb (DBIP-City-Lite)" of each that is open.
  [[nodiscard]] std::vector<std::string> describe() const;

  /// Sets country, city, AS number (digits only), AS organisation and coordinates of a public
  /// source address, each only where the event does not have it. What a record says is left out
  /// where it contradicts what is known already: no city or coordinates of another country, no
  /// organisation of another AS. Gives whether anything was added.
  ///
  /// Views point into the databases or into this object, and are good until its next call. Does not
  /// allocate.
  bool fill_in(Event& event);

  /// Looks at the files when `every` has passed since the last look (both in microseconds of wall
  /// time) or the clock went back. A file that changed is opened anew before the old one is closed.
  /// A new file that is broken, or gone, leaves the old one in use; the reason is given once, not
  /// again until a good one was there in between.
  std::vector<Error> reload_if_changed(TimeUs now, TimeUs every);

 private:
  struct Slot {
    std::string path;
    std::unique_ptr<GeoDatabase> database;  // null: never could be opened
    FileIdentity refused;                   // the broken file that was seen last
    bool told = false;                      // of a broken or missing file
  };
  /// What one call writes; replaced by the next.
  struct Buffer {
    std::array<char, 2> country{};
    std::array<char, 10> as_number{};
  };

  static void reload(Slot& slot, std::vector<Error>& news);
  bool add_place(const GeoRecord& record, Event& event);
  bool add_network(const GeoRecord& record, Event& event);

  std::vector<Slot> slots_;
  Buffer buffer_;
  TimeUs looked_ = kNoTime;
};

}  // namespace doorward
