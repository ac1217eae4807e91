// Any bytes given to the readers of exceptions, set files and reports, and asked about an event:
// mistakes or answers, never a crash; and what covers a set matches what the set does.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/exceptions/exception_review.h"
#include "plugins/set_files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<Error> mistakes;
  static const RuleSet kRules(builtin_rules(), HashKey{}, mistakes);

  const ExceptionText text{"fuzz.toml", std::string(bytes)};
  ExceptionSet exceptions(std::span(&text, 1), nullptr, mistakes);
  exceptions.bind(kRules, mistakes);
  Event event;
  event.time = 0;
  event[Field::user_name] = bytes.substr(0, size / 2);
  event.ip = IpAddress::parse(bytes.substr(0, 16)).value_or(*IpAddress::parse("192.0.2.1"));
  exceptions.silenced(event, ~RuleMask{0});
  review_exceptions(exceptions, kRules, 0);
  read_exception_report(bytes, "fuzz", exceptions, mistakes);

  for (const ValueKind kind : {ValueKind::text, ValueKind::address}) {
    ValueList list(kind);
    mistakes.clear();
    read_set(bytes, "fuzz.txt", list, mistakes);
    if (kind == ValueKind::address) {
      if (list.matches(event.ip) && list.size() == 0) std::abort();
    } else if (!list.exact().empty() && !list.matches(std::string_view(list.exact()[0]))) {
      std::abort();
    }
  }

  // The bytes as two lists of values, apart at the first 0xFF.
  std::vector<std::string> lists[2];
  int which = 0;
  for (std::size_t at = 0; at < size;) {
    const std::size_t end = std::min(bytes.find_first_of("\n\xFF", at), size);
    lists[which].emplace_back(bytes.substr(at, end - at));
    if (end < size && bytes[end] == '\xFF') which = 1;
    at = end + 1;
  }
  const auto ignore = [](const std::string&) {};
  const ValueSet a = ValueSet::read(lists[0], ValueKind::text, nullptr, "", ignore);
  const ValueSet b = ValueSet::read(lists[1], ValueKind::text, nullptr, "", ignore);
  if (a.covers(b)) {
    for (const std::string& value : lists[0]) {
      if (b.matches(std::string_view(value)) && !a.matches(std::string_view(value))) std::abort();
    }
    for (const std::string& value : lists[1]) {
      if (b.matches(std::string_view(value)) && !a.matches(std::string_view(value))) std::abort();
    }
  }
  return 0;
}
