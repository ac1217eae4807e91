// The alerts source: alerts of other sensors as documents of the Elastic Common Schema, nested or
// with dotted keys, bare or as a search gives them (in "_source").
#include "plugins/sources/json_sniff.h"
#include "plugins/sources/json_source.h"

namespace doorward {

extern const SourcePlugin kSourceAlerts;

namespace alerts {
namespace {

class AlertsSource final : public JsonSource {
 public:
  AlertsSource() : JsonSource(Told::alerts, "alerts") {}

 protected:
  JsonValue unwrap(JsonValue record) override {
    const JsonValue source = record["_source"];
    return source.is_object() ? source : record;
  }

  TimeUs time_of(JsonValue record) override { return json_time(record["@timestamp"].first()); }

  /// The outcome stays unknown: what another sensor says of a logon is no logon of its own, so it
  /// must neither count as one nor teach what is usual.
  Reading read(JsonValue record, Event& event) override {
    if (!record["@timestamp"].exists()) return Reading::malformed;
    const std::string_view kind = text(record, "event.kind");
    if (!kind.empty() && kind != "alert" && kind != "signal") return Reading::other;
    set_json_source(event, first_of(record, {"source.ip", "source.address"}));
    event[Field::user_name] = text(record, "user.name");
    if (!event.ip.valid() && event[Field::user_name].empty()) return Reading::other;
    event[Field::rule_name] = first_of(record, {"rule.name", "kibana.alert.rule.name",
                                                "signal.rule.name", "rule.description", "message"});
    if (event[Field::rule_name].empty()) return Reading::malformed;
    event[Field::event_category] = category_of(record.at("event.category"));
    const std::string_view action = text(record, "event.action");
    event[Field::event_action] = action.empty() ? "alert" : action;
    const std::string_view dataset = first_of(record, {"event.dataset", "event.module"});
    if (!dataset.empty()) event[Field::event_dataset] = dataset;
    if (event.port == 0) set_json_port(event, record.at("source.port").first());
    read_rest(record, event);
    return Reading::used;
  }

 private:
  /// One of several: the one that rules know, else the first.
  static std::string_view category_of(JsonValue given) {
    constexpr std::string_view kUsual = "intrusion_detection";
    const std::string_view first = given.first().text();
    return first.empty() || given.has(kUsual) ? kUsual : first;
  }

  static std::string_view text(JsonValue record, std::string_view name) {
    return record.at(name).first().text();
  }

  static std::string_view first_of(JsonValue record,
                                   std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      if (const std::string_view found = text(record, name); !found.empty()) return found;
    }
    return {};
  }

  void read_rest(JsonValue record, Event& event) {
    event[Field::destination_address] = first_of(record, {"destination.ip", "destination.address"});
    event[Field::record_id] = first_of(record, {"kibana.alert.uuid", "event.id"});
    event[Field::event_provider] = text(record, "event.provider");
    event[Field::user_id] = text(record, "user.id");
    event[Field::host_name] = text(record, "host.name");
    event[Field::cloud_account] = text(record, "cloud.account.id");
    event[Field::cloud_region] = text(record, "cloud.region");
    event[Field::user_agent] = text(record, "user_agent.original");
    event[Field::geo_country] = text(record, "source.geo.country_iso_code");
    event[Field::geo_city] = text(record, "source.geo.city_name");
    set_json_place(event, record.at("source.geo.location.lat"),
                   record.at("source.geo.location.lon"));
    event[Field::as_number] = as_text_.of(record.at("source.as.number").first());
    event[Field::as_organization] = text(record, "source.as.organization.name");
  }

  NumberText as_text_;
};

int sniff(std::string_view head) {
  for (const std::string_view beside :
       {"event", "event.kind", "event.dataset", "event.module", "rule", "rule.name",
        "kibana.alert.rule.name", "signal", "source.ip"}) {
    if (has_json_object_with(head, {"@timestamp", beside}, 2)) return 60;
  }
  return 0;
}

std::unique_ptr<Source> make(const SourceOptions& /*options*/) {
  return std::make_unique<AlertsSource>();
}

}  // namespace
}  // namespace alerts

const SourcePlugin kSourceAlerts = {
    "alerts",     "alerts of other sensors as documents of the Elastic Common Schema (JSON)",
    Told::alerts, alerts::sniff,
    alerts::make, Framing::json_records};

}  // namespace doorward
