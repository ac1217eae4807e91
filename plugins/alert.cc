#include "plugins/alert.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "plugins/detectors/detector.h"
#include "plugins/detectors/words.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

/// Length first, so that no two lists of fields give the same bytes.
void feed(crypto_generichash_state& state, std::string_view text) {
  const std::uint64_t size = text.size();
  std::array<unsigned char, sizeof size> bytes{};
  std::memcpy(bytes.data(), &size, sizeof size);
  crypto_generichash_update(&state, bytes.data(), bytes.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                            text.size());
}

/// " from ADDRESS", or nothing.
std::string from_where(const Event& event) {
  if (event[Field::source_address].empty()) return {};
  return " from " + std::string(event[Field::source_address]);
}

std::string logon_head(const Event& event) {
  const bool failed = event.outcome == Outcome::failure;
  std::string out = owner_of(event);
  // Cloud sign-ins are to a tenant; it is a host that one logs on to.
  if (!event[Field::cloud_account].empty() && event[Field::host_name].empty()) {
    return out + (failed ? " failed to sign in" : " signed in");
  }
  if (failed) {
    out += " failed to log on";
  } else if (!event[Field::user_effective_name].empty()) {
    out += " became " + std::string(event[Field::user_effective_name]);
  } else {
    out += " logged on";
  }
  if (!event[Field::host_name].empty()) {
    out += (event[Field::user_effective_name].empty() ? " to " : " on ") +
           std::string(event[Field::host_name]);
  }
  return out;
}

std::string call_head(const Event& event) {
  std::string out = owner_of(event);
  out += event.outcome == Outcome::failure ? " failed to run " : " ran ";
  out += event[Field::event_action];
  if (!event[Field::cloud_account].empty()) {
    out += " in account " + std::string(event[Field::cloud_account]);
  }
  return out;
}

/// The head of an alert's sentence: what the event says, whatever kind it is.
std::string what_happened(const Event& event) {
  if (!event[Field::rule_name].empty()) {
    const std::string_view address = event[Field::source_address];
    return std::string(event[Field::rule_name]) + " was raised on " +
           (address.empty() ? owner_of(event) : std::string(address));
  }
  const std::string_view category = event[Field::event_category];
  if (category.empty() || category == "authentication") {
    return logon_head(event) + from_where(event);
  }
  if (category == "email") {
    const bool failed = event.outcome == Outcome::failure;
    return owner_of(event) + (failed ? " failed to read mail (" : " read mail (") +
           std::string(event[Field::event_action]) + ")" + from_where(event);
  }
  return call_head(event) + from_where(event);
}

std::string id_of(const Event& event, const Rule& rule, std::string_view kind) {
  crypto_generichash_state state;
  std::array<unsigned char, 16> digest{};
  crypto_generichash_init(&state, nullptr, 0, digest.size());
  feed(state, rule.id);
  feed(state, format_time(event.time));
  for (const Field field : {Field::host_name, Field::user_name, Field::user_effective_name,
                            Field::event_action, Field::source_address}) {
    feed(state, event[field]);
  }
  if (!event[Field::record_id].empty()) feed(state, event[Field::record_id]);
  feed(state, std::to_string(event.pid) + "/" + std::string(outcome_name(event.outcome)));
  if (!kind.empty()) feed(state, kind);
  crypto_generichash_final(&state, digest.data(), digest.size());
  std::array<char, digest.size() * 2 + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return hex.data();
}

/// What a rare value is about: several rules that look at one thing from finer and coarser views
/// say nearly the same. kNone: nothing of that kind.
enum Topic : unsigned { kNone, kAddress, kHour, kHost, kCredential, kUser };

unsigned topic_of(const Evidence& evidence) {
  if (evidence.levels == 0) return kNone;
  const View& by = evidence.level[0].by;
  const View& partition = evidence.level[0].partition;
  // The habit of a network is another thing than the habit of a user.
  const unsigned other = of_address(partition) ? 16 : 0;
  if (of_address(by)) return kAddress + other;
  if (by.cut == Cut::hour_of_week || by.cut == Cut::hour_of_day) return kHour + other;
  if (of_host(by)) return kHost + other;
  if (by.cut == Cut::credential) return kCredential + other;
  if (by.cut != Cut::whole) return kNone;
  switch (by.field) {
    case Field::method:
    case Field::key_fingerprint:
      return kCredential + other;
    case Field::user_name:
      // A host that this user never used is a user that this host never saw.
      return partition == View{Cut::whole, Field::host_name, false} ? kHost : kUser + other;
    default:
      return kNone;
  }
}

}  // namespace

std::string alert_id(const Event& event, const Rule& rule) {
  return id_of(event, rule, {});
}

std::string summary_id(const Event& first, const Rule& rule) {
  return id_of(first, rule, "summary");
}

std::string evidence_phrase(const Evidence& evidence, const Event& event) {
  if (!evidence.applies || evidence.p_value >= 1 || evidence.detector == nullptr) return {};
  return evidence.detector->phrase(evidence, event);
}

std::string alert_sentence(const Alert& alert) {
  const Event& event = alert.event;
  std::string out = what_happened(event);
  // The primary rule speaks first, the others in order of weight.
  std::array<const Evidence*, kRulesMax> parts{};
  std::size_t count = 0;
  assert(alert.evidence.size() <= kRulesMax);
  for (const Evidence& evidence : alert.evidence) {
    if (evidence.applies && evidence.p_value < 0.2) parts[count++] = &evidence;
  }
  std::sort(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(count),
            [&](const Evidence* a, const Evidence* b) {
              const bool first = a == &alert.primary;
              return first != (b == &alert.primary) ? first : a->p_value < b->p_value;
            });
  std::string_view joint = ": ";
  std::uint32_t told = 0;  // topics
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned topic = topic_of(*parts[i]);
    if (topic != 0 && (told >> topic & 1U) != 0) continue;
    const std::string phrase = evidence_phrase(*parts[i], event);
    if (phrase.empty()) continue;
    told |= std::uint32_t{1} << topic;
    if (topic == kUser) told |= std::uint32_t{1} << kHost;  // who is new is new to every host
    out += joint;
    out += phrase;
    joint = ", ";
  }
  std::array<char, 64> numbers{};
  std::snprintf(numbers.data(), numbers.size(), " (p = %.2g, score %.0f)", alert.primary.p_value,
                alert.score);
  return out + numbers.data();
}

}  // namespace doorward
