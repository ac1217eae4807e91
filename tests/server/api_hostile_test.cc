// What comes from a network: bodies, queries and paths that nobody meant.
#include "server/api/fields.h"
#include "server/api/limits.h"
#include "tests/server/api_world.h"

namespace doorward {
namespace {

TEST(ApiHostile, BodiesThatAreNone) {
  ApiWorld world;
  const std::string deep = std::string(2000, '[') + std::string(2000, ']');
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"{", "body"},
      {"[]", "body"},
      {"null", "body"},
      {"\"x\"", "body"},
      {R"({"name":"x"}{})", "body"},
      {R"({"name":"x")", "body"},
      {deep, "body"},
      {R"({"name":)" + deep + "}", "body"},
      {"{\"name\":\"\xff\xfe\"}", "body"},
      {R"({"name":7})", "name"},
      {R"({"name":null})", "name"},
      {R"({"name":["x"]})", "name"},
      {R"({"name":"a\u0000b"})", "name"},
      {R"({"nam":"x"})", "nam"},
      {R"({"name":"x","more":1})", "more"},
      {"{}", "name"},
      {"", "name"},
      {R"({"name":")" + std::string(kApiTextBytesMax + 1, 'x') + "\"}", "name"},
      {std::string(kApiBodyBytesMax + 1, ' '), "body"},
  };
  for (const auto& [body, where] : bodies) {
    const ApiResponse response = world.ask(Role::admin, "POST", "/api/v1/groups", body);
    EXPECT_EQ(response.status, 400U) << body.substr(0, 80);
    EXPECT_EQ(text_at(object_of(response), "where"), where) << body.substr(0, 80);
  }
  EXPECT_EQ(world.audits(), 0U);
}

TEST(ApiHostile, ManyMembersAndFiles) {
  ApiWorld world;
  json::object many;
  for (int i = 0; i < 100; ++i) many["m" + std::to_string(i)] = 1;
  EXPECT_EQ(world.ask(Role::admin, "POST", "/api/v1/groups", json::serialize(many)).status, 400U);
  json::array files;
  for (std::size_t i = 0; i <= kApiFilesMax; ++i) {
    files.push_back(json::object{{"name", "x"}, {"text", ""}});
  }
  const std::string body = json::serialize(json::object{{"files", files}});
  EXPECT_EQ(world.ask(Role::admin, "POST", "/api/v1/policies/validate", body).status, 400U);
  EXPECT_EQ(world
                .ask(Role::admin, "POST", "/api/v1/policies/validate",
                     R"({"files":[{"name":"a","text":"","more":1}]})")
                .status,
            400U);
}

TEST(ApiHostile, QueriesThatAreNone) {
  ApiWorld world;
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"limit", "0"},
      {"limit", "1001"},
      {"limit", "x"},
      {"limit", "1e3"},
      {"limit", ""},
      {"from", "noon"},
      {"to", "2026-13-01"},
      {"min_score", "nan"},
      {"min_score", "inf"},
      {"verdict", "?"},
      {"before", "0"},
      {"nothing", "1"},
      {"before", "99999999999999999999"},
      {"address", "300.1.2.3/99"}};
  for (const auto& [name, value] : wrong) {
    const ApiResponse response =
        world.ask(Role::viewer, "GET", "/api/v1/alerts", "", {{name, value}});
    EXPECT_EQ(response.status, 400U) << name << "=" << value << response.body;
    EXPECT_EQ(text_at(object_of(response), "where"), name);
  }
  std::map<std::string, std::string> many;
  for (std::size_t i = 0; i <= kApiQueryMax; ++i) many["a" + std::to_string(i)] = "1";
  EXPECT_EQ(world.ask(Role::viewer, "GET", "/api/v1/alerts", "", many).status, 400U);
}

TEST(ApiHostile, QueryTextAndPercents) {
  EXPECT_EQ(*percent_decoded("a%20b%2Fc"), "a b/c");
  EXPECT_EQ(*percent_decoded("a+b"), "a+b");
  EXPECT_EQ(*percent_decoded("a+b", true), "a b");
  for (const char* wrong : {"%", "%2", "%zz", "a%0", "%00", "x%%"}) {
    EXPECT_FALSE(percent_decoded(wrong).has_value()) << wrong;
  }
  const auto query = read_query_text("a=1&b=%3D&&c&d=");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(*query,
            (std::map<std::string, std::string>{{"a", "1"}, {"b", "="}, {"c", ""}, {"d", ""}}));
  EXPECT_FALSE(read_query_text("a=1&a=2").has_value());
  EXPECT_FALSE(read_query_text("a=%").has_value());
}

TEST(ApiHostile, NamesFromAttackersStayText) {
  ApiWorld world;
  log::AlertT alert;
  alert.agent = kAgentOne;
  alert.kind = 1;
  alert.document =
      "{\"event\":{\"id\":\"evil\"},\"user\":{\"name\":\"\\u001b[2J\\\",\\\"role\\\":\"}}";
  world.append(packed_entry(EntryKind::alert, "evil", 0, 1'000'000, alert));
  log::AlertT broken;
  broken.kind = 1;
  broken.document = "{\"event\": \xff not json";
  world.append(packed_entry(EntryKind::alert, "broken", 0, 1'000'000, broken));
  const json::object list = object_of(world.ask(Role::viewer, "GET", "/api/v1/alerts"));
  EXPECT_EQ(list.at("alerts").as_array().size(), 2U);
  const json::object shown = object_of(world.ask(Role::viewer, "GET", "/api/v1/alerts/evil"));
  EXPECT_EQ(text_at(shown, "user"), "\x1b[2J\",\"role\":");
  const json::object other = object_of(world.ask(Role::viewer, "GET", "/api/v1/alerts/broken"));
  EXPECT_TRUE(other.contains("document_text"));
  EXPECT_FALSE(other.contains("document"));
}

TEST(ApiHostile, AuditTextsAreCut) {
  ApiWorld world;
  const std::string name(3000, 'x');
  EXPECT_EQ(world.ask(Role::admin, "POST", "/api/v1/groups", R"({"name":")" + name + "\"}").status,
            422U);
  EXPECT_EQ(text_at(world.last_audit(), "target").size(), 512U);
}

}  // namespace
}  // namespace doorward
