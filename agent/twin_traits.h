// When two events, told by two logs, are one attempt.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "plugins/event.h"
#include "plugins/limits.h"

namespace doorward::twins {

/// Names are cut here by libaudit (UT_NAMESIZE).
inline constexpr std::size_t kAuditNameBytes = 32;

/// login hides a name that it does not know from auth.log, since it may be a password. PAM's audit
/// record has it.
inline constexpr std::string_view kHiddenName = "UNKNOWN";

inline bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Bytes that not every log writes as they are, or at which sshd itself ends a name.
inline bool is_written_differently(char c) {
  return c <= ' ' || c > '~' || c == '\\' || c == '#' || c == ':' || c == '/' || c == '"';
}

/// What two logs must agree in, apart from action and outcome, which are in the key.
struct Traits {
  Told told;
  std::uint32_t pid;
  TimeUs time;
  IpAddress ip;
  std::string_view user;
  std::string_view effective;
  std::string_view method;
  std::string_view address;
  std::string_view host;
};

inline Traits traits_of(const Event& event) {
  return {event.told,
          event.pid,
          event.time,
          event.ip,
          event[Field::user_name],
          event[Field::user_effective_name],
          event[Field::method],
          event[Field::source_address],
          event[Field::host_name]};
}

inline bool users_agree(const Traits& a, const Traits& b) {
  if (a.user == b.user) return true;
  const bool a_is_audit = has(a.told, Told::auditd);
  const Traits& audit = a_is_audit ? a : b;
  const Traits& other = a_is_audit ? b : a;
  if (audit.user.size() == kAuditNameBytes && other.user.starts_with(audit.user)) return true;
  // Further only with the pid as a witness.
  if (a.pid == 0 || a.pid != b.pid) return false;
  if (a.user.empty() || b.user.empty()) return true;
  if (a.user == kHiddenName || b.user == kHiddenName) return true;
  if (has(audit.told, Told::auditd) && all_digits(audit.user)) return true;  // a uid
  // Up to the first byte that is escaped in one of them, or to where one was cut.
  const std::size_t size = std::min(a.user.size(), b.user.size());
  for (std::size_t i = 0; i < size; ++i) {
    if (is_written_differently(a.user[i]) || is_written_differently(b.user[i])) return true;
    if (a.user[i] != b.user[i]) return false;
  }
  const std::string_view longer = a.user.size() > b.user.size() ? a.user : b.user;
  return size >= kAuditNameBytes || is_written_differently(longer[size]);
}

inline bool hosts_agree(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (a.empty() || a == b) return true;
  return b.starts_with(a) && b[a.size()] == '.';  // with and without its domain
}

inline bool addresses_agree(const Traits& a, const Traits& b) {
  if (a.ip.valid() && b.ip.valid()) return a.ip == b.ip;
  if (a.ip.valid() || b.ip.valid() || a.address.empty() || b.address.empty()) return true;
  return a.address == b.address;
}

/// PAM does not know whether a password was typed at sshd's prompt or its own.
inline bool methods_agree(std::string_view a, std::string_view b) {
  const auto asks = [](std::string_view method) {
    return method == "password" || method.starts_with("keyboard-interactive");
  };
  return a.empty() || b.empty() || a == b || (asks(a) && asks(b));
}

inline TimeUs distance(const Traits& a, const Traits& b) {
  return a.time > b.time ? a.time - b.time : b.time - a.time;
}

/// Action and outcome are the same already. At most `time_max` apart.
inline bool are_twins(const Traits& a, const Traits& b, TimeUs time_max) {
  if ((static_cast<unsigned>(a.told) & static_cast<unsigned>(b.told)) != 0) return false;
  if (distance(a, b) > time_max) return false;
  if (a.pid != 0 && b.pid != 0 && a.pid != b.pid) return false;
  const bool targets_agree =
      a.effective.empty() || b.effective.empty() || a.effective == b.effective;
  return targets_agree && methods_agree(a.method, b.method) && addresses_agree(a, b) &&
         hosts_agree(a.host, b.host) && users_agree(a, b);
}

}  // namespace doorward::twins
