// Documents over http(s), in the form of one of the dialects.
#pragma once

#include <memory>
#include <string>

#include "plugins/delivery/net/http_client.h"
#include "plugins/delivery/sink.h"
#include "plugins/outputs/http/dialect.h"

namespace doorward {

struct HttpAuth {
  std::string scheme;       ///< in front of the secret: "Bearer", "ApiKey", "Splunk", "Basic"
  std::string user;         ///< of Basic
  std::string secret_file;  ///< empty: no Authorization. Read anew with every connection
};

struct HttpSettings {
  Address address;
  std::shared_ptr<TlsContext> tls;  ///< null: http
  std::shared_ptr<const HttpDialect> dialect;
  HttpAuth auth;
  std::string headers;  ///< further lines, each with CRLF
  bool gzip = false;
  HttpLimits limits;
};

std::unique_ptr<Sink> make_http_sink(const SinkEnv& env, const HttpSettings& settings);

}  // namespace doorward
