// What a route takes: the names, kinds and bounds of a query's or body's values. Read before a
// handler sees anything, and told in the OpenAPI document.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "server/fleet/fleet_state.h"
#include "sketch/result.h"

namespace doorward {

enum class ApiKind : std::uint8_t {
  text,
  integer,
  real,
  boolean,
  time,      ///< "2026-11-20T08:15:00Z"
  duration,  ///< "90s", "15m", "24h", "7d"
  choice,    ///< one of `choices`
  files,     ///< [{"name": "policy.toml", "text": "..."}]
};

struct ApiField {
  const char* name;
  ApiKind kind = ApiKind::text;
  bool required = false;
  const char* about = "";
  std::int64_t min = 0, max = INT64_MAX;  ///< of a number
  std::vector<const char*> choices{};
};

/// One value that was given.
struct ApiValue {
  std::string text;
  std::int64_t number = 0;  ///< integer; microseconds of a time or duration; 1: true
  double real = 0;
  PolicyFiles files;
};
using ApiValues = std::map<std::string, ApiValue, std::less<>>;

/// The Error's place is the parameter's name: unknown, missing, of another kind, out of bounds.
Result<ApiValues> read_api_query(const std::vector<ApiField>& fields,
                                 const std::map<std::string, std::string>& query);
/// A JSON object of these members. An empty body is an empty object. Texts are UTF-8.
Result<ApiValues> read_api_body(const std::vector<ApiField>& fields, std::string_view body);

/// The text if it is one JSON value (of depth at most 64), else nothing: to put documents of agents
/// into answers.
bool is_json(std::string_view text);

}  // namespace doorward
