#include "agent/geo_enricher.h"

#include "plugins/special_addresses.h"

namespace doorward {

void GeoEnricher::on_event(const Event& event) {
  if (databases_.empty() || !is_public(event.ip)) {
    next_.on_event(event);
    return;
  }
  ++counts_.open;
  Event placed = event;
  if (databases_.fill_in(placed)) ++counts_.filled;
  next_.on_event(placed);
}

}  // namespace doorward
