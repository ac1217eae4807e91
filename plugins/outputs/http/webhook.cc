// Anything that takes a POST: documents as a JSON array or as NDJSON, accepted with any 2xx.
#include "plugins/outputs/http/dialect.h"

namespace doorward {
namespace {

class Webhook final : public HttpDialect {
 public:
  explicit Webhook(bool array) : array_(array) {}

  std::string target(const std::string& path) const override { return path.empty() ? "/" : path; }
  std::string_view content_type() const override {
    return array_ ? "application/json" : "application/x-ndjson";
  }
  std::string_view token_scheme() const override { return "Bearer"; }

  std::string body(std::span<const Document> batch) const override {
    std::string out = array_ ? "[" : "";
    for (const Document& document : batch) {
      if (array_ && out.size() > 1) out += ',';
      out += document.text;
      if (!array_) out += '\n';
    }
    if (array_) out += ']';
    return out;
  }

  DeliveryResult judge(const HttpReply& reply, std::size_t documents) const override {
    return judge_status(reply, documents);
  }

 private:
  bool array_;
};

}  // namespace

std::unique_ptr<HttpDialect> webhook_dialect(Params& table) {
  const std::string body = table.text("body", "array");
  if (body != "array" && body != "ndjson") {
    table.mistake("body", "expected \"array\" or \"ndjson\"");
  }
  return std::make_unique<Webhook>(body == "array");
}

}  // namespace doorward
