#include "plugins/delivery/facts.h"

#include <simdjson.h>

#include "plugins/time_text.h"

namespace doorward {

DocumentFacts document_facts(std::string_view json) {
  DocumentFacts out;
  if (json.empty()) return out;  // the parser copies from its null pointer
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(json.data(), json.size()).get(document) != simdjson::SUCCESS) return out;
  std::string_view text;
  if (document["@timestamp"].get(text) == simdjson::SUCCESS) {
    out.time = parse_time(text).value_or(kNoTime);
  }
  std::int64_t severity = 0;
  if (document["event"]["severity"].get(severity) == simdjson::SUCCESS) out.severity = severity;
  if (document["host"]["name"].get(text) == simdjson::SUCCESS) out.host = text;
  if (document["message"].get(text) == simdjson::SUCCESS) out.message = text;
  return out;
}

}  // namespace doorward
