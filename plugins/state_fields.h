// How the parts that several classes remember are saved: times, addresses. One function
// for both ways, see state_archive.h.
#pragma once

#include "plugins/event.h"
#include "plugins/state_archive.h"

namespace doorward {

/// No stamp is further from 1970, so that the distance of any two fits a TimeUs.
inline constexpr TimeUs kStateTimeMaxUs = TimeUs{1} << 60;

/// A time that is known; anything else is a mistake.
template <class Archive, class Time>
void archive_time(Archive& a, Time& time) {
  a.between(time, -kStateTimeMaxUs, kStateTimeMaxUs);
}

/// The same, or kNoTime.
template <class Archive, class Time>
void archive_time_if_any(Archive& a, Time& time) {
  bool known = time != kNoTime;
  a(known);
  if (known) archive_time(a, time);
  if constexpr (Archive::kReads) {
    if (!known) time = kNoTime;
  }
}

template <class Archive, class Address>
void archive_ip(Archive& a, Address& ip) {
  a.between(ip.family, IpAddress::Family::none, IpAddress::Family::v6);
  if (ip.family != IpAddress::Family::none) a(ip.bytes);
}

}  // namespace doorward
