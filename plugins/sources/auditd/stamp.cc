#include "plugins/sources/auditd/stamp.h"

#include <bit>
#include <utility>

namespace doorward::auditd {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Eight decimal digits at once: the bytes as a little-endian number, checked, then added up in
/// three steps of pairs.
bool eight_digits(const char* text, std::uint64_t& value) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof bytes);
  if constexpr (std::endian::native == std::endian::big) {
    value = 0;
    for (int i = 0; i < 8; ++i) {
      if (!is_digit(text[i])) return false;
      value = value * 10 + static_cast<std::uint64_t>(text[i] - '0');
    }
    return true;
  }
  constexpr std::uint64_t kZeros = 0x3030303030303030;
  if ((((bytes + 0x4646464646464646) | (bytes - kZeros)) & 0x8080808080808080) != 0) return false;
  bytes -= kZeros;
  bytes = bytes * 10 + (bytes >> 8);
  value = (((bytes & 0x000000FF000000FF) * 0x000F424000000064) +
           (((bytes >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >>
          32;
  return true;
}

/// Seconds, milliseconds and serial after "audit(". Any number of digits within reason.
Stamp any_stamp(std::string_view line, std::size_t from) {
  std::uint64_t seconds = 0;
  std::size_t at = from;
  for (; at < line.size() && is_digit(line[at]) && at - from < 12; ++at) {
    seconds = seconds * 10 + static_cast<std::uint64_t>(line[at] - '0');
  }
  if (at == from || at + 4 >= line.size() || line[at] != '.') return {};
  std::uint64_t millis = 0;
  for (std::size_t i = at + 1; i < at + 4; ++i) {
    if (!is_digit(line[i])) return {};
    millis = millis * 10 + static_cast<std::uint64_t>(line[i] - '0');
  }
  at += 4;
  if (line[at] != ':') return {};
  const std::size_t serial = ++at;
  while (at < line.size() && is_digit(line[at]) && at - serial < 20) ++at;
  if (at == serial || at >= line.size() || line[at] != ')') return {};
  ++at;
  if (at < line.size() && line[at] == ':') ++at;
  if (at < line.size() && line[at] == ' ') ++at;
  const std::uint64_t time = seconds * 1'000'000 + millis * 1'000;
  return {static_cast<TimeUs>(time), static_cast<std::uint32_t>(at)};
}

}  // namespace

Stamp read_stamp(std::string_view line) {
  constexpr std::string_view kHead = "msg=audit(";
  const std::size_t paren = line.find('(');
  if (paren == std::string_view::npos || paren + 1 < kHead.size()) return {};
  const std::size_t from = paren + 1;
  if (std::memcmp(line.data() + from - kHead.size(), kHead.data(), kHead.size()) != 0) return {};
  // The common case: ten digits of seconds, as from 2001 to 2286.
  std::uint64_t high = 0;
  if (line.size() < from + 17 || line[from + 10] != '.' ||
      !eight_digits(line.data() + from, high)) {
    return any_stamp(line, from);
  }
  const char* rest = line.data() + from + 8;
  if (!is_digit(rest[0]) || !is_digit(rest[1]) || !is_digit(rest[3]) || !is_digit(rest[4]) ||
      !is_digit(rest[5]) || rest[6] != ':') {
    return {};
  }
  const auto digit = [rest](int i) { return static_cast<std::uint64_t>(rest[i] - '0'); };
  const std::uint64_t seconds = high * 100 + digit(0) * 10 + digit(1);
  const std::uint64_t millis = digit(3) * 100 + digit(4) * 10 + digit(5);
  std::size_t at = from + 15;
  const std::size_t serial = at;
  while (at < line.size() && is_digit(line[at]) && at - serial < 20) ++at;
  if (at == serial || at >= line.size() || line[at] != ')') return {};
  ++at;
  if (at < line.size() && line[at] == ':') ++at;
  if (at < line.size() && line[at] == ' ') ++at;
  return {static_cast<TimeUs>(seconds * 1'000'000 + millis * 1'000),
          static_cast<std::uint32_t>(at)};
}

std::uint32_t read_serial(std::string_view line, std::size_t length) {
  const std::string_view head = line.substr(0, length);
  const std::size_t colon = head.rfind(':', head.rfind(')'));
  if (colon == std::string_view::npos) return 0;
  std::uint64_t serial = 0;
  for (std::size_t at = colon + 1; at < head.size() && is_digit(head[at]); ++at) {
    serial = serial * 10 + static_cast<std::uint64_t>(head[at] - '0');
  }
  return static_cast<std::uint32_t>(serial);
}

RecordType read_type(std::string_view line, std::size_t offset) {
  static constexpr std::pair<std::string_view, RecordType> kTypes[] = {
      {"USER_AUTH", RecordType::user_auth},
      {"USER_LOGIN", RecordType::user_login},
      {"USER_ACCT", RecordType::user_acct},
      {"USER_START", RecordType::user_start},
      {"CRED_ACQ", RecordType::cred_acq},
      {"CRED_REFR", RecordType::cred_refr},
      {"CRED_DISP", RecordType::cred_disp},
      {"USER_END", RecordType::user_end},
      {"LOGIN", RecordType::login},
      {"USER_CMD", RecordType::user_cmd},
      {"USER_LOGOUT", RecordType::user_logout},
      {"USER_ERR", RecordType::user_err},
  };
  const std::string_view type = line.substr(offset, line.find(' ', offset) - offset);
  for (const auto& [name, value] : kTypes) {
    if (type == name) return value;
  }
  return RecordType::other;
}

}  // namespace doorward::auditd
