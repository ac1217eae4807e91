// Elasticsearch and OpenSearch: the _bulk API. `create` with an _id of our own, so that a document
// that is sent again is not there twice.
#include <simdjson.h>

#include <algorithm>

#include "plugins/delivery/limits.h"
#include "plugins/json_writer.h"
#include "plugins/outputs/http/dialect.h"
#include "plugins/printable.h"

namespace doorward {
namespace {

class Elasticsearch final : public HttpDialect {
 public:
  explicit Elasticsearch(std::string index) : index_(std::move(index)) {}

  std::string target(const std::string& path) const override {
    std::string base = path;
    while (base.ends_with('/')) base.pop_back();
    if (!base.ends_with("/_bulk")) base += "/_bulk";
    return base + "?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason";
  }
  std::string_view content_type() const override { return "application/x-ndjson"; }
  std::string_view token_scheme() const override { return "ApiKey"; }

  std::string body(std::span<const Document> batch) const override {
    std::string out;
    for (const Document& document : batch) {
      JsonWriter(out)
          .open()
          .open("create")
          .text("_index", index_)
          .text("_id", document_key(document.kind, document.id, document.occurrences))
          .close()
          .close();
      out += '\n';
      out += document.text;
      out += '\n';
    }
    return out;
  }

  DeliveryResult judge(const HttpReply& reply, std::size_t documents) const override {
    if (reply.status != 200) {
      DeliveryResult result = judge_status(reply, documents);
      // 2xx without the items that 200 has tells nothing of them.
      if (!result.verdicts.empty()) return DeliveryResult::failed(status_text(reply));
      return result;
    }
    return parse_bulk_reply(reply.body, documents);
  }

 private:
  std::string index_;
};

bool is_index_name(std::string_view name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  constexpr std::size_t kBytesMax = 255;
  return !name.empty() && name.size() <= kBytesMax && name[0] != '-' && name[0] != '_' &&
         std::all_of(name.begin(), name.end(), fine);
}

Verdict verdict_of(std::int64_t status) {
  if (status >= 200 && status < 300) return Verdict::accepted;
  if (status == 409) return Verdict::accepted;  // it came before
  // These speak of the index, the account or the cluster, not of the document.
  const bool passing = status == 401 || status == 403 || status == 404 || status == 408 ||
                       status == 429 || status < 400 || status >= 500;
  return passing ? Verdict::again : Verdict::refused;
}

}  // namespace

std::unique_ptr<HttpDialect> elasticsearch_dialect(Params& table) {
  std::string index = table.text("index", "doorward-alerts");
  if (!is_index_name(index)) {
    table.mistake("index",
                  "expected lower-case letters, digits, \".\", \"-\" and \"_\", beginning with a "
                  "letter, a digit or \".\"");
  }
  return std::make_unique<Elasticsearch>(std::move(index));
}

DeliveryResult parse_bulk_reply(std::string_view body, std::size_t documents) {
  namespace dom = simdjson::dom;
  const auto unreadable = [] { return DeliveryResult::failed("the answer is none of _bulk"); };
  if (body.empty() || body.size() > kReplyBytesMax) return unreadable();
  dom::parser parser;
  dom::element reply;
  if (parser.parse(body.data(), body.size()).get(reply) != simdjson::SUCCESS) return unreadable();
  dom::array items;
  if (reply["items"].get(items) != simdjson::SUCCESS) {
    // filter_path leaves nothing but this of a batch without errors in some versions.
    return unreadable();
  }
  DeliveryResult result;
  for (const dom::element item : items) {
    dom::object actions;
    if (item.get(actions) != simdjson::SUCCESS || actions.begin() == actions.end()) {
      return unreadable();
    }
    const dom::element outcome = (*actions.begin()).value;
    std::int64_t status = 0;
    if (outcome["status"].get(status) != simdjson::SUCCESS) return unreadable();
    const Verdict verdict = verdict_of(status);
    result.verdicts.push_back(verdict);
    if (verdict == Verdict::accepted) continue;
    std::string& why = verdict == Verdict::refused ? result.refusal : result.error;
    if (!why.empty()) continue;
    std::string_view type;
    std::string_view reason;
    if (outcome["error"]["type"].get(type) != simdjson::SUCCESS) type = {};
    if (outcome["error"]["reason"].get(reason) != simdjson::SUCCESS) reason = {};
    why = "status " + std::to_string(status) + " " + printable(type.substr(0, kReceiverTextMax)) +
          ": " + printable(reason.substr(0, kReceiverTextMax));
  }
  if (result.verdicts.size() != documents) return unreadable();
  return result;
}

}  // namespace doorward
