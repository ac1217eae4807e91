// A request of the API as it comes: path, query and body, read by every route's fields.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/api/fields.h"
#include "server/api/routes.h"
#include "server/api/secrets.h"

// The first two lines are path and query; the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const std::string_view out = text.substr(0, text.find('\n'));
    text.remove_prefix(out.size() < text.size() ? out.size() + 1 : out.size());
    return out;
  };
  const std::string_view path = line();
  const auto query = doorward::read_query_text(line());
  std::map<std::string, std::string, std::less<>> parts;
  std::string allowed;
  static_cast<void>(doorward::find_route("POST", path, parts, allowed));
  static_cast<void>(doorward::api_token_name(path));
  static_cast<void>(doorward::is_json(text));
  for (const doorward::ApiRoute& route : doorward::api_routes()) {
    if (query) static_cast<void>(doorward::read_api_query(route.query, *query));
    static_cast<void>(doorward::read_api_body(route.body, text));
  }
  return 0;
}
