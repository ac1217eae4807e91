// What happens in a fleet without intruders. Each function appends attempts in no special order.
#pragma once

#include <vector>

#include "bench/fleet/world.h"

namespace doorward::fleet {

// The logons and typing errors of everybody who works here. Adds mistyped names to the world.
void live_people(World& world, std::vector<Attempt>& out);

// Scheduled jobs and CI runners.
void run_services(const World& world, std::vector<Attempt>& out);

// The internet's guessing against exposed hosts: many addresses, never a success. Adds the names
// that are guessed to the world.
void make_noise(World& world, std::vector<Attempt>& out);

// The address a person's connection shows when it comes from that place to that host; `tunnel` is
// the person's present VPN lease, `mobile` the carrier's address (unset when not tethered).
struct Whereabouts {
  Place place = Place::home;
  Address tunnel;
  Address mobile;
  bool tethered = false;
};
Address address_seen(const Account& account, const Day& day, const Whereabouts& where,
                     const Host& host);

// A client port.
std::uint16_t any_port(Rng& rng);

}  // namespace doorward::fleet
