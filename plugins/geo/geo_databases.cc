#include "plugins/geo/geo_databases.h"

#include <charconv>
#include <cmath>

#include "plugins/special_addresses.h"

namespace doorward {

GeoDatabases::GeoDatabases(const std::vector<std::string>& paths, std::vector<Error>& mistakes) {
  for (const std::string& path : paths) {
    if (slots_.size() == kGeoDatabasesMax) {
      mistakes.push_back({path, "more than " + std::to_string(kGeoDatabasesMax) + " databases"});
      break;
    }
    Slot& slot = slots_.emplace_back();
    slot.path = path;
    reload(slot, mistakes);
  }
}

std::vector<std::string> GeoDatabases::describe() const {
  std::vector<std::string> out;
  for (const Slot& slot : slots_) {
    if (slot.database) out.push_back(slot.path + " (" + slot.database->type() + ")");
  }
  return out;
}

bool GeoDatabases::add_place(const GeoRecord& record, Event& event) {
  const std::string_view known = event[Field::geo_country];
  const std::string_view country = record.country_code();
  if (!known.empty() && !country.empty() && known != country) return false;
  bool added = false;
  if (known.empty() && !country.empty()) {
    buffer_.country = record.country;
    event[Field::geo_country] = {buffer_.country.data(), buffer_.country.size()};
    added = true;
  }
  if (event[Field::geo_city].empty() && !record.city.empty()) {
    event[Field::geo_city] = record.city;
    added = true;
  }
  const bool located = !std::isnan(event.latitude) && !std::isnan(event.longitude);
  if (!located && !std::isnan(record.latitude)) {
    event.latitude = record.latitude;
    event.longitude = record.longitude;
    added = true;
  }
  return added;
}

bool GeoDatabases::add_network(const GeoRecord& record, Event& event) {
  if (record.as_number == 0) return false;
  std::array<char, 10> digits{};
  const std::to_chars_result end =
      std::to_chars(digits.data(), digits.data() + digits.size(), record.as_number);
  const std::string_view number(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
  const std::string_view known = event[Field::as_number];
  if (!known.empty() && known != number) return false;
  bool added = false;
  if (known.empty()) {
    buffer_.as_number = digits;
    event[Field::as_number] = {buffer_.as_number.data(), number.size()};
    added = true;
  }
  if (event[Field::as_organization].empty() && !record.as_organization.empty()) {
    event[Field::as_organization] = record.as_organization;
    added = true;
  }
  return added;
}

bool GeoDatabases::fill_in(Event& event) {
  if (slots_.empty() || !is_public(event.ip)) return false;
  bool added = false;
  for (Slot& slot : slots_) {
    if (!slot.database) continue;
    const GeoRecord record = slot.database->find(event.ip);
    added = add_place(record, event) || added;
    added = add_network(record, event) || added;
  }
  return added;
}

void GeoDatabases::reload(Slot& slot, std::vector<Error>& news) {
  const auto tell = [&](const Error& error) {
    if (!slot.told) news.push_back(error);
    slot.told = true;
  };
  const Result<FileIdentity> now = identity_of(slot.path);
  if (!now) {
    tell(now.error());
    return;
  }
  if (slot.database && slot.database->identity() == now.value()) {
    slot.told = false;
    return;
  }
  if (slot.told && slot.refused == now.value()) return;
  Result<std::unique_ptr<GeoDatabase>> opened = GeoDatabase::open(slot.path);
  if (!opened) {
    slot.refused = now.value();
    tell(opened.error());
    return;
  }
  slot.database = std::move(opened).value();
  slot.told = false;
}

std::vector<Error> GeoDatabases::reload_if_changed(TimeUs now, TimeUs every) {
  std::vector<Error> news;
  if (looked_ != kNoTime && now >= looked_ && now - looked_ < every) return news;
  looked_ = now;
  for (Slot& slot : slots_) reload(slot, news);
  return news;
}

}  // namespace doorward
