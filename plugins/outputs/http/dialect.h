// How a kind of receiver wants its documents, and what its answers mean. Pure functions of bytes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plugins/delivery/net/http_reply.h"
#include "plugins/delivery/sink.h"
#include "plugins/params.h"

namespace doorward {

class HttpDialect {
 public:
  virtual ~HttpDialect() = default;
  /// The path when the url has none, or what is added to the url's.
  [[nodiscard]] virtual std::string target(const std::string& path) const = 0;
  [[nodiscard]] virtual std::string_view content_type() const = 0;
  /// In front of the token in Authorization: "Bearer".
  [[nodiscard]] virtual std::string_view token_scheme() const = 0;
  [[nodiscard]] virtual std::string body(std::span<const Document> batch) const = 0;
  [[nodiscard]] virtual DeliveryResult judge(const HttpReply& reply,
                                             std::size_t documents) const = 0;
};

/// Each reads its own settings out of the table.
std::unique_ptr<HttpDialect> elasticsearch_dialect(Params& table);
std::unique_ptr<HttpDialect> splunk_dialect(Params& table);
std::unique_ptr<HttpDialect> webhook_dialect(Params& table);

/// What a status means that says nothing about single documents: 2xx all accepted; 400, 413 and 422
/// refused for one document or the size (DeliveryResult::split); everything else try again.
DeliveryResult judge_status(const HttpReply& reply, std::size_t documents);

/// "HTTP 503: what the receiver said", printable and cut.
std::string status_text(const HttpReply& reply);

/// What `_bulk` answered for a batch: per item 2xx and 409 (it is there already) accepted, 400 and
/// other 4xx refused, 429, 401, 403, 404 and 5xx again. An answer with another number of items, or
/// that is no JSON, is a failure: all again.
DeliveryResult parse_bulk_reply(std::string_view body, std::size_t documents);

/// What Splunk answered with status 400: "invalid-event-number" names the one that is refused, and
/// those before it were taken.
DeliveryResult parse_splunk_refusal(const HttpReply& reply, std::size_t documents);

}  // namespace doorward
