// The suricata source: eve.json in, alerts out.
#include "plugins/sources/json_sniff.h"
#include "plugins/sources/json_source.h"

namespace doorward {

extern const SourcePlugin kSourceSuricata;

namespace suricata {
namespace {

/// source.ip is src_ip whichever end is the suspicious one: a rule that joins alerts with logons
/// looks at both ends.
class SuricataSource final : public JsonSource {
 public:
  SuricataSource() : JsonSource(Told::suricata, "suricata.eve") {}

 protected:
  TimeUs time_of(JsonValue record) override { return json_time(record["timestamp"]); }

  Reading read(JsonValue record, Event& event) override {
    const std::string_view type = record["event_type"].text();
    if (type.empty()) return Reading::malformed;
    if (type != "alert") return Reading::other;
    const JsonValue alert = record["alert"];
    event[Field::rule_name] = alert["signature"].text();
    set_json_source(event, record["src_ip"].text());
    if (event[Field::rule_name].empty() || !event.ip.valid()) return Reading::malformed;
    const std::string_view action = alert["action"].text();
    event[Field::event_action] = action.empty() ? "alert" : action;
    event[Field::event_category] = "intrusion_detection";
    event[Field::event_provider] = "suricata";
    event[Field::destination_address] = record["dest_ip"].text();
    set_json_port(event, record["src_port"]);
    return Reading::used;
  }
};

int sniff(std::string_view head) {
  for (const std::string_view beside : {"src_ip", "flow_id", "stats"}) {
    if (has_json_object_with(head, {"timestamp", "event_type", beside}, 1)) return 95;
  }
  return 0;
}

std::unique_ptr<Source> make(const SourceOptions& /*options*/) {
  return std::make_unique<SuricataSource>();
}

}  // namespace
}  // namespace suricata

const SourcePlugin kSourceSuricata = {"suricata",     "Suricata's eve.json: alerts (JSON)",
                                      Told::suricata, suricata::sniff,
                                      suricata::make, Framing::json_records};

}  // namespace doorward
