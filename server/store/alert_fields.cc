#include "server/store/alert_fields.h"

#include <simdjson.h>

#include <cmath>

#include "plugins/ip_address.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

namespace json = simdjson::dom;

/// The text under `object`.`key`; empty when there is none.
std::string_view text_of(const json::object& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::string cut(std::string_view text, std::size_t most) {
  if (text.size() > most) {
    // Bytes 10xxxxxx go on with a character.
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
    text = text.substr(0, most);
  }
  return std::string(text);
}

/// The reverse of severity_number().
std::string_view severity_of(double number) {
  if (number >= 99) return "critical";
  if (number >= 73) return "high";
  if (number >= 47) return "medium";
  return "low";
}

}  // namespace

class AlertFieldsReader::Parser {
 public:
  json::parser parser{kAlertDocumentMax};
};

AlertFieldsReader::AlertFieldsReader() : parser_(std::make_unique<Parser>()) {}
AlertFieldsReader::~AlertFieldsReader() = default;

AlertFields AlertFieldsReader::read(std::string_view document) {
  AlertFields out;
  json::object root;
  if (document.empty() || document.size() > kAlertDocumentMax ||
      parser_->parser.parse(document.data(), document.size()).get(root) != simdjson::SUCCESS) {
    return out;
  }
  out.readable = true;
  out.time = parse_time(text_of(root, "@timestamp")).value_or(kNoTime);
  out.message = cut(text_of(root, "message"), kAlertMessageMax);
  json::object inner;
  if (root["rule"].get(inner) == simdjson::SUCCESS) {
    out.rule = cut(text_of(inner, "id"), kAlertTextMax);
  }
  if (root["user"].get(inner) == simdjson::SUCCESS) {
    out.user = cut(text_of(inner, "name"), kAlertTextMax);
  }
  if (root["host"].get(inner) == simdjson::SUCCESS) {
    out.host = cut(text_of(inner, "name"), kAlertTextMax);
  }
  if (root["source"].get(inner) == simdjson::SUCCESS) {
    const std::string_view ip = text_of(inner, "ip");
    out.address = cut(ip.empty() ? text_of(inner, "address") : ip, kAlertTextMax);
  }
  if (root["doorward"].get(inner) == simdjson::SUCCESS) {
    out.severity = cut(text_of(inner, "severity"), kAlertTextMax);
    double score = 0;
    if (inner["score"].get(score) == simdjson::SUCCESS && std::isfinite(score)) out.score = score;
  }
  double severity = 0;
  if (out.severity.empty() && root["event"].get(inner) == simdjson::SUCCESS &&
      inner["severity"].get(severity) == simdjson::SUCCESS) {
    out.severity = severity_of(severity);
  }
  return out;
}

std::string address_key(std::string_view address) {
  if (address.empty()) return {};
  const std::optional<IpAddress> ip = IpAddress::parse(address);
  if (!ip) return std::string(1, '\0').append(address);
  const bool v4 = ip->family == IpAddress::Family::v4;
  std::string key(1, v4 ? '\4' : '\6');
  key.append(reinterpret_cast<const char*>(ip->bytes.data()), v4 ? 4 : 16);
  return key;
}

}  // namespace doorward
