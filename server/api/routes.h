// The table of the API's routes: what dispatches, checks and documents them all.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/api.h"
#include "server/api/fields.h"
#include "server/manage/managed.h"

namespace doorward {

/// What happened since the start; read from any thread.
struct ApiCounts {
  std::atomic<std::uint64_t> requests{0}, changes{0}, forbidden{0}, refused{0};
  std::atomic<std::uint64_t> audits_left_out{0};
  // Entries that were folded.
  std::atomic<std::uint64_t> deltas{0}, rounds{0}, alerts{0}, enrolments{0}, revocations{0};
  std::array<std::atomic<std::uint64_t>, 4> verdicts{};  ///< by AlertVerdict
};

/// What handlers may use beside the view. Lives as long as the Api.
struct ApiContext {
  Core* core = nullptr;
  ApiOptions options;
  TimeUs started = 0;
  ApiCounts counts;
};

/// A request for one route, read and found right.
struct ApiCall {
  Principal who;
  std::map<std::string, std::string, std::less<>> path;  ///< by name of the part in braces
  ApiValues values;                                      ///< of query and body
  const ApiContext* context = nullptr;
  // What `prepare` found.
  std::string prepared;  ///< secret, path, ...
  std::string digest;
  std::vector<Error> mistakes, warnings;
  std::optional<Managed> refused;  ///< it ends here

  [[nodiscard]] bool has(std::string_view name) const { return values.find(name) != values.end(); }
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t otherwise) const;
  [[nodiscard]] std::string part(std::string_view name) const;
  [[nodiscard]] Asker asker(const FleetView& view) const { return {who.name, view.now}; }
};

struct ApiRoute {
  const char* method;
  const char* path;  ///< "/api/v1/agents/{agent}"
  const char* name;  ///< operationId
  Role role;         ///< the least that may; none: anybody, without a token
  const char* summary;
  const char* answer;  ///< name in api_schemas(), or a media type
  std::vector<ApiField> query{};
  std::vector<ApiField> body{};
  /// Of a change, in the audit trail: "agent.revoke".
  const char* action = nullptr;
  /// On a thread of its own, before the core sees it: what takes long.
  void (*prepare)(ApiCall& call) = nullptr;
  // One of both, on the core's thread.
  ApiResponse (*read)(const ApiCall& call, FleetView& view) = nullptr;
  Managed (*change)(const ApiCall& call, FleetView& view) = nullptr;
  /// After a change was committed.
  Status (*after)(FleetView& view) = nullptr;
};

/// All of them, in the order of the document.
const std::vector<ApiRoute>& api_routes();

void add_server_routes(std::vector<ApiRoute>& routes);
void add_agent_routes(std::vector<ApiRoute>& routes);
void add_policy_routes(std::vector<ApiRoute>& routes);
void add_alert_routes(std::vector<ApiRoute>& routes);
void add_fit_routes(std::vector<ApiRoute>& routes);
void add_access_routes(std::vector<ApiRoute>& routes);

/// The route of a request; null, and `allowed`: the methods that there are for this path (empty: no
/// such path). `parts`: what stands in the braces, percent-decoded (RFC 3986).
const ApiRoute* find_route(std::string_view method, std::string_view path,
                           std::map<std::string, std::string, std::less<>>& parts,
                           std::string& allowed);

/// "a%20b" to "a b"; nothing for a '%' without two digits, and for a zero byte.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space = false);
/// "a=1&b=%20" to a map; nothing for what cannot be decoded, names given twice, or more than
/// kApiQueryMax.
std::optional<std::map<std::string, std::string>> read_query_text(std::string_view text);

/// {"error": ..., "where": ...}
ApiResponse api_error(unsigned status, const Error& error);

/// A member of an answer. `kind`: "string", "integer", "number", "boolean", "time", "any", the name
/// of another schema, or a list of these as "[]string".
struct ApiMember {
  const char* name;
  const char* kind;
  const char* about = "";
  bool always = true;
};
struct ApiSchema {
  const char* name;
  std::vector<ApiMember> members;
};
const std::vector<ApiSchema>& api_schemas();

/// The OpenAPI 3.1 document of both tables.
std::string openapi_document();

}  // namespace doorward
