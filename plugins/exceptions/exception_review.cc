#include "plugins/exceptions/exception_review.h"

#include <simdjson.h>

#include "plugins/json_writer.h"
#include "plugins/limits.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

std::string day_of(TimeUs time) {
  constexpr std::size_t kDateSize = 10;
  return format_time(time).substr(0, kDateSize);
}

std::string title(const Exception& exception) {
  return "exception " + exception.name + " (" + exception.owner + ") ";
}

/// All that `b` silences, `a` silences too, and for as long.
bool covers(const Exception& a, const Exception& b) {
  return (b.mask & ~a.mask) == 0 && a.expires >= b.expires && a.when.covers(b.when);
}

void review_age(const Exception& exception, const ExceptionCount& count, TimeUs now,
                std::vector<Error>& warnings) {
  if (now >= exception.expires) {
    warnings.push_back({exception.where, title(exception) + "expired at " +
                                             format_time(exception.expires).substr(0, 19) +
                                             "Z and silences nothing since; renew or remove it"});
    return;
  }
  if (count.since == kNoTime || now - count.since < kUnmatchedUs) return;
  if (count.newest != kNoTime && now - count.newest < kUnmatchedUs) return;
  warnings.push_back(
      {exception.where, title(exception) +
                            (count.newest == kNoTime
                                 ? "has not matched since counting began on " + day_of(count.since)
                                 : "has not matched since " + day_of(count.newest)) +
                            "; is it still needed?"});
}

void review_breadth(const Exception& exception, RuleMask every_rule, std::vector<Error>& warnings) {
  if (exception.when.empty()) {
    warnings.push_back(
        {exception.where, title(exception) + "has no condition: it silences its rules altogether"});
    return;
  }
  for (const std::string& name : exception.when.idle_conditions()) {
    warnings.push_back(
        {exception.where, title(exception) + "is too broad: " + name + " matches any value"});
  }
  if (exception.mask == every_rule && exception.when.narrow_conditions() == 0) {
    warnings.push_back({exception.where, title(exception) +
                                             "is too broad: it silences every rule, with no "
                                             "condition that names single values or a small "
                                             "network"});
  }
}

std::optional<TimeUs> time_at(simdjson::dom::object object, std::string_view key) {
  std::string_view text;
  if (object[key].get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return parse_time(text);
}

}  // namespace

std::vector<Error> review_exceptions(const ExceptionSet& exceptions, const RuleSet& rules,
                                     TimeUs now) {
  std::vector<Error> warnings;
  RuleMask every_rule = 0;
  for (std::size_t i = 0; i < rules.size(); ++i) every_rule |= RuleMask{1} << i;
  for (std::size_t i = 0; i < exceptions.size(); ++i) {
    const Exception& exception = exceptions[i];
    review_age(exception, exceptions.count(i), now, warnings);
    review_breadth(exception, every_rule, warnings);
    for (std::size_t j = 0; j < exceptions.size(); ++j) {
      const Exception& other = exceptions[j];
      // Of two that say the same, the second is the one too many.
      if (i == j || !covers(other, exception) || (covers(exception, other) && i < j)) continue;
      warnings.push_back({exception.where, title(exception) + "is wholly covered by " + other.name +
                                               " (" + other.where + ")"});
      break;
    }
  }
  return warnings;
}

void append_exception_report(const ExceptionSet& exceptions, std::string& out) {
  for (std::size_t i = 0; i < exceptions.size(); ++i) {
    const ExceptionCount& count = exceptions.count(i);
    JsonWriter json(out);
    json.open().text("exception", exceptions[i].name);
    json.number("silenced", static_cast<std::int64_t>(count.silenced));
    json.number("too_late", static_cast<std::int64_t>(count.too_late));
    json.text_if("since", format_time(count.since));
    json.text_if("newest", format_time(count.newest)).close();
    out += '\n';
  }
}

void read_exception_report(std::string_view text, const std::string& file, ExceptionSet& exceptions,
                           std::vector<Error>& mistakes) {
  simdjson::dom::parser parser;
  std::size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    simdjson::dom::object object;
    std::string_view name;
    std::uint64_t silenced = 0;
    if (parser.parse(line.data(), line.size()).get_object().get(object) != simdjson::SUCCESS ||
        object["exception"].get_string().get(name) != simdjson::SUCCESS ||
        object["silenced"].get_uint64().get(silenced) != simdjson::SUCCESS) {
      mistakes.push_back({file + ":" + std::to_string(line_number),
                          "not a line that replay --exception-report writes"});
      if (mistakes.size() >= kSetMistakesMax) return;
      continue;
    }
    ExceptionCount count;
    count.silenced = silenced;
    if (object["too_late"].get_uint64().get(count.too_late) != simdjson::SUCCESS) {
      count.too_late = 0;
    }
    count.since = time_at(object, "since").value_or(kNoTime);
    count.newest = time_at(object, "newest").value_or(kNoTime);
    exceptions.add_count(name, count);
  }
}

}  // namespace doorward
