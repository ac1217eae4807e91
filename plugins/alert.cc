#include "plugins/alert.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstring>

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

std::string owner_of(const Event& event) {
  return event[Field::user_name].empty() ? "this user" : std::string(event[Field::user_name]);
}

std::string one_in(double p_value) {
  std::array<char, 48> out{};
  const double n = 1 / p_value;
  if (n < 1.5) return {};
  if (n >= 1e6) {
    std::snprintf(out.data(), out.size(), " (1 in %.1g)", n);
  } else {
    std::snprintf(out.data(), out.size(), " (1 in %.0f)", n);
  }
  return out.data();
}

std::string count_of(double count, double total) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), " (%.0f of %.0f logons)", std::ceil(count),
                std::ceil(total));
  return out.data();
}

std::string weeks(int epochs) {
  return epochs == 1 ? "a week" : std::to_string(epochs) + " weeks";
}

/// What a value of this view is called: "address", "host".
std::string noun_of(const View& view) {
  switch (view.cut) {
    case Cut::net:
    case Cut::wide:
      return "network";
    case Cut::host_class:
      return "kind of host";
    case Cut::credential:
      return "credential";
    case Cut::hour_of_week:
    case Cut::hour_of_day:
      return "hour";
    case Cut::fleet:
      return "value";
    case Cut::whole:
      break;
  }
  if (view.ip || view.field == Field::source_address) return "address";
  switch (view.field) {
    case Field::user_name:
    case Field::user_effective_name:
      return "user";
    case Field::host_name:
      return "host";
    case Field::event_action:
      return "action";
    case Field::process_name:
      return "program";
    case Field::method:
      return "method";
    case Field::key_fingerprint:
      return "key";
    default:
      return std::string(field_name(view.field));
  }
}

std::string clock_of(const Event& event) {
  return format_time(event.time).substr(11, 5) + " UTC";
}

/// What the coarser levels add: ", in a network nobody in the fleet has used", ", of a kind they
/// use".
std::string backoff_words(const Evidence& evidence) {
  if (evidence.levels < 2) return {};
  const LevelEvidence& last = evidence.level[evidence.levels - 1];
  std::string of = ", in a " + noun_of(last.by);
  if (last.by.cut == Cut::host_class) of = ", of a kind";
  if (last.by == View{Cut::whole, Field::method, false}) of = ", by a method";
  if (last.count > 0) return of + (last.fleet ? " that only others use" : " they use");
  return of + (last.fleet ? " nobody in the fleet has used" : " new to them");
}

std::string user_phrase(const Evidence& evidence, const std::string& user) {
  const LevelEvidence& finest = evidence.level[0];
  if (evidence.dormant_epochs > 0) {
    return "a user silent for " + weeks(evidence.dormant_epochs) + " or more" +
           one_in(evidence.p_value);
  }
  if (finest.count <= 0)
    return user + " never logged on in the fleet before" + one_in(evidence.p_value);
  return "a user who seldom logs on" + count_of(finest.count, finest.customers);
}

std::string hour_phrase(const Evidence& evidence, const Event& event, const std::string& owner) {
  const LevelEvidence& last = evidence.level[evidence.levels - 1];
  if (evidence.level[0].count > 0) {
    return "at " + clock_of(event) + " when " + owner + " is seldom on" + one_in(evidence.p_value);
  }
  return "at " + clock_of(event) + " when " + owner + " is never on" +
         (last.count > 0 && last.by.cut == Cut::hour_of_day ? " that day of the week" : "") +
         one_in(evidence.p_value);
}

}  // namespace

std::string alert_id(const Event& event, const Rule& rule) {
  crypto_generichash_state state;
  std::array<unsigned char, 16> digest{};
  crypto_generichash_init(&state, nullptr, 0, digest.size());
  feed(state, rule.id);
  feed(state, format_time(event.time));
  for (const Field field : {Field::host_name, Field::user_name, Field::user_effective_name,
                            Field::event_action, Field::source_address}) {
    feed(state, event[field]);
  }
  feed(state, std::to_string(event.pid) + "/" + std::string(outcome_name(event.outcome)));
  crypto_generichash_final(&state, digest.data(), digest.size());
  std::array<char, digest.size() * 2 + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return hex.data();
}

std::string evidence_phrase(const Evidence& evidence, const Event& event) {
  if (!evidence.applies || evidence.levels == 0 || evidence.p_value >= 1) return {};
  const LevelEvidence& finest = evidence.level[0];
  const std::string owner = owner_of(event);
  if (finest.by == View{Cut::whole, Field::user_name, false}) return user_phrase(evidence, owner);
  if (finest.by.cut == Cut::hour_of_week || finest.by.cut == Cut::hour_of_day) {
    return hour_phrase(evidence, event, owner);
  }
  const std::string noun = noun_of(finest.by);
  const std::string whose =
      finest.partition.cut == Cut::fleet ? "the fleet" : view_text(finest.partition, event);
  if (finest.fleet) {
    // A user without history of their own: only what the fleet knows was asked.
    return (finest.count > 0 ? "from a " + noun + " that others use"
                             : "from a " + noun + " nobody in the fleet has used") +
           one_in(evidence.p_value);
  }
  if (finest.count > 0) {
    return "a" + std::string(noun[0] == 'a' ? "n " : " ") + noun + " seldom used by " + whose +
           count_of(finest.count, finest.customers);
  }
  const std::string again =
      evidence.dormant_epochs > 0 ? "not used for " + weeks(evidence.dormant_epochs) : "new";
  return "a " + (again == "new" ? "new " + noun : noun + " " + again) + " for " + whose +
         one_in(evidence.p_value) + backoff_words(evidence);
}

std::string alert_sentence(const Alert& alert) {
  const Event& event = alert.event;
  std::string out = owner_of(event);
  if (event.outcome == Outcome::failure) {
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
  if (!event[Field::source_address].empty()) {
    out += " from " + std::string(event[Field::source_address]);
  }
  // The primary rule speaks first, the others in order of weight.
  std::array<const Evidence*, kRulesMax> parts{};
  std::size_t count = 0;
  assert(alert.evidence.size() <= kRulesMax);
  for (const Evidence& evidence : alert.evidence) {
    if (evidence.applies && evidence.p_value < 0.2) parts[count++] = &evidence;
  }
  std::sort(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(count),
            [](const Evidence* a, const Evidence* b) { return a->p_value < b->p_value; });
  std::string_view joint = ": ";
  for (std::size_t i = 0; i < count; ++i) {
    const std::string phrase = evidence_phrase(*parts[i], event);
    if (phrase.empty()) continue;
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
