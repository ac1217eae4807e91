#include "plugins/detectors/sequence/phrase.h"

#include <string_view>

#include "plugins/count_words.h"
#include "plugins/detectors/words.h"

namespace doorward {
namespace {

/// Rounded to what people say.
std::string duration_of(std::uint32_t seconds) {
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 120 * 60) return std::to_string((seconds + 30) / 60) + " min";
  if (seconds < 48 * 3600) return std::to_string((seconds + 1800) / 3600) + " h";
  return std::to_string((seconds + 43'200) / 86'400) + " days";
}

std::string_view preposition_of(const View& view) {
  if (of_address(view)) return " from ";
  if (view.cut == Cut::whole && view.field == Field::source_address) return " from ";
  return of_host(view) ? " on " : " of ";
}

}  // namespace

std::string sequence_phrase(const SequenceWords& words, const Evidence& evidence,
                            const Event& event) {
  if (!words.text.empty()) return words.text;
  const SequenceEvidence& found = evidence.sequence;
  if (found.events == 0) return {};
  const std::string noun = words.first == Outcome::failure   ? "failure"
                           : words.first == Outcome::success ? "logon"
                                                             : "event";
  std::string out = "after " + counted(found.events, noun);
  for (const View& view : words.by) {
    out += preposition_of(view);
    out += view_text(view, event);
  }
  out += " in " + duration_of(found.seconds);
  if (found.values > 1) out += ", of " + counted(found.values, noun_of(words.once_per));
  return out;
}

}  // namespace doorward
