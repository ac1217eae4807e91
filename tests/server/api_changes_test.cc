// Changes over the API: what becomes of them, and that each is in the audit trail.
#include "server/manage/limits.h"
#include "tests/server/api_world.h"

namespace doorward {
namespace {

struct Change {
  const char* path;
  std::string body;
  unsigned status;
  const char* action;
  std::string target;
  std::string detail;  // begins so
};

TEST(ApiChanges, EachIsInTheAuditTrailDoneOrRefused) {
  ApiWorld world;
  world.populate();
  const std::string policy = R"({"files":[{"name":"policy.toml","text":""}],"comment":"first"})";
  const std::vector<Change> changes = {
      {"/api/v1/agents/web-01/move", R"({"group":"dmz"})", 200, "agent.move", kAgentOne,
       "web-01: default to dmz"},
      {"/api/v1/agents/web-01/move", R"({"group":"dmz"})", 409, "agent.move", kAgentOne,
       "group: it is in dmz already"},
      {"/api/v1/agents/web-01/move", R"({"group":"none"})", 422, "agent.move", kAgentOne,
       "group: there is no group"},
      {"/api/v1/agents/nobody/move", R"({"group":"dmz"})", 404, "agent.move", "nobody",
       "agent: there is no agent"},
      {"/api/v1/agents/aa00/drop-baseline", R"({"reason":"owned"})", 200, "baseline.drop",
       kAgentOne, "web-01, all epochs: owned"},
      {"/api/v1/agents/db-01/drop-baseline", "", 409, "baseline.drop", kAgentTwo,
       "agent: has taught nothing yet"},
      {"/api/v1/agents/db-01/revoke", R"({"reason":"sold"})", 200, "agent.revoke", kAgentTwo,
       "db-01: sold"},
      {"/api/v1/agents/bb00/revoke", "", 409, "agent.revoke", kAgentTwo,
       "agent: is revoked already, by admin-token"},
      {"/api/v1/groups", R"({"name":"lab"})", 200, "group.make", "lab", ""},
      {"/api/v1/groups", R"({"name":"lab"})", 409, "group.make", "lab", "name: is there already"},
      {"/api/v1/groups", R"({"name":"../x"})", 422, "group.make", "../x", "name: expected"},
      {"/api/v1/tokens", R"({"group":"none"})", 422, "token.create", "", "group: there is no"},
      {"/api/v1/tokens", R"({"ttl":"31d"})", 422, "token.create", "", "ttl: expected"},
      {"/api/v1/tokens/12345678/revoke", "", 404, "token.revoke", "12345678", "token: there is"},
      {"/api/v1/policies/default/apply", policy, 200, "policy.apply", "default",
       "version 1: first"},
      {"/api/v1/policies/default/apply", policy, 200, "policy.apply", "default",
       "says what version 1 says"},
      {"/api/v1/policies/none/apply", policy, 404, "policy.apply", "none", "group: there is no"},
      {"/api/v1/policies/default/apply", R"({"files":[{"name":"../x.toml","text":""}]})", 422,
       "policy.apply", "default", "../x.toml: "},
      {"/api/v1/policies/default/rollback", R"({"version":7})", 404, "policy.rollback", "default",
       "version: there is no version 7"},
      {"/api/v1/alerts/alert-1/verdict", R"({"verdict":"benign","comment":"new laptop"})", 200,
       "alert.verdict", kAlertId, "benign: new laptop"},
      {"/api/v1/alerts/alert-9/verdict", R"({"verdict":"benign"})", 404, "alert.verdict", "alert-9",
       "alert: there is no such alert"},
      {"/api/v1/api-tokens", R"({"name":"ci","role":"admin","ttl":"90d"})", 200, "api-token.create",
       "ci", "admin, until "},
      {"/api/v1/api-tokens", R"({"name":"ci","role":"viewer"})", 409, "api-token.create", "ci",
       "name: is there already"},
      {"/api/v1/api-tokens", R"({"name":"a_b","role":"viewer"})", 422, "api-token.create", "a_b",
       "name: expected"},
      {"/api/v1/api-tokens", R"({"name":"local","role":"viewer"})", 422, "api-token.create",
       "local", "name: means this host"},
      {"/api/v1/api-tokens/ci/revoke", "", 200, "api-token.revoke", "ci", ""},
      {"/api/v1/api-tokens/ci/revoke", "", 404, "api-token.revoke", "ci", "api-token: there is"},
      {"/api/v1/key/rotate", "", 200, "key.rotate", "2", ""},
      {"/api/v1/backup", R"({"file":"/tmp/x"})", 422, "backup", "/tmp/x", "file: only on"},
  };
  std::uint64_t number = world.audits();
  for (const Change& change : changes) {
    const std::string what = std::string(change.path) + " " + change.body;
    const ApiResponse response = world.ask(Role::admin, "POST", change.path, change.body);
    EXPECT_EQ(response.status, change.status) << what << response.body;
    const json::object audit = world.last_audit();
    EXPECT_EQ(audit.at("number").as_int64(), static_cast<std::int64_t>(++number)) << what;
    EXPECT_EQ(text_at(audit, "action"), change.action) << what;
    EXPECT_EQ(text_at(audit, "target"), change.target) << what;
    EXPECT_TRUE(text_at(audit, "detail").starts_with(change.detail))
        << what << text_at(audit, "detail");
    EXPECT_EQ(audit.at("ok").as_bool(), change.status == 200) << what;
    EXPECT_EQ(text_at(audit, "by"), "admin-token");
    EXPECT_EQ(text_at(audit, "from"), "192.0.2.7");
  }
  // Pages of it, newest first, without a gap.
  std::int64_t expected = static_cast<std::int64_t>(number);
  std::string before;
  do {
    std::map<std::string, std::string> query{{"limit", "7"}};
    if (!before.empty()) query["before"] = before;
    const json::object page = object_of(world.ask(Role::admin, "GET", "/api/v1/audit", "", query));
    for (const json::value& record : page.at("audit").get_array()) {
      EXPECT_EQ(record.at("number").as_int64(), expected--);
    }
    before = page.contains("next") ? json::serialize(page.at("next")) : "";
  } while (!before.empty());
  EXPECT_EQ(expected, 0);
}

TEST(ApiChanges, WhatIsMadeIsThere) {
  ApiWorld world;
  world.populate();
  const json::object made = object_of(
      world.ask(Role::admin, "POST", "/api/v1/tokens", R"({"group":"dmz","uses":3,"ttl":"2h"})"));
  const Result<JoinToken> token = JoinToken::parse(text_at(made, "token"));
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token.value().authority[0], 7);
  EXPECT_EQ(text_at(made, "name"), token_name(token.value()));
  const json::object list = object_of(world.ask(Role::admin, "GET", "/api/v1/tokens"));
  ASSERT_EQ(list.at("tokens").get_array().size(), 1U);
  EXPECT_EQ(list.at("tokens").at(0).at("uses").as_int64(), 3);
  EXPECT_EQ(json::serialize(list).find(text_at(made, "token").substr(4, 10)), std::string::npos);
  const std::string revoke = "/api/v1/tokens/" + text_at(made, "name") + "/revoke";
  EXPECT_EQ(world.ask(Role::admin, "POST", revoke).status, 200U);
  EXPECT_EQ(world.ask(Role::admin, "POST", revoke).status, 409U);
  EXPECT_EQ(
      object_of(world.ask(Role::admin, "GET", "/api/v1/tokens")).at("tokens").as_array().size(),
      0U);

