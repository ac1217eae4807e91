// The API as requests and answers, whatever brings them: HTTPS, the local socket, the command line.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "proto/identity.h"
#include "server/core/core.h"
#include "server/fleet/fleet_state.h"

namespace doorward {

/// Who asks.
struct Principal {
  std::string name;  ///< of the API token; "local" for the local socket's root and owner
  Role role = Role::none;
  std::string from;  ///< address, or "local"
};

struct ApiRequest {
  std::string method;  ///< "GET"
  std::string path;    ///< "/api/v1/agents/3f…", percent-decoded by the router
  std::map<std::string, std::string> query;
  std::string body;  ///< JSON
  Principal who;
};

struct ApiResponse {
  unsigned status = 200;
  std::string body;  ///< JSON (RFC 8259), errors as {"error": "...", "where": "..."}
  std::string type = "application/json";
  /// Not empty: the body is this file, which whoever sends the answer removes.
  std::string file;
  unsigned retry_after_s = 0;  ///< not 0: when to try again
};

/// What the API needs beside the core.
struct ApiOptions {
  std::string data_dir;  ///< where backups find the database
  /// Of the certificate authority: goes into enrolment tokens. None: no tokens can be made.
  std::optional<Fingerprint> authority;
};

/// Routes, checks roles, writes the audit trail. `done` is called once, on the core's thread or at
/// once.
class Api {
 public:
  using Done = std::function<void(ApiResponse)>;
  /// Before Core::start(). The core has to be stopped before the Api goes.
  static std::unique_ptr<Api> make(Core& core, ApiOptions options);
  virtual ~Api() = default;
  virtual void handle(ApiRequest request, Done done) = 0;
  /// The OpenAPI 3.1 document, made of the same table as the routes.
  [[nodiscard]] virtual std::string openapi() const = 0;
};

}  // namespace doorward
