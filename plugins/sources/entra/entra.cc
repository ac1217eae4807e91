// The entra source: sign-in logs of Microsoft Entra ID in, sign-ins out.
// Two forms: {"category":"SignInLogs","properties":{...}} of diagnostic settings and Event Hub, and
// Graph's signIn resource, whose members are those of `properties` without the frame.
#include <algorithm>

#include "plugins/sources/json_sniff.h"
#include "plugins/sources/json_source.h"

namespace doorward {

extern const SourcePlugin kSourceEntra;

namespace entra {
namespace {

constexpr std::string_view kAction = "Sign-in activity";

/// Error codes that say that there is no such account: in the directory (50034), on premises
/// (51004). 50020 is an account that exists in another tenant, 50053 one that is locked.
bool no_such_account(std::string_view code) {
  return code == "50034" || code == "51004";
}

/// The object id of nobody, for names that are no accounts.
bool is_nobody(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) { return c == '0' || c == '-'; });
}

std::string_view first_of(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

class EntraSource final : public JsonSource {
 public:
  EntraSource() : JsonSource(Told::entra, "azure.signinlogs") {}

 protected:
  TimeUs time_of(JsonValue record) override {
    const TimeUs time = json_time(sign_in_of(record)["createdDateTime"]);
    return time != kNoTime ? time : json_time(record["time"]);
  }

  Reading read(JsonValue record, Event& event) override {
    const JsonValue sign_in = sign_in_of(record);
    const std::string_view category = record["category"].text();
    const bool framed = record["properties"].is_object();
    if (!category.ends_with("SignInLogs")) {
      if (framed || record["category"].exists()) return Reading::other;
      if (!sign_in["userPrincipalName"].exists() && !sign_in["servicePrincipalId"].exists()) {
        return Reading::other;
      }
    }
    if (!read_outcome(record, sign_in, event)) return Reading::malformed;
    event[Field::event_action] = kAction;
    event[Field::event_category] = "authentication";
    event[Field::event_provider] = category;
    event[Field::record_id] = sign_in["id"].text();
    read_user(sign_in, event);
    const std::string_view caller = record["callerIpAddress"].text();
    set_json_source(event, first_of({sign_in["ipAddress"].text(), caller}));
    read_place(record, sign_in, event);
    const std::string_view method = sign_in["authenticationDetails"]
                                        .where("authenticationMethod")["authenticationMethod"]
                                        .text();
    event[Field::method] = first_of({method, sign_in["clientAppUsed"].text()});
    event[Field::user_agent] = sign_in["userAgent"].text();
    event[Field::cloud_account] =
        first_of({record["tenantId"].text(), sign_in["resourceTenantId"].text(),
                  sign_in["homeTenantId"].text()});
    return Reading::used;
  }

 private:
  static JsonValue sign_in_of(JsonValue record) {
    const JsonValue properties = record["properties"];
    return properties.is_object() ? properties : record;
  }

  bool read_outcome(JsonValue record, JsonValue sign_in, Event& event) {
    const JsonValue status = sign_in["status"];
    std::string_view code = error_text_.of(record["resultType"]);
    if (code.empty()) code = error_text_.of(status["errorCode"]);
    if (code.empty()) return false;
    if (code == "0" || code == "Success") {
      event.outcome = Outcome::success;
      return true;
    }
    event.outcome = Outcome::failure;
    event[Field::error_code] = code;
    event[Field::error_message] =
        first_of({status["failureReason"].text(), record["resultDescription"].text()});
    if (no_such_account(code)) event[Field::account] = "invalid";
    return true;
  }

  static void read_user(JsonValue sign_in, Event& event) {
    const std::string_view typed =
        first_of({sign_in["userPrincipalName"].text(), sign_in["signInIdentifier"].text()});
    const std::string_view program =
        first_of({sign_in["servicePrincipalName"].text(), sign_in["appDisplayName"].text()});
    event[Field::user_name] = typed.empty() ? program : before_domain(typed);
    event[Field::user_id] = sign_in["userId"].text();
    if (is_nobody(event[Field::user_id])) {
      event[Field::user_id] = typed.empty() ? sign_in["servicePrincipalId"].text() : "";
    }
  }

  void read_place(JsonValue record, JsonValue sign_in, Event& event) {
    const JsonValue place = sign_in["location"];
    event[Field::geo_country] =
        first_of({place["countryOrRegion"].text(), place.text(), record["location"].text()});
    event[Field::geo_city] = place["city"].text();
    set_json_place(event, place["geoCoordinates"]["latitude"],
                   place["geoCoordinates"]["longitude"]);
    const std::optional<std::int64_t> system = sign_in["autonomousSystemNumber"].integer();
    if (system && *system > 0) event[Field::as_number] = as_text_.write(*system);
  }

  NumberText error_text_;
  NumberText as_text_;
};

int sniff(std::string_view head) {
  for (const std::string_view who :
       {"userPrincipalName", "servicePrincipalId", "servicePrincipalName"}) {
    if (has_json_object_with(head, {"createdDateTime", who}, 3)) return 95;
  }
  return 0;
}

std::unique_ptr<Source> make(const SourceOptions& /*options*/) {
  return std::make_unique<EntraSource>();
}

}  // namespace
}  // namespace entra

const SourcePlugin kSourceEntra = {
    "entra",     "Microsoft Entra ID sign-in logs: diagnostic settings, Event Hub or Graph (JSON)",
    Told::entra, entra::sniff,
    entra::make, Framing::json_records};

}  // namespace doorward
