#include "plugins/detectors/rare/phrase.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "plugins/detectors/words.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

std::string count_of(double count, double total, const Event& event) {
  const std::string_view category = event[Field::event_category];
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), " (%.0f of %.0f %s)", std::ceil(count), std::ceil(total),
                category.empty() || category == "authentication" ? "logons" : "events");
  return out.data();
}

std::string weeks(int epochs) {
  return epochs == 1 ? "a week" : std::to_string(epochs) + " weeks";
}

std::string clock_of(const Event& event) {
  return format_time(event.time).substr(11, 5) + " UTC";
}

/// "from an address", "on a host", "with a key".
std::string among(const View& by) {
  const std::string noun = noun_of(by);
  const bool place = of_address(by) || by.field == Field::source_address ||
                     by.field == Field::as_number || by.field == Field::geo_country ||
                     by.field == Field::geo_city;
  return (by.cut == Cut::scope || place ? "from "
          : of_host(by)                 ? "on "
                                        : "with ") +
         with_article(noun);
}

/// What the coarser levels add: ", in a network nobody in the fleet has used", ", of a kind they
/// use".
std::string backoff_words(const Evidence& evidence) {
  if (evidence.levels < 2) return {};
  const LevelEvidence& last = evidence.level[evidence.levels - 1];
  std::string of = ", in a " + noun_of(last.by);
  if (last.by == evidence.level[0].by) {
    return last.count > 0 ? ", which only others use" : ", which nobody in the fleet has used";
  }
  if (last.by == View{Cut::whole, Field::as_number, false}) of = ", of a network operator";
  if (last.by.cut == Cut::host_class) of = ", of a kind";
  if (last.by == View{Cut::whole, Field::method, false}) of = ", by a method";
  if (last.count > 0) return of + (last.fleet ? " that only others use" : " they use");
  return of + (last.fleet ? " nobody in the fleet has used" : " new to them");
}

/// "in the fleet", "to web-01", "from 10.1.0.0/16": where a user is looked for.
std::string where_of(const View& partition, const Event& event) {
  if (partition.cut == Cut::fleet) return "in the fleet";
  return (of_address(partition) ? "from " : "to ") + view_text(partition, event);
}

std::string user_phrase(const Evidence& evidence, const Event& event, const std::string& user) {
  const LevelEvidence& finest = evidence.level[0];
  if (finest.partition.cut != Cut::fleet) {
    return user + (finest.count > 0 ? " seldom logs on " : " never logged on ") +
           where_of(finest.partition, event) +
           (finest.count > 0 ? count_of(finest.count, finest.customers, event)
                             : " before" + one_in(evidence.p_value));
  }
  if (evidence.dormant_epochs > 0) {
    return "a user silent for " + weeks(evidence.dormant_epochs) + " or more" +
           one_in(evidence.p_value);
  }
  if (finest.count <= 0)
    return user + " never logged on in the fleet before" + one_in(evidence.p_value);
  return "a user who seldom logs on" + count_of(finest.count, finest.customers, event);
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

std::string rare_phrase(const Evidence& evidence, const Event& event) {
  if (evidence.levels == 0) return {};
  const LevelEvidence& finest = evidence.level[0];
  const std::string owner = owner_of(event);
  if (finest.by == View{Cut::whole, Field::user_name, false})
    return user_phrase(evidence, event, owner);
  if (finest.by.cut == Cut::hour_of_week || finest.by.cut == Cut::hour_of_day) {
    return hour_phrase(evidence, event, owner);
  }
  const std::string noun = noun_of(finest.by);
  const std::string whose =
      finest.partition.cut == Cut::fleet ? "the fleet" : view_text(finest.partition, event);
  if (finest.fleet) {
    // A user without history of their own: only what the fleet knows was asked.
    return among(finest.by) +
           (finest.count > 0 ? " that others use" : " nobody in the fleet has used") +
           one_in(evidence.p_value);
  }
  if (finest.count > 0) {
    return with_article(noun) + " seldom used by " + whose +
           count_of(finest.count, finest.customers, event);
  }
  const std::string again =
      evidence.dormant_epochs > 0 ? "not used for " + weeks(evidence.dormant_epochs) : "new";
  return (again == "new" ? "a new " + noun : with_article(noun) + " " + again) + " for " + whose +
         one_in(evidence.p_value) + backoff_words(evidence);
}

}  // namespace doorward
