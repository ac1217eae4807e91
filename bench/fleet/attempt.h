// One connection to one sshd, the unit that the simulator plans and the log writer spells out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/fleet/address.h"
#include "bench/fleet/clock.h"

namespace doorward::fleet {

enum class Method : std::uint8_t { publickey, password, keyboard };

// How the connection ended.
enum class Outcome : std::uint8_t {
  success,    // `failures` wrong tries, then accepted
  failure,    // `failures` wrong tries for an account that exists, then gone
  invalid,    // `failures` tries (or none) for an account that does not exist
  abandoned,  // left before authentication, account known
  probe,      // never named a user: port scanners
};

inline constexpr int kNoCampaign = -1;

struct Attempt {
  Time time = 0;           // of the first deciding line (Failed or Accepted)
  Time gap = 4 * kSecond;  // between the tries of one connection
  Time length = 0;         // of the session, for successes
  Address from;
  std::uint32_t user = 0;  // into World::names
  std::uint32_t host = 0;  // into World::hosts
  std::uint32_t key = 0;   // into World::keys, for publickey
  int campaign = kNoCampaign;
  std::uint16_t port = 0;
  std::uint16_t failures = 0;
  std::uint8_t sudo = 0;  // commands run as root during the session
  Method method = Method::publickey;
  Outcome outcome = Outcome::success;

  [[nodiscard]] Time success_time() const { return time + failures * gap; }
};

enum class AttackKind : std::uint8_t {
  stolen_credentials,
  stolen_credentials_near,
  lateral_movement,
  dormant_account,
  rogue_account,
  spraying,
  brute_force,
  off_hours,
  slow_guessing,
};
inline constexpr int kAttackKinds = 9;

constexpr const char* name_of(AttackKind kind) {
  constexpr std::array<const char*, kAttackKinds> kNames{
      "stolen_credentials", "stolen_credentials_near",
      "lateral_movement",   "dormant_account",
      "rogue_account",      "spraying",
      "brute_force",        "off_hours",
      "slow_guessing"};
  return kNames[static_cast<std::size_t>(kind)];
}

struct Campaign {
  AttackKind kind{};
  int number = 0;  // within its kind, from 1
  Time start = 0;
  Time end = 0;
  int events = 0;
  bool has_success = false;

  [[nodiscard]] std::string id() const {
    return std::string(name_of(kind)) + (number < 10 ? "-0" : "-") + std::to_string(number);
  }
};

}  // namespace doorward::fleet
