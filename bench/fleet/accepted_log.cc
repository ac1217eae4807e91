#include "bench/fleet/accepted_log.h"

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace doorward::fleet {
namespace {

// "STAMP HOST sshd[PID]: Accepted METHOD for USER from IP port N ssh2..."
std::optional<Logon> read_logon(std::string_view line) {
  const std::size_t message = line.find("]: Accepted ");
  if (message == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t host_at = line.find(' ');
  const std::size_t program_at = line.find(' ', host_at + 1);
  if (program_at == std::string_view::npos || program_at > message) {
    return std::nullopt;
  }
  if (!line.substr(program_at + 1).starts_with("sshd")) {
    return std::nullopt;
  }
  const std::size_t user_at = line.find(" for ", message);
  const std::size_t port_at = line.rfind(" port ");
  if (user_at == std::string_view::npos || port_at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t from_at = line.rfind(" from ", port_at);
  if (from_at == std::string_view::npos || from_at < user_at + 5) {
    return std::nullopt;
  }
  const std::optional<Time> time = parse_stamp(line.substr(0, host_at));
  if (!time) {
    return std::nullopt;
  }
  return Logon{*time, std::string(line.substr(user_at + 5, from_at - user_at - 5)),
               std::string(line.substr(from_at + 6, port_at - from_at - 6)),
               std::string(line.substr(host_at + 1, program_at - host_at - 1))};
}

}  // namespace

std::vector<Logon> load_logons(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    throw std::runtime_error(path + ": cannot be read");
  }
  std::vector<Logon> logons;
  std::string line;
  while (std::getline(in, line)) {
    if (std::optional<Logon> logon = read_logon(line)) {
      logons.push_back(std::move(*logon));
    }
  }
  return logons;
}

}  // namespace doorward::fleet
