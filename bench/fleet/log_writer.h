// Spells attempts out as the lines that sshd, PAM, logind, sudo and cron leave in a central
// rsyslog's auth.log (RFC 3339 stamps), strictly in time order.
#pragma once

#include <cstdint>
#include <fstream>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "bench/fleet/world.h"

namespace doorward::fleet {

class LogWriter {
 public:
  LogWriter(const World& world, const std::string& path);

  // Attempts must come in time order.
  void write(const Attempt& attempt);
  // A user added on a host by hand, as an intruder does.
  void write_useradd(Time time, std::uint32_t host, std::uint32_t user);
  // Writes what is pending up to the end of the simulated days. False when the disk refused.
  bool finish();

  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Line {
    Time time;
    std::uint64_t order;
    std::uint32_t host;
    std::string text;
    bool operator>(const Line& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  struct HostState {
    std::uint64_t pid = 0;
    Time seen = 0;
    std::uint64_t session = 0;
    std::uint32_t logind = 0;
  };

  std::uint64_t next_pid(std::uint32_t host, Time time);
  void say(Time time, std::uint32_t host, std::string text);
  void say_sshd(Time time, std::uint32_t host, std::uint64_t pid, const std::string& text);
  void write_failures(const Attempt& attempt, std::uint64_t pid, const std::string& peer);
  void write_session(const Attempt& attempt, std::uint64_t pid, const std::string& peer);
  void write_end(const Attempt& attempt, std::uint64_t pid, const std::string& peer);
  void write_probe(const Attempt& attempt, std::uint64_t pid, const std::string& peer);
  void write_sudo(const Attempt& attempt);
  void write_cron(Time until);
  void flush_before(Time time);
  void emit(const Line& line);

  const World& world_;
  std::ofstream out_;
  Rng rng_;
  std::priority_queue<Line, std::vector<Line>, std::greater<>> pending_;
  std::vector<HostState> hosts_;
  std::string buffer_;
  Time last_ = 0;
  Time next_cron_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace doorward::fleet
