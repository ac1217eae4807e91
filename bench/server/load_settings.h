// What server-load is asked to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace doorward {

struct LoadSettings {
  std::string server = "127.0.0.1:7443";
  std::size_t agents = 10'000;
  std::string token;       ///< enrols who has no identity yet
  std::string identities;  ///< folder to keep identities in; empty: they are gone afterwards
  std::size_t enrol_at_a_time = 64;
  double connect_s = 10;  ///< over which connecting is spread
  double deltas_s = 200;  ///< of all agents together, a second
  double alerts_s = 20;
  std::size_t entries = 60;                ///< additions in a delta
  double for_s = 60;                       ///< how long to send, once all are connected
  std::uint64_t deltas_most = UINT64_MAX;  ///< sending ends when these and the alerts were sent
  std::uint64_t alerts_most = UINT64_MAX;
  int reconnect_ms = 3000;  ///< longest wait after the end of a connection, beside half a second
  /// What is not acknowledged is sent again after the end of a connection, as an agent does, and
  /// what the server has to have then is written here; empty: neither.
  std::string verify;
  double patience_s = 600;  ///< for enrolling, and again for connecting
  int pid = 0;              ///< of the server, to measure it
  int addresses = 250;      ///< 127.0.0.1 ... to connect from; 0: as the kernel likes
  unsigned long long seed = 1;
};

}  // namespace doorward
