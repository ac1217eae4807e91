// Event: one logon attempt, cloud API call or other sensor's alert, whatever log it came from,
// under Elastic Common Schema names.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "plugins/ip_address.h"

namespace doorward {

/// Event time: microseconds since 1970-01-01T00:00:00Z.
using TimeUs = std::int64_t;
inline constexpr TimeUs kNoTime = INT64_MIN;
inline constexpr TimeUs kSecondUs = 1'000'000;

/// The text fields of an event. The name that rules, documents and the command line use is
/// field_name(): "user.name" for Field::user_name.
enum class Field : std::uint8_t {
  user_name,            ///< who logged on, or tried to, exactly as written (bytes, may be hostile)
  user_effective_name,  ///< sudo, su: whom they became
  source_address,       ///< address or host name as written
  host_name,            ///< host that was logged on to
  process_name,         ///< sshd, sudo, su, login, ...
  event_action,         ///< ssh_login, sudo, su, console_login, gdm_login, ...
  event_dataset,        ///< system.auth, auditd.log, aws.cloudtrail, azure.signinlogs, ...
  method,               ///< password, publickey, keyboard-interactive, ...
  key_fingerprint,      ///< SHA256:... or MD5 of the key that was accepted
  account,              ///< kInvalidAccount: the log says that there is no such account; else empty
  twin,                 ///< kMissingTwin: a log that is read should have told of it, and did not
  event_category,       ///< authentication, api, email, intrusion_detection; empty: authentication
  event_provider,       ///< the service that wrote the record: iam.amazonaws.com, ...
  record_id,            ///< the record's own id, where its log gives one
  user_id,              ///< what names a cloud user beyond doubt: principal id, object id
  error_code,           ///< why the call or sign-in failed
  error_message,        ///< the same in words
  cloud_account,        ///< AWS account, tenant
  cloud_region,         ///< us-east-2, ...
  user_agent,           ///< as written
  rule_name,            ///< what another sensor's alert calls itself
  destination_address,  ///< the other end of another sensor's alert
  geo_country,          ///< ISO 3166 code of the source: SE
  geo_city,             ///< name of the source's city, as the log or the database writes it
  as_number,            ///< autonomous system of the source: "64500"
  as_organization,      ///< its name
  original,             ///< the line (or record) that told the outcome
  count_
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(Field::count_);

/// What Field::account says of a name that is no account.
inline constexpr std::string_view kInvalidAccount = "invalid";
/// What Field::twin says of an attempt that only the log which anybody can write to tells of.
inline constexpr std::string_view kMissingTwin = "missing";

/// The ECS name of a field ("user.name"), or its own under "doorward.". Never empty.
std::string_view field_name(Field field);
/// The field of an ECS name; nullopt when there is none. "source.ip" is not a text field: see
/// Event::ip.
std::optional<Field> field_from_name(std::string_view name);

enum class Outcome : std::uint8_t { unknown, success, failure };
std::string_view outcome_name(Outcome outcome);

/// Which logs told of an attempt; a set of bits.
enum class Told : std::uint8_t {
  none = 0,
  authlog = 1,
  auditd = 2,
  journald = 4,
  cloudtrail = 8,
  entra = 16,
  m365 = 32,
  suricata = 64,
  alerts = 128,
};
constexpr Told operator|(Told a, Told b) {
  return static_cast<Told>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool has(Told set, Told one) {
  return (static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(one)) != 0;
}

/// Views point into the reader's or the source's buffers and live until the sink returns. Whoever
/// keeps an event copies it.
struct Event {
  std::array<std::string_view, kFieldCount> text{};
  TimeUs time = kNoTime;
  IpAddress ip;            ///< source.ip; family none when the source is local or a host name
  std::uint32_t pid = 0;   ///< 0: unknown
  std::uint16_t port = 0;  ///< source.port; 0: unknown
  Outcome outcome = Outcome::unknown;
  Told told = Told::none;
  /// Place of the source in degrees, north and east positive; NaN: unknown.
  float latitude = std::numeric_limits<float>::quiet_NaN();
  float longitude = std::numeric_limits<float>::quiet_NaN();

  [[nodiscard]] std::string_view operator[](Field field) const {
    return text[static_cast<std::size_t>(field)];
  }
  std::string_view& operator[](Field field) { return text[static_cast<std::size_t>(field)]; }
};

/// Takes events as they are found. An event's views are only good during the call.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_event(const Event& event) = 0;
};

}  // namespace doorward