  const json::object alert = object_of(world.ask(Role::viewer, "GET", "/api/v1/alerts/alert-1"));
  EXPECT_EQ(text_at(alert, "user"), "alice");
  EXPECT_EQ(alert.at("document").at("doorward").at("score").as_double(), 91.5);
  EXPECT_EQ(alert.at("triage").at("user").at("alerts").as_int64(), 1);
  EXPECT_EQ(alert.at("triage").at("address").at("users").at(0).at("name").as_string(), "alice");
  EXPECT_EQ(alert.at("triage").at("user").at("hosts").at(0).at("name").as_string(), "web-01");
}

TEST(ApiChanges, SecretsAreShownOnceAndKeptAsDigests) {
  ApiWorld world;
  const json::object made = object_of(
      world.ask(Role::admin, "POST", "/api/v1/api-tokens", R"({"name":"ci","role":"analyst"})"));
  const std::string token = text_at(made, "token");
  ASSERT_TRUE(token.starts_with("dwa_ci_"));
  const std::string secret = token.substr(7);
  EXPECT_EQ(secret.size(), 32U);
  for (const char* path : {"/api/v1/api-tokens", "/api/v1/audit", "/api/v1/status", "/metrics"}) {
    EXPECT_EQ(world.ask(Role::admin, "GET", path).body.find(secret), std::string::npos) << path;
  }
  // Nor is it on the disk.
  for (const auto& file : std::filesystem::directory_iterator(world.folder.dir())) {
    EXPECT_EQ(read_file(file.path()).find(secret), std::string::npos) << file.path();
  }
  std::string digest;
  world.core->ask([&](FleetView& view) { digest = view.state.api_tokens().at("ci").digest; });
  world.core->run_pending();
  EXPECT_TRUE(digest.starts_with("$argon2id$"));
}

TEST(ApiChanges, PoliciesAreNumberedComparedAndRolledBack) {
  ApiWorld world;
  const auto body = [](const std::string& text, const std::string& more = "") {
    return R"({"files":[{"name":"policy.toml","text":)" + json::serialize(json::value(text)) +
           "}]" + more + "}";
  };
  const std::string one = "[alerts]\nbudget_per_day = 2\n";
  const std::string two = "[alerts]\nbudget_per_day = 3\n";
  const std::string apply = "/api/v1/policies/default/apply";
  EXPECT_EQ(world.ask(Role::admin, "POST", apply, body(one)).status, 200U);
  json::object answer = object_of(world.ask(Role::admin, "POST", apply, body(two)));
  EXPECT_EQ(answer.at("version").as_int64(), 2);
  EXPECT_TRUE(answer.at("changed").as_bool());
  EXPECT_EQ(world.ask(Role::admin, "POST", apply, body(one, R"(,"after":1)")).status, 409U);
  answer = object_of(world.ask(Role::analyst, "POST", "/api/v1/policies/default/diff", body(one)));
  const std::string diff = text_at(answer, "diff");
  EXPECT_NE(diff.find("-budget_per_day = 3"), std::string::npos) << diff;
  EXPECT_NE(diff.find("+budget_per_day = 2"), std::string::npos) << diff;
  answer = object_of(world.ask(Role::admin, "POST", "/api/v1/policies/default/rollback",
                               R"({"version":1,"comment":"too loud"})"));
  EXPECT_EQ(answer.at("version").as_int64(), 3);
  EXPECT_EQ(answer.at("from").as_int64(), 1);
  answer = object_of(world.ask(Role::viewer, "GET", "/api/v1/policies/default/versions/latest"));
  EXPECT_EQ(answer.at("files").at(0).at("text").as_string(), one);
  answer = object_of(world.ask(Role::viewer, "GET", "/api/v1/policies/default"));
  ASSERT_EQ(answer.at("versions").as_array().size(), 3U);
  EXPECT_EQ(answer.at("versions").at(0).at("from").as_int64(), 1);
  EXPECT_EQ(answer.at("versions").at(0).at("comment").as_string(), "too loud");
  EXPECT_EQ(world.ask(Role::viewer, "GET", "/api/v1/policies/default/versions/9").status, 404U);
}

TEST(ApiChanges, AgentsArePagedAndFiltered) {
  ApiWorld world;
  for (int i = 0; i < 25; ++i) {
    const std::string two = (i < 10 ? "0" : "") + std::to_string(i);
    world.append(ApiWorld::enrolment(two + std::string(30, 'c'), "host-" + two));
  }
  std::size_t seen = 0;
  std::string after;
  std::size_t pages = 0;
  do {
    const json::object page = object_of(
        world.ask(Role::viewer, "GET", "/api/v1/agents", "", {{"limit", "10"}, {"after", after}}));
    seen += page.at("agents").as_array().size();
    after = text_at(page, "next");
    ++pages;
  } while (!after.empty());
  EXPECT_EQ(seen, 25U);
  EXPECT_EQ(pages, 3U);
  const json::object some =
      object_of(world.ask(Role::viewer, "GET", "/api/v1/agents", "", {{"host", "host-1*"}}));
  EXPECT_EQ(some.at("agents").as_array().size(), 10U);
  const json::object none =
      object_of(world.ask(Role::viewer, "GET", "/api/v1/agents", "", {{"state", "connected"}}));
  EXPECT_EQ(none.at("agents").as_array().size(), 0U);
}

TEST(ApiChanges, SeveralAtOnceEachHaveAnAuditEntryOfTheirOwn) {
  ApiWorld world;
  int done = 0;
  for (int i = 0; i < 20; ++i) {
    world.api->handle({"POST",
                       "/api/v1/groups",
                       {},
                       R"({"name":"g)" + std::to_string(i % 10) + "\"}",
                       principal(Role::admin)},
                      [&](const ApiResponse& response) {
                        done += response.status == 200 ? 1 : 0;
                        EXPECT_TRUE(response.status == 200U || response.status == 409U);
                      });
  }
  world.core->run_pending();
  EXPECT_EQ(done, 10);
  EXPECT_EQ(world.audits(), 20U);
}

