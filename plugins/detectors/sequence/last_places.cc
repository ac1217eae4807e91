#include "plugins/detectors/sequence/last_places.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "plugins/detectors/state_check.h"
#include "plugins/geo/great_circle.h"

namespace doorward {
namespace {

constexpr std::uint32_t kDaySeconds = 86'400;

double km_between(const Place& a, const Place& b) {
  return great_circle_km(a.latitude, a.longitude, b.latitude, b.longitude);
}

void append(Place& place, std::string_view text) {
  std::size_t size = std::min(text.size(), place.text.size() - place.name_size);
  if (size < text.size()) {
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  }
  std::copy_n(text.data(), size, place.text.data() + place.name_size);
  place.name_size = static_cast<std::uint8_t>(place.name_size + size);
}

/// Seen, and not so long before or after `now` that it is forgotten.
bool remembered(const Place& place, std::uint32_t now) {
  return place.newest != 0 && (place.newest >= now || now - place.newest <= kPlaceMemorySeconds);
}

/// The user's place that `now` is part of; null when there is none.
template <class User>
auto* own_place(User& user, const Place& now, double within_km) {
  decltype(user.places.data()) nearest = nullptr;
  double nearest_km = within_km;
  for (auto& place : user.places) {
    if (!remembered(place, now.newest)) continue;
    const double km = km_between(place, now);
    if (km < nearest_km) {
      nearest = &place;
      nearest_km = km;
    }
  }
  return nearest;
}

/// Coordinates of a country, not of a city, say nothing about journeys within it.
bool vague(const Place& a, const Place& b) {
  return (!a.has_city || !b.has_city) && a.country[0] != '\0' && a.country == b.country;
}

}  // namespace

Place place_of(const Event& event) {
  Place place;
  constexpr TimeUs kEnd = TimeUs{UINT32_MAX} * kSecondUs;
  if (std::isnan(event.latitude) || std::isnan(event.longitude)) return place;
  if (event.time < kSecondUs || event.time >= kEnd) return place;
  place.latitude = event.latitude;
  place.longitude = event.longitude;
  place.newest = static_cast<std::uint32_t>(event.time / kSecondUs);
  const std::string_view city = event[Field::geo_city];
  const std::string_view country = event[Field::geo_country].substr(0, 2);
  place.has_city = !city.empty();
  std::copy(country.begin(), country.end(), place.country.begin());
  // What is left of the text always has room for ", SE".
  constexpr std::size_t kCityMax = std::tuple_size_v<decltype(Place::text)> - 4;
  std::size_t size = std::min(city.size(), kCityMax);
  while (size < city.size() && size > 0 && (static_cast<unsigned char>(city[size]) & 0xC0) == 0x80)
    --size;
  append(place, city.substr(0, size));
  if (!city.empty() && !country.empty()) append(place, ", ");
  append(place, country);
  return place;
}

bool places_are_sound(std::span<const std::byte> table) {
  const std::size_t places_at = place_of<UserPlaces>(&UserPlaces::places);
  for (std::size_t user = 0; user + sizeof(UserPlaces) <= table.size();
       user += sizeof(UserPlaces)) {
    for (std::size_t i = 0; i < kPlacesMax; ++i) {
      const std::size_t at = user + places_at + i * sizeof(Place);
      if (raw_member<Place>(table, at, &Place::has_city) > 1) return false;
      if (raw_member<Place>(table, at, &Place::name_size) >
          static_cast<int>(std::tuple_size_v<decltype(Place::text)>)) {
        return false;
      }
    }
  }
  return true;
}

bool impossible_journey(const UserPlaces& user, const Place& now, const TravelLimits& limits,
                        Journey& out) {
  const Place* before = nullptr;
  const Place* after = nullptr;
  for (const Place& place : user.places) {
    if (!remembered(place, now.newest)) continue;
    if (place.newest <= now.newest) {
      if (before == nullptr || place.newest > before->newest) before = &place;
    } else if (after == nullptr || place.newest < after->newest) {
      after = &place;
    }
  }
  const Place* own = own_place(user, now, limits.least_km / 2);
  const bool usual = own != nullptr && own->days >= kUsualDays;
  double fastest = limits.faster_than_kmh;
  bool found = false;
  for (const Place* other : {before, after}) {
    if (other == nullptr || vague(*other, now)) continue;
    if (usual && other->days >= kUsualDays) continue;
    const double km = km_between(*other, now);
    if (km < limits.least_km) continue;
    const std::int64_t seconds = std::int64_t{now.newest} - other->newest;
    const double speed =
        km * 3600 / static_cast<double>(std::max<std::int64_t>(1, std::abs(seconds)));
    if (speed <= fastest) continue;
    fastest = speed;
    found = true;
    out = {*other, km, seconds};
  }
  return found;
}

void add_place(UserPlaces& user, const Place& now, const TravelLimits& limits) {
  if (Place* own = own_place(user, now, limits.least_km / 2)) {
    if (now.newest < own->newest) return;
    const bool another_day = now.newest / kDaySeconds != own->newest / kDaySeconds;
    const std::uint16_t days = own->days;
    *own = now;
    own->days = static_cast<std::uint16_t>(another_day && days < UINT16_MAX ? days + 1 : days);
    return;
  }
  Place* const oldest =
      std::min_element(user.places.begin(), user.places.end(),
                       [](const Place& a, const Place& b) { return a.newest < b.newest; });
  if (now.newest < oldest->newest) return;
  *oldest = now;
  oldest->days = 1;
}

}  // namespace doorward
