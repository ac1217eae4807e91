// The last places of users: plain bytes of the live state, and the judgement of a journey.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "plugins/event.h"
#include "sketch/entity_table.h"

namespace doorward {

/// Users whose places are kept. At the limit the one with the weakest claim in its set is forgotten
/// (see EntityTable): the next logon of that user has nothing to be compared with.
inline constexpr std::size_t kTravelUsersMax = 8192;

/// Places kept of a user. A fifth takes the place of the one not seen for longest.
inline constexpr std::size_t kPlacesMax = 4;

/// A place, or a user, not seen for so long is forgotten, in seconds.
inline constexpr std::uint32_t kPlaceMemorySeconds = 30 * 86'400;

/// A place seen on so many days (UTC) is one of the user's usual ones. Days, not logons: who got in
/// today cannot make a place usual today.
inline constexpr std::uint16_t kUsualDays = 3;

/// Where a user was seen. All zero: free.
struct Place {
  float latitude = 0;
  float longitude = 0;
  std::uint32_t newest = 0;  ///< event time, seconds since 1970; 0: free
  std::uint16_t days = 0;    ///< different days that it was seen on
  std::uint8_t name_size = 0;
  bool has_city = false;
  std::array<char, 2> country{};
  std::array<char, 46> text{};  ///< "Uppsala, SE", cut between characters

  [[nodiscard]] std::string_view name() const { return {text.data(), name_size}; }
};

/// The place of an event, not counted yet; newest 0 when it has none, or no time after 1970.
Place place_of(const Event& event);

struct UserPlaces : EntityHead {
  std::array<Place, kPlacesMax> places{};
};

/// Whether the bytes of an EntityTable<UserPlaces> can be gone on with: no length beyond its
/// text.
bool places_are_sound(std::span<const std::byte> table);

/// What is too fast to be true.
struct TravelLimits {
  double faster_than_kmh = 900;
  double least_km = 500;
};

/// A journey that nobody makes.
struct Journey {
  Place from;
  double km = 0;
  std::int64_t seconds = 0;  ///< from the other place to this one; negative for a late event
};

/// Compares a place with those next to it in time, before and (for a late event) after. True when
/// one of the two journeys is impossible; `out` is the faster one. Quiet are:
/// * distances below least_km, since databases are imprecise;
/// * two places of one country of which one has no city: its coordinates are the country's middle;
/// * two places that are both usual for the user: home and the exit of a VPN.
bool impossible_journey(const UserPlaces& user, const Place& now, const TravelLimits& limits,
                        Journey& out);

/// Adds a place. Those closer than half of least_km are one. A late event never replaces what is
/// newer, but counts for its own place.
void add_place(UserPlaces& user, const Place& now, const TravelLimits& limits);

}  // namespace doorward
