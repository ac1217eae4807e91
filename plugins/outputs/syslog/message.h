// A document as a syslog message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/delivery/record.h"

namespace doorward {

/// Bounds of max_message_bytes: a shortened document always fits the least; receivers must take
/// 2,048 and should take 8,192 bytes (RFC 5425), and cut or split what is longer.
inline constexpr std::int64_t kSyslogBytesMin = 1024;
inline constexpr std::int64_t kSyslogBytes = 8192;
inline constexpr std::int64_t kSyslogBytesMax = std::int64_t{1024} * 1024;

enum class SyslogForm : std::uint8_t {
  rfc5424,  ///< <PRI>1 2026-11-20T08:15:00.123456Z HOST doorward PID alert [meta ...] {...}
  rfc3164,  ///< <PRI>Nov 20 08:15:00 doorward[PID]: {...}, as local syslog sockets want it
};

struct SyslogStyle {
  SyslogForm form = SyslogForm::rfc5424;
  int facility = 10;  ///< authpriv
  std::string host;   ///< of this machine; printable ASCII, at most 255 bytes
  std::string app = "doorward";
  std::int64_t pid = 0;
  std::size_t bytes_max = static_cast<std::size_t>(kSyslogBytes);
};

/// 10 for "authpriv"; nullopt when there is no such facility.
std::optional<int> syslog_facility(std::string_view name);

/// The severity of event.severity: critical 2, high 3, medium 4, low 5, none told 6.
int syslog_severity(std::int64_t event_severity);

/// The message, without framing, of at most bytes_max bytes. A document that is too long is
/// replaced by {"@timestamp","event":{"id","kind","severity"},"message","doorward":{"score",
/// "occurrences","shortened":true}}, its sentence cut where need be. `appended` stands in for a
/// missing @timestamp. The document's sequence is in meta's sequenceId (RFC 5424, 7.3.1).
std::string syslog_message(const Document& document, const SyslogStyle& style);

}  // namespace doorward
