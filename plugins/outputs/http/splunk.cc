// Splunk: the HTTP Event Collector.
#include <simdjson.h>

#include <array>

#include "plugins/delivery/facts.h"
#include "plugins/delivery/limits.h"
#include "plugins/json_writer.h"
#include "plugins/outputs/http/dialect.h"

namespace doorward {
namespace {

class Splunk final : public HttpDialect {
 public:
  Splunk(std::string index, std::string sourcetype)
      : index_(std::move(index)), sourcetype_(std::move(sourcetype)) {}

  std::string target(const std::string& path) const override {
    return path.empty() || path == "/" ? "/services/collector/event" : path;
  }
  std::string_view content_type() const override { return "application/json"; }
  std::string_view token_scheme() const override { return "Splunk"; }

  std::string body(std::span<const Document> batch) const override {
    std::string out;
    for (const Document& document : batch) {
      const DocumentFacts facts = document_facts(document.text);
      JsonWriter json(out);
      json.open();
      out += "\"time\":" + epoch_seconds(facts.time == kNoTime ? document.appended : facts.time);
      out += ",\"event\":" + document.text + ",\"source\":\"doorward\"";
      out += ",\"sourcetype\":";
      append_quoted(out, sourcetype_);
      if (!index_.empty()) {
        out += ",\"index\":";
        append_quoted(out, index_);
      }
      if (!facts.host.empty()) {
        out += ",\"host\":";
        append_quoted(out, facts.host);
      }
      out += "}\n";
    }
    return out;
  }

  DeliveryResult judge(const HttpReply& reply, std::size_t documents) const override {
    if (reply.status == 400) return parse_splunk_refusal(reply, documents);
    return judge_status(reply, documents);
  }

 private:
  static std::string epoch_seconds(TimeUs time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%lld.%06lld", static_cast<long long>(time / 1'000'000),
                  static_cast<long long>(time % 1'000'000));
    return text.data();
  }
  static void append_quoted(std::string& out, std::string_view text) { JsonWriter(out).item(text); }

  std::string index_;
  std::string sourcetype_;
};

}  // namespace

std::unique_ptr<HttpDialect> splunk_dialect(Params& table) {
  return std::make_unique<Splunk>(table.text("index"), table.text("sourcetype", "doorward:alert"));
}

DeliveryResult parse_splunk_refusal(const HttpReply& reply, std::size_t documents) {
  namespace dom = simdjson::dom;
  DeliveryResult whole = judge_status(reply, documents);
  dom::parser parser;
  dom::element answer;
  std::int64_t number = -1;
  if (reply.body.empty() || reply.body.size() > kReplyBytesMax ||
      parser.parse(reply.body.data(), reply.body.size()).get(answer) != simdjson::SUCCESS) {
    return whole;
  }
  std::int64_t code = 0;
  // "Data channel is missing" and the like are about the set-up, not the document.
  constexpr std::int64_t kNoData = 5;
  constexpr std::int64_t kBadFormat = 6;
  constexpr std::int64_t kEventBlankLast = 13;
  if (answer["code"].get(code) == simdjson::SUCCESS && code != kNoData && code != kBadFormat &&
      (code < 12 || code > kEventBlankLast)) {
    whole.split = false;
    return whole;
  }
  if (answer["invalid-event-number"].get(number) != simdjson::SUCCESS || number < 0 ||
      number >= static_cast<std::int64_t>(documents)) {
    return whole;
  }
  DeliveryResult result;
  result.verdicts.assign(documents, Verdict::again);
  const auto at = static_cast<std::size_t>(number);
  for (std::size_t i = 0; i < at; ++i) result.verdicts[i] = Verdict::accepted;
  result.verdicts[at] = Verdict::refused;
  result.refusal = status_text(reply);
  if (at + 1 < documents) result.error = "the rest of a batch with a document that was refused";
  return result;
}

}  // namespace doorward
