#include "server/rules/alert_facts.h"

#include "plugins/sources/json_record.h"
#include "plugins/time_text.h"
#include "server/rules/limits.h"

namespace doorward {

std::optional<AlertFacts> read_alert_facts(JsonRecord& record, std::string_view document) {
  if (document.size() > kFleetDocumentBytes || !record.read(document)) return std::nullopt;
  const JsonValue root = record.root();
  const auto text = [&](std::string_view name) {
    return std::string(root.at(name).text().substr(0, kFleetTextBytes));
  };
  AlertFacts facts;
  facts.rule = text("rule.id");
  const std::optional<TimeUs> time = parse_time(root.at("@timestamp").text());
  if (facts.rule.empty() || !time) return std::nullopt;
  SightingRecord& seen = facts.seen;
  seen.time = *time;
  const std::string outcome = text("event.outcome");
  seen.outcome = static_cast<std::uint8_t>(outcome == "success"   ? Outcome::success
                                           : outcome == "failure" ? Outcome::failure
                                                                  : Outcome::unknown);
  seen.action = text("event.action");
  seen.user = text("user.name");
  seen.source = text("source.ip");
  if (seen.source.empty()) seen.source = text("source.address");
  seen.host = text("host.name");
  seen.dataset = text("event.dataset");
  seen.count = 1;
  return facts;
}

}  // namespace doorward
