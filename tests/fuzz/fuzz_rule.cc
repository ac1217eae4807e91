// Any bytes given to the reader of rules: mistakes or a rule, never a crash.
#include <string_view>

#include "plugins/rule_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  const RuleText text{"fuzz.toml", std::string(reinterpret_cast<const char*>(data), size)};
  std::vector<Error> mistakes;
  const RuleSet rules(std::span(&text, 1), HashKey{}, mistakes);
  return 0;
}
