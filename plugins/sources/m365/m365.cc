// The m365 source: the Microsoft 365 unified audit log in, sign-ins and accesses to mail out.
// Fields: Office 365 Management Activity API schema. A record comes as it is, as AuditData (an
// object or a string) of an export, or in the frame of a log shipper.
#include "plugins/sources/json_sniff.h"
#include "plugins/sources/json_source.h"

namespace doorward {

extern const SourcePlugin kSourceM365;

namespace m365 {
namespace {

std::string_view first_of(std::string_view one, std::string_view other) {
  return one.empty() ? other : one;
}

/// Names that stand for none.
bool is_nobody(std::string_view name) {
  return name == "Unknown" || name == "Not Available";
}

bool failed(std::string_view status) {
  return status == "Failed" || status == "Failure" || status == "False";
}

class M365Source final : public JsonSource {
 public:
  M365Source() : JsonSource(Told::m365, "o365.audit") {}

 protected:
  JsonValue unwrap(JsonValue record) override {
    for (const std::string_view frame : {"AuditData", "auditData", "o365audit"}) {
      const JsonValue inner = record[frame];
      if (inner.is_object()) return inner;
      if (inner.exists()) return inner_.read(inner.text()) ? inner_.root() : JsonValue{};
    }
    const JsonValue original = record["event"]["original"];
    if (record["Operation"].exists() || !original.exists()) return record;
    return inner_.read(original.text()) ? inner_.root() : JsonValue{};
  }

  /// Without a zone, and in UTC.
  TimeUs time_of(JsonValue record) override { return json_time(record["CreationTime"]); }

  Reading read(JsonValue record, Event& event) override {
    const std::string_view operation = record["Operation"].text();
    if (operation.empty()) return Reading::malformed;
    const std::string_view status = record["ResultStatus"].text();
    if (operation == "UserLoggedIn" || operation == "UserLoginFailed") {
      event[Field::event_category] = "authentication";
      event.outcome =
          operation == "UserLoggedIn" && !failed(status) ? Outcome::success : Outcome::failure;
    } else if (operation == "MailItemsAccessed") {
      event[Field::event_category] = "email";
      event.outcome = failed(status)   ? Outcome::failure
                      : status.empty() ? Outcome::unknown
                                       : Outcome::success;
    } else {
      return Reading::other;
    }
    event[Field::event_action] = operation;
    event[Field::event_provider] = record["Workload"].text();
    event[Field::record_id] = record["Id"].text();
    event[Field::cloud_account] = record["OrganizationId"].text();
    const std::string_view user = record["UserId"].text();
    event[Field::user_id] = user;
    if (!is_nobody(user)) event[Field::user_name] = before_domain(user);
    read_source(record, event);
    if (event.outcome == Outcome::failure) read_error(record, event);
    return Reading::used;
  }

 private:
  static void read_source(JsonValue record, Event& event) {
    const std::string_view client =
        first_of(record["ClientIP"].text(), record["ClientIPAddress"].text());
    set_json_source(event, first_of(client, record["ActorIpAddress"].text()));
    const JsonValue agent = record["ExtendedProperties"].where("Name", "UserAgent");
    event[Field::user_agent] = first_of(agent["Value"].text(), record["ClientInfoString"].text());
  }

  void read_error(JsonValue record, Event& event) {
    const std::string_view error = record["LogonError"].text();
    const std::string_view code = error_text_.of(record["ErrorNumber"]);
    event[Field::error_code] = first_of(code, error);
    if (!code.empty()) event[Field::error_message] = error;
    if (error == "UserAccountNotFound" || code == "50034") event[Field::account] = "invalid";
  }

  JsonRecord inner_;
  NumberText error_text_;
};

int sniff(std::string_view head) {
  if (has_json_object_with(head, {"CreationTime", "Operation", "Workload"}, 3)) return 96;
  for (const std::string_view beside : {"Operations", "Operation", "RecordType"}) {
    if (has_json_object_with(head, {"AuditData", beside}, 2)) return 96;
  }
  return has_json_object_with(head, {"auditData", "operation"}, 2) ? 96 : 0;
}

std::unique_ptr<Source> make(const SourceOptions& /*options*/) {
  return std::make_unique<M365Source>();
}

}  // namespace
}  // namespace m365

const SourcePlugin kSourceM365 = {
    "m365",     "Microsoft 365 unified audit log: sign-ins and mail that was read (JSON)",
    Told::m365, m365::sniff,
    m365::make, Framing::json_records};

}  // namespace doorward
