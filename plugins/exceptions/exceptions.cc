#include "plugins/exceptions/exceptions.h"

#include <algorithm>
#include <array>

#include "plugins/limits.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

constexpr std::array<std::string_view, 5> kOwnKeys = {"name", "rule", "reason", "owner", "expires"};
constexpr TimeUs kDayUs = 86'400 * kSecondUs;

TimeUs read_expiry(Params& table) {
  const std::string text = table.leaf_text("expires");
  const std::optional<TimeUs> time = parse_time(text);
  if (!time) {
    table.mistake("expires",
                  "expected the last day on which it holds, such as 2027-01-31, or a date-time");
    return kNoTime;
  }
  constexpr std::size_t kDateSize = 10;
  return text.size() == kDateSize ? *time + kDayUs : *time;
}

}  // namespace

ExceptionSet::ExceptionSet(std::span<const ExceptionText> texts, SetFiles* set_files,
                           std::vector<Error>& mistakes) {
  for (const ExceptionText& text : texts) {
    Result<Params> document = Params::open(text.toml, text.file, &mistakes, set_files);
    if (!document) {
      mistakes.push_back(document.error());
      continue;
    }
    for (Params& table : document.value().tables("exception")) {
      read(table, text.of_policy, mistakes);
    }
    if (!text.among_others) document.value().refuse_unknown();
  }
  counts_.resize(exceptions_.size());
}

void ExceptionSet::read(Params table, bool of_policy, std::vector<Error>& mistakes) {
  const std::size_t mistakes_before = mistakes.size();
  Exception exception;
  exception.where = table.where();
  exception.name = table.text_required("name");
  exception.reason = table.text_required("reason");
  exception.owner = table.text_required("owner");
  exception.rules = table.texts("rule");
  if (exception.rules.empty()) {
    table.mistake("rule", "expected the id of a rule, a list of them, or \"*\"");
  }
  exception.expires = read_expiry(table);
  exception.when = Filter::read(table, kOwnKeys);
  exception.of_policy = of_policy;
  const auto other = std::find_if(exceptions_.begin(), exceptions_.end(),
                                  [&](const Exception& one) { return one.name == exception.name; });
  const bool gives_way = other != exceptions_.end() && other->of_policy && !of_policy;
  if (other != exceptions_.end() && !gives_way) {
    table.mistake("name", "a second exception \"" + exception.name + "\"");
  }
  if (exceptions_.size() == kExceptionsMax) {
    table.mistake("name", "more than " + std::to_string(kExceptionsMax) + " exceptions");
  }
  if (mistakes.size() == mistakes_before && !gives_way) exceptions_.push_back(std::move(exception));
}

void ExceptionSet::bind(const RuleSet& rules, std::vector<Error>& mistakes) {
  for (Exception& exception : exceptions_) {
    exception.mask = 0;
    for (const std::string& name : exception.rules) {
      RuleMask named = 0;
      for (std::size_t i = 0; i < rules.size(); ++i) {
        if (glob_match(name, rules.rule(i).id)) named |= RuleMask{1} << i;
      }
      const bool left_out =
          std::any_of(rules.left_out().begin(), rules.left_out().end(),
                      [&](const std::string& id) { return glob_match(name, id); });
      if (named == 0 && !left_out)
        mistakes.push_back({exception.where, "rule: no rule \"" + name + "\""});
      exception.mask |= named;
    }
  }
}

RuleMask ExceptionSet::silenced(const Event& event, RuleMask fired) {
  RuleMask silent = 0;
  for (std::size_t i = 0; i < exceptions_.size(); ++i) {
    const Exception& exception = exceptions_[i];
    ExceptionCount& count = counts_[i];
    if (count.since == kNoTime) count.since = event.time;
    const RuleMask mask = exception.mask & fired;
    if (mask == 0 || !exception.when.matches(event)) continue;
    if (event.time >= exception.expires) {
      ++count.too_late;
      continue;
    }
    silent |= mask;
    ++count.silenced;
    count.newest = std::max(count.newest, event.time);
  }
  return silent;
}

bool ExceptionSet::add_count(std::string_view name, const ExceptionCount& earlier) {
  const auto found = std::find_if(exceptions_.begin(), exceptions_.end(),
                                  [&](const Exception& e) { return e.name == name; });
  if (found == exceptions_.end()) return false;
  ExceptionCount& count = counts_[static_cast<std::size_t>(found - exceptions_.begin())];
  count.silenced += earlier.silenced;
  count.too_late += earlier.too_late;
  count.newest = std::max(count.newest, earlier.newest);
  if (count.since == kNoTime || (earlier.since != kNoTime && earlier.since < count.since)) {
    count.since = earlier.since;
  }
  return true;
}

}  // namespace doorward