TEST(ApiChanges, AFloodOfRefusedTriesDoesNotFillTheLog) {
  ApiWorld world;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(world.ask(Role::viewer, "POST", "/api/v1/key/rotate").status, 403U);
  }
  // A minute may begin in between.
  EXPECT_LE(world.audits(), 120U);
  EXPECT_GE(world.audits(), 60U);
}

TEST(ApiChanges, BackupsAreWholeAndDownloadsBringNoKeys) {
  ApiWorld world;
  world.populate();
  world.folder.write("authority.key", "SECRET KEY");
  const Principal local{"local", Role::admin, "local"};
  const std::string file = world.folder.path("copy.db");
  const ApiResponse made =
      world.ask(local, "POST", "/api/v1/backup", R"({"file":")" + file + "\"}");
  EXPECT_EQ(made.status, 200U) << made.body;
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_NE(read_file(file).find("SECRET KEY"), std::string::npos);
  EXPECT_EQ(world.ask(local, "POST", "/api/v1/backup", R"({"file":")" + file + "\"}").status, 503U);
  EXPECT_EQ(world.ask(local, "POST", "/api/v1/backup", R"({"file":"x.db"})").status, 422U);
  const ApiResponse sent = world.ask(Role::admin, "POST", "/api/v1/backup");
  EXPECT_EQ(sent.status, 200U);
  ASSERT_FALSE(sent.file.empty());
  EXPECT_NE(read_file(sent.file).find("web-01"), std::string::npos);
  EXPECT_EQ(read_file(sent.file).find("SECRET KEY"), std::string::npos);
}

}  // namespace
}  // namespace doorward
