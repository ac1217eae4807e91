// Gives events the place of their source, between the merging of twins and the pipeline.
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/event.h"
#include "plugins/geo/geo_databases.h"

namespace doorward {

/// How often a running agent looks whether a database changed.
inline constexpr TimeUs kGeoReloadUs = 60 * kSecondUs;

/// What came by.
struct GeoCounts {
  std::uint64_t open = 0;    ///< events with a public source address
  std::uint64_t filled = 0;  ///< of these: given something that their log did not have
};

/// Hands on a copy of each event with what the databases know; without databases the event itself.
/// Does not allocate.
class GeoEnricher final : public EventSink {
 public:
  /// Both must outlive this.
  GeoEnricher(GeoDatabases& databases, EventSink& next) : databases_(databases), next_(next) {}

  void on_event(const Event& event) override;

  /// Takes up databases that changed, at most every kGeoReloadUs of wall time. Gives what is wrong
  /// with new files, once for each.
  std::vector<Error> refresh(TimeUs now) { return databases_.reload_if_changed(now, kGeoReloadUs); }

  [[nodiscard]] const GeoCounts& counts() const { return counts_; }

 private:
  GeoDatabases& databases_;
  EventSink& next_;
  GeoCounts counts_;
};

}  // namespace doorward
