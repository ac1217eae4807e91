// The company: hosts, accounts and where everybody is on each day. Built once, then only read,
// except that attacks may add names and keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/fleet/attempt.h"
#include "bench/fleet/config.h"
#include "bench/fleet/networks.h"
#include "bench/fleet/rng.h"

namespace doorward::fleet {

// How a host is reached: from the internet; from inside only; through a jump host only.
enum class Zone : std::uint8_t { cloud, onprem, inner, jump };
enum class Duty : std::uint8_t { web, app, database, build, analysis, files, infra, jump };

struct Host {
  std::string name;
  Zone zone{};
  Duty duty{};
  bool dual_stack = false;
  bool new_sshd = false;       // OpenSSH 9.8 and later log as sshd-session
  bool small_pids = false;     // pid_max 32768
  bool folds_repeats = false;  // its syslog writes "message repeated N times"
  Address inside;              // the address other hosts see
};

enum class Role : std::uint8_t {
  developer,
  operations,
  analyst,
  executive,
  contractor,
  occasional,
  service,
  runner,
  dormant
};

enum class Place : std::uint8_t { away, office, home, travel };

struct HostUse {
  std::uint32_t host = 0;
  double weight = 0.0;
  int from_day = 0;
  int to_day = 0;
};

struct KeyUse {
  std::uint32_t key = 0;
  int from_day = 0;
};

struct Day {
  Place place = Place::away;
  bool working = false;  // not a weekend, holiday or absence
  bool on_call = false;
  std::int16_t utc_minutes = 0;  // where the person is
  Address home4;
  Address home6;   // all zero without IPv6
  Address office;  // DHCP lease inside
  Address hotel;
};

struct Account {
  std::string name;
  std::uint32_t user = 0;  // into World::names
  Role role{};
  int site = 0;  // office: index into kCountries
  int first_day = 0;
  int last_day = 0;             // exclusive
  double rate = 0.0;            // logons on a working day
  double start_minute = 540.0;  // of the local day
  double start_jitter = 30.0;
  double work_minutes = 500.0;
  double evening = 0.1;      // chance to work again after dinner
  double weekend = 0.05;     // chance to work on a day off
  double mobile = 0.0;       // share of stretches over the carrier's network
  bool tunnels_all = false;  // VPN for public hosts as well
  Method method = Method::publickey;
  std::vector<KeyUse> keys;       // laptop key and its successors
  std::vector<KeyUse> desk_keys;  // a second key used in the office, or none
  std::vector<HostUse> hosts;
  std::vector<Day> days;
  std::size_t home_provider = 0;
  std::uint32_t home_block = 0;
  std::size_t carrier = 0;

  [[nodiscard]] bool person() const { return role <= Role::occasional; }
  [[nodiscard]] bool employed(int day) const { return day >= first_day && day < last_day; }
};

class World {
 public:
  explicit World(const Config& config);

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const Networks& networks() const { return networks_; }
  [[nodiscard]] const std::vector<Host>& hosts() const { return hosts_; }
  [[nodiscard]] const std::vector<Account>& accounts() const { return accounts_; }
  [[nodiscard]] const std::string& name(std::uint32_t user) const { return names_[user]; }
  [[nodiscard]] const std::string& key(std::uint32_t key) const { return keys_[key]; }

  std::uint32_t add_name(std::string_view name);
  std::uint32_t add_key(Rng& rng);

  [[nodiscard]] const std::vector<std::uint32_t>& hosts_in(Zone zone) const {
    return by_zone_[static_cast<std::size_t>(zone)];
  }
  // Hosts that the internet can reach: cloud and jump.
  [[nodiscard]] const std::vector<std::uint32_t>& exposed() const { return exposed_; }

  // 0 for the first day; clamped to the simulated days.
  [[nodiscard]] int day_of(Time time) const;

  // One of the company's public addresses that an office's traffic leaves by.
  static Address office_exit(int site, std::uint64_t who);
  // The public address that VPN users' traffic leaves by.
  static Address vpn_exit(std::uint64_t who);
  // A lease from the VPN pool.
  static Address vpn_lease(Rng& rng) {
    return v4(10, 200, 0, 8 + static_cast<unsigned>(rng.below(240)));
  }
  [[nodiscard]] Address mobile_address(const Account& account, Rng& rng) const {
    return networks_.address(account.carrier, rng);
  }

 private:
  void build_hosts();
  void build_staff();
  void build_services();
  void build_dormant();
  Account new_person(int number, int first_day);
  void settle(Account& account, Rng& rng);
  void choose_hosts(Account& account, Rng& rng);
  void choose_keys(Account& account, Rng& rng);
  void choose_days(Account& account, Rng& rng);

  Config config_;
  Rng rng_;
  Networks networks_;
  std::vector<Host> hosts_;
  std::vector<std::vector<std::uint32_t>> by_zone_;
  std::vector<std::uint32_t> exposed_;
  std::vector<std::vector<std::uint32_t>> team_hosts_;
  std::vector<Account> accounts_;
  std::vector<std::string> names_;
  std::vector<std::string> keys_;
};

// The key that the account uses on that day, from that place.
std::uint32_t key_on(const Account& account, int day, Place place);

}  // namespace doorward::fleet
