// The cloudtrail source: records of AWS CloudTrail in, API calls and console sign-ins out.
// Fields: docs.aws.amazon.com, "CloudTrail record contents" and "CloudTrail userIdentity element".
#include "plugins/sources/json_sniff.h"
#include "plugins/sources/json_source.h"

namespace doorward {

extern const SourcePlugin kSourceCloudtrail;

namespace cloudtrail {
namespace {

/// What AWS writes instead of a user name that was typed and does not exist, since it may be a
/// password.
constexpr std::string_view kHidden = "HIDDEN_DUE_TO_SECURITY_REASONS";

std::string_view after_last(std::string_view text, char c) {
  return text.substr(text.rfind(c) + 1);  // npos + 1 is 0
}

/// Who acted, by the name that stays the same from session to session: a role is the user of its
/// sessions, a federated user is the name that the federation gave.
std::string_view user_name(JsonValue record, JsonValue identity) {
  const std::string_view type = identity["type"].text();
  if (type == "Root") return type;  // userName is the account's alias here
  if (const std::string_view name = identity["userName"].text(); !name.empty()) return name;
  const std::string_view principal = identity["principalId"].text();
  if (type == "FederatedUser" || type == "SAMLUser" || type == "WebIdentityUser") {
    return after_last(principal, ':');
  }
  const JsonValue issuer = identity["sessionContext"]["sessionIssuer"];
  if (const std::string_view role = issuer["userName"].text(); !role.empty()) return role;
  if (type == "AWSService") return identity["invokedBy"].text();
  // IAM Identity Center: sign-ins name the user here, calls only by id.
  const std::string_view typed = record["additionalEventData"]["UserName"].text();
  if (!typed.empty()) return typed;
  const std::string_view behalf = identity["onBehalfOf"]["userId"].text();
  if (!behalf.empty()) return behalf;
  return principal.substr(0, principal.find(':'));  // another account's, or a role without issuer
}

bool is_sign_in(std::string_view service, std::string_view action) {
  if (service == "signin.amazonaws.com") return true;
  if (service == "sso.amazonaws.com") return action == "Authenticate" || action == "Federate";
  return service == "sts.amazonaws.com" &&
         (action == "AssumeRoleWithSAML" || action == "AssumeRoleWithWebIdentity");
}

class CloudtrailSource final : public JsonSource {
 public:
  CloudtrailSource() : JsonSource(Told::cloudtrail, "aws.cloudtrail") {}

 protected:
  TimeUs time_of(JsonValue record) override { return json_time(record["eventTime"]); }

  Reading read(JsonValue record, Event& event) override {
    const std::string_view action = record["eventName"].text();
    const std::string_view service = record["eventSource"].text();
    if (action.empty() || service.empty()) {
      // Insights and digests have neither; a call that lost one is damaged.
      const bool call = record["eventName"].exists() || record["eventSource"].exists();
      return call ? Reading::malformed : Reading::other;
    }
    event[Field::event_action] = action;
    event[Field::event_provider] = service;
    event[Field::event_category] = is_sign_in(service, action)      ? "authentication"
                                   : service == "iam.amazonaws.com" ? "iam"
                                                                    : "api";
    read_identity(record, event);
    set_json_source(event, record["sourceIPAddress"].text());
    read_outcome(record, action, event);
    const std::string_view recipient = record["recipientAccountId"].text();
    event[Field::cloud_account] =
        recipient.empty() ? record["userIdentity"]["accountId"].text() : recipient;
    event[Field::cloud_region] = record["awsRegion"].text();
    event[Field::user_agent] = record["userAgent"].text();
    event[Field::record_id] = record["eventID"].text();
    return Reading::used;
  }

 private:
  static void read_identity(JsonValue record, Event& event) {
    const JsonValue identity = record["userIdentity"];
    event[Field::user_name] = user_name(record, identity);
    event[Field::user_id] = identity["principalId"].text();
    if (event[Field::user_id].empty()) {
      event[Field::user_id] = identity["onBehalfOf"]["userId"].text();
    }
    if (event[Field::user_name] == kHidden) {
      event[Field::user_name] = {};
      event[Field::account] = "invalid";
    }
  }

  static void read_outcome(JsonValue record, std::string_view action, Event& event) {
    event[Field::error_code] = record["errorCode"].text();
    event[Field::error_message] = record["errorMessage"].text();
    // Sign-ins tell their result under their own name: {"ConsoleLogin":"Failure"}.
    std::string_view result = record["responseElements"][action].text();
    if (result.empty()) result = record["serviceEventDetails"][action].text();
    const bool failed = !event[Field::error_code].empty() || !event[Field::error_message].empty() ||
                        result.starts_with("Fail");
    event.outcome = failed ? Outcome::failure : Outcome::success;
  }
};

int sniff(std::string_view head) {
  return has_json_object_with(head, {"eventVersion", "eventSource", "eventName"}, 2) ? 95 : 0;
}

std::unique_ptr<Source> make(const SourceOptions& /*options*/) {
  return std::make_unique<CloudtrailSource>();
}

}  // namespace
}  // namespace cloudtrail

const SourcePlugin kSourceCloudtrail = {
    "cloudtrail",     "AWS CloudTrail records: API calls and console sign-ins (JSON)",
    Told::cloudtrail, cloudtrail::sniff,
    cloudtrail::make, Framing::json_records};

}  // namespace doorward
