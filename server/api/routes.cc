#include "server/api/routes.h"

#include "plugins/json_writer.h"
#include "server/api/limits.h"

namespace doorward {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Whether the path is of the pattern, whose parts in braces stand for one part each.
bool fits(std::string_view pattern, std::string_view path,
          std::map<std::string, std::string, std::less<>>& parts) {
  parts.clear();
  while (!pattern.empty()) {
    if (pattern.front() != '{') {
      if (path.empty() || path.front() != pattern.front()) return false;
      pattern.remove_prefix(1);
      path.remove_prefix(1);
      continue;
    }
    const std::size_t close = pattern.find('}');
    const std::string_view raw = path.substr(0, path.find('/'));
    const std::optional<std::string> value = percent_decoded(raw);
    if (!value || value->empty() || value->size() > kApiTextBytesMax) return false;
    parts[std::string(pattern.substr(1, close - 1))] = *value;
    pattern.remove_prefix(close + 1);
    path.remove_prefix(raw.size());
  }
  return path.empty();
}

}  // namespace

std::string ApiCall::text(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second.text;
}

std::int64_t ApiCall::number(std::string_view name, std::int64_t otherwise) const {
  const auto found = values.find(name);
  return found == values.end() ? otherwise : found->second.number;
}

std::string ApiCall::part(std::string_view name) const {
  const auto found = path.find(name);
  return found == path.end() ? std::string() : found->second;
}

const std::vector<ApiRoute>& api_routes() {
  static const std::vector<ApiRoute> kRoutes = [] {
    std::vector<ApiRoute> routes;
    add_server_routes(routes);
    add_agent_routes(routes);
    add_policy_routes(routes);
    add_fit_routes(routes);
    add_alert_routes(routes);
    add_access_routes(routes);
    return routes;
  }();
  return kRoutes;
}

const ApiRoute* find_route(std::string_view method, std::string_view path,
                           std::map<std::string, std::string, std::less<>>& parts,
                           std::string& allowed) {
  allowed.clear();
  for (const ApiRoute& route : api_routes()) {
    if (!fits(route.path, path, parts)) continue;
    if (method == route.method) return &route;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  return nullptr;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (plus_is_space && c == '+') {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  return out;
}

std::optional<std::map<std::string, std::string>> read_query_text(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decoded(pair.substr(0, equals), true);
    const auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value || out.size() >= kApiQueryMax) return std::nullopt;
    if (!out.emplace(*name, *value).second) return std::nullopt;
  }
  return out;
}

ApiResponse api_error(unsigned status, const Error& error) {
  ApiResponse out;
  out.status = status;
  JsonWriter(out.body).open().text("error", error.what).text("where", error.where).close();
  if (status == 503 || status == 429) out.retry_after_s = kApiRetryAfterS;
  return out;
}

}  // namespace doorward
