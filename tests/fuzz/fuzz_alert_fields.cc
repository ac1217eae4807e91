// Any bytes as an alert's document, as an address, and as a pattern with its text: fields within
// their limits, and matching that agrees with itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/store/alert_fields.h"
#include "server/store/text_match.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static AlertFieldsReader reader;
  const AlertFields fields = reader.read(bytes);
  for (const std::string* text :
       {&fields.rule, &fields.severity, &fields.user, &fields.host, &fields.address}) {
    require(text->size() <= kAlertTextMax);
  }
  require(fields.message.size() <= kAlertMessageMax);
  require(fields.readable || fields.message.empty());

  const std::string_view address = bytes.substr(0, 64);
  require(address_key(address).empty() == address.empty());

  const std::string_view pattern = bytes.substr(0, size / 3);
  const std::string_view text = bytes.substr(size / 3);
  if (text_glob(pattern, text) && pattern.find_first_of("*?") == std::string_view::npos) {
    require(pattern == text);
  }
  require(text_glob("*", text));
  require(text_within(text.substr(0, text.size() / 2), text));
  const std::string after = after_prefix(pattern);
  if (!after.empty()) require(std::string(pattern) + "\xFF\xFF" < after);
  return 0;
}
