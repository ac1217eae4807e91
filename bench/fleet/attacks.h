// Intruders: the campaigns of the test days and every attempt that belongs to them.
#pragma once

#include <vector>

#include "bench/fleet/world.h"

namespace doorward::fleet {

struct NewUser {
  Time time = 0;
  std::uint32_t host = 0;
  std::uint32_t user = 0;
};

struct Plan {
  std::vector<Campaign> campaigns;
  std::vector<Attempt> attempts;   // Attempt::campaign indexes campaigns
  std::vector<NewUser> new_users;  // local accounts that intruders made
};

// Plans Config::attacks campaigns of each kind. `ordinary` is the fleet's own life, from which
// victims are chosen. May add names and keys to the world.
Plan plan_attacks(World& world, const std::vector<Attempt>& ordinary);

// What the ordinary log says about each user, by the number in World::names.
struct History {
  std::vector<bool> active;          // had enough logons to be a victim
  std::vector<Time> last_seen;       // 0 for never
  std::vector<std::uint32_t> hours;  // a bit for each hour of the UTC day with a logon
};

// One campaign in the making, and what campaigns of all kinds need. Kinds are implemented in
// attacks_access.cpp (the intruder has a way in) and attacks_guessing.cpp (the intruder guesses).
class Intruder {
 public:
  Intruder(World& world, const History& history, Plan& plan, AttackKind kind, int number);

  void stolen_credentials();
  void stolen_credentials_near();
  void lateral_movement();
  void dormant_account(const Account& account, Time last_seen);
  void rogue_account();
  void off_hours();
  void spraying();
  void brute_force();
  void slow_guessing();

  // Closes the campaign: events outside the test days are dropped, start and end follow.
  void finish();

 private:
  // Someone who worked before and during the test days and was not attacked yet.
  const Account& victim(bool with_services = false);
  const Account& try_person();
  // When the campaign begins: at an hour of the user's working day, or at any hour.
  Time begin(const Account& account, bool working_hours);
  Time any_time(double last_share = 0.97);
  // Sorted times, the first at `from`, the others within `span`.
  std::vector<Time> spread(Time from, Time span, int count);
  // A network that has nothing to do with the user.
  std::size_t far_provider(const Account& account);
  std::uint32_t own_host(const Account& account);
  std::uint32_t other_host(const Account& account);
  std::uint32_t exposed_host(const Account& account, double own);
  // The user's own way to log on; without the key, a key user's password.
  void credential(const Account& account, bool has_key, Attempt& attempt);
  // Whether the user is known to work within an hour of that time of day.
  [[nodiscard]] bool is_awake(const Account& account, Time at) const;
  Attempt& add(Time at, Address from, std::uint32_t user, std::uint32_t host);
  Attempt& add_guess(Time at, Address from, std::uint32_t user, std::uint32_t host, bool known);
  void log_on_after(Time at, Address from, const Account& account, std::uint32_t host, int more);

  // Draws that share an expression would depend on the compiler's order of evaluation, so each of
  // these makes its draws in statements of its own.
  Address address_of(std::size_t provider) { return world_.networks().address(provider, rng_); }
  Address far_address(const Account& account);
  Address anywhere();  // a hosting or home address, anywhere in the world
  // `count` times spread over a span that is log-uniform between two numbers of seconds.
  std::vector<Time> spread_log(Time from, double least, double most, int count);

  World& world_;
  const History& history_;
  Plan& plan_;
  int index_;
  int number_;  // within the kind; decides which campaigns succeed
  Rng rng_;
};

}  // namespace doorward::fleet
