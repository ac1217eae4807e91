// The table of routes: who may, what comes back, and that the document tells the same.
#include <set>

#include "tests/server/api_world.h"

namespace doorward {
namespace {

constexpr std::array<Role, 4> kRoles{Role::none, Role::viewer, Role::analyst, Role::admin};

TEST(ApiRoutes, EachRoleGetsWhatItMayAndNoMore) {
  for (const ApiRoute& route : api_routes()) {
    ApiWorld world;
    world.populate();
    for (const Role role : kRoles) {
      const std::uint64_t audits = world.audits();
      const ApiResponse response =
          world.ask(role, route.method, example_path(route), example_body(route));
      const std::string what =
          std::string(route.name) + " as " + std::string(role_name(role)) + ": " + response.body;
      if (role >= route.role) {
        EXPECT_NE(response.status, 401U) << what;
        EXPECT_NE(response.status, 403U) << what;
        EXPECT_NE(response.status, 400U) << what;
        EXPECT_EQ(world.audits() - audits, route.action == nullptr ? 0U : 1U) << what;
      } else if (role == Role::none) {
        EXPECT_EQ(response.status, 401U) << what;
        EXPECT_EQ(world.audits(), audits) << what;  // strangers do not write on our disk
      } else {
        EXPECT_EQ(response.status, 403U) << what;
        EXPECT_EQ(world.audits() - audits, route.action == nullptr ? 0U : 1U) << what;
        if (route.action != nullptr) {
          const json::object audit = world.last_audit();
          EXPECT_EQ(text_at(audit, "action"), route.action);
          EXPECT_EQ(text_at(audit, "by"), principal(role).name);
          EXPECT_EQ(text_at(audit, "role"), role_name(role));
          EXPECT_EQ(text_at(audit, "from"), "192.0.2.7");
          EXPECT_FALSE(audit.at("ok").get_bool());
        }
      }
      if (!response.file.empty()) std::filesystem::remove(response.file);
    }
  }
}

TEST(ApiRoutes, WhoeverReadsChangesNothing) {
  for (const ApiRoute& route : api_routes()) {
    EXPECT_EQ(route.change != nullptr, route.action != nullptr) << route.name;
    EXPECT_NE(route.change != nullptr, route.read != nullptr) << route.name;
    if (route.change != nullptr) {
      EXPECT_STREQ(route.method, "POST") << route.name;
    }
    if (route.change != nullptr) {
      EXPECT_GE(route.role, Role::analyst) << route.name;
    }
    if (route.role == Role::none) {
      EXPECT_EQ(route.change, nullptr) << route.name;
    }
  }
}

TEST(ApiRoutes, TheDocumentHoldsEveryRouteAndNoOther) {
  ApiWorld world;
  const json::object document = object_of(world.ask(Role::viewer, "GET", "/api/v1/openapi.json"));
  EXPECT_EQ(text_at(document, "openapi"), "3.1.0");
  EXPECT_EQ(json::serialize(document), json::serialize(json::parse(world.api->openapi())));
  std::set<std::string> routes;
  std::set<std::string> names;
  for (const ApiRoute& route : api_routes()) {
    EXPECT_TRUE(routes.insert(std::string(route.method) + " " + route.path).second) << route.path;
    EXPECT_TRUE(names.insert(route.name).second) << route.name;
  }
  const json::object& schemas = document.at("components").at("schemas").get_object();
  std::set<std::string> told;
  for (const auto& [path, operations] : document.at("paths").get_object()) {
    for (const auto& [method, operation] : operations.get_object()) {
      std::string upper(method);
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      told.insert(upper + " " + std::string(path));
      std::map<std::string, std::string, std::less<>> parts;
      std::string allowed;
      std::string filled(path);
      const ApiRoute* route = find_route(upper, filled, parts, allowed);
      ASSERT_NE(route, nullptr) << filled;
      EXPECT_EQ(operation.at("operationId").as_string(), route->name);
      EXPECT_EQ(operation.at("x-doorward-role").as_string(),
                json::string(role_name(route->role).data(), role_name(route->role).size()));
      std::size_t in_query = 0;
      for (const json::value& parameter : operation.at("parameters").get_array()) {
        if (parameter.at("in").as_string() == "query") ++in_query;
      }
      EXPECT_EQ(in_query, route->query.size()) << filled;
      const json::object& body = operation.get_object();
      EXPECT_EQ(body.contains("requestBody"), !route->body.empty()) << filled;
    }
  }
  EXPECT_EQ(told, routes);
  // Every name that the document refers to is there.
  const std::string text = json::serialize(document);
  constexpr std::string_view kRef = "#/components/schemas/";
  std::size_t found = 0;
  for (std::size_t at = text.find(kRef); at != std::string::npos; at = text.find(kRef, at + 1)) {
    const std::string name = text.substr(at + kRef.size(), text.find('"', at) - at - kRef.size());
    EXPECT_TRUE(schemas.contains(name)) << name;
    ++found;
  }
  EXPECT_GT(found, 100U);
}

const ApiSchema* schema_of(std::string_view name) {
  for (const ApiSchema& schema : api_schemas()) {
    if (name == schema.name) return &schema;
  }
  return nullptr;
}

void expect_kind(std::string_view kind, const json::value& value, const std::string& where);

void expect_schema(const ApiSchema& schema, const json::object& object, const std::string& where) {
  for (const ApiMember& member : schema.members) {
    const json::value* value = object.if_contains(member.name);
    if (value == nullptr) {
      EXPECT_FALSE(member.always) << where << "." << member.name;
      continue;
    }
    expect_kind(member.kind, *value, where + "." + member.name);
  }
  for (const auto& [name, value] : object) {
    const bool told = std::any_of(schema.members.begin(), schema.members.end(),
                                  [&](const ApiMember& m) { return name == m.name; });
    EXPECT_TRUE(told) << where << " has " << name;
  }
}

void expect_kind(std::string_view kind, const json::value& value, const std::string& where) {
  if (kind.starts_with("[]")) {
    ASSERT_TRUE(value.is_array()) << where;
    for (const json::value& item : value.get_array()) expect_kind(kind.substr(2), item, where);
  } else if (kind == "string" || kind == "time") {
    EXPECT_TRUE(value.is_string()) << where;
  } else if (kind == "integer") {
    EXPECT_TRUE(value.is_int64()) << where;
  } else if (kind == "number") {
    EXPECT_TRUE(value.is_number()) << where;
  } else if (kind == "boolean") {
    EXPECT_TRUE(value.is_bool()) << where;
  } else if (kind != "any") {
    const ApiSchema* schema = schema_of(kind);
    ASSERT_NE(schema, nullptr) << kind;
    ASSERT_TRUE(value.is_object()) << where;
    expect_schema(*schema, value.get_object(), where);
  }
}

TEST(ApiRoutes, AnswersAreWhatTheDocumentSays) {
  ApiWorld world;
  world.populate();
  world.core->ask([](FleetView& view) {
    LiveAgent& live = view.live[kAgentOne];
    live.connected = true;
    live.heard = live.since = 5'000'000;
    live.report.policy_refused = live.clones = 1;
    live.clone_at = 6'000'000;
  });
  const std::string files = R"({"files":[{"name":"policy.toml","text":""}]})";
  EXPECT_EQ(world.ask(Role::admin, "POST", "/api/v1/policies/default/apply", files).status, 200U);
  // Changes last, so that what is read is still there; then what they left.
  std::vector<const ApiRoute*> order;
  for (const ApiRoute& route : api_routes()) order.push_back(&route);
  std::stable_partition(order.begin(), order.end(),
                        [](const ApiRoute* r) { return r->change == nullptr; });
  std::size_t held = 0;
  for (int turn = 0; turn < 2; ++turn) {
    for (const ApiRoute* route : order) {
      const ApiResponse response =
          world.ask(Role::admin, route->method, example_path(*route), example_body(*route));
      if (!response.file.empty()) std::filesystem::remove(response.file);
      if (response.type != "application/json") continue;
      const std::string where = std::string(route->name) + " " + response.body;
      const std::string_view answer = response.status == 200 ? route->answer : "Error";
      if (response.status == 200 || route->role != Role::none) {
        expect_kind(answer, object_of(response), where);
        ++held;
      }
    }
  }
  EXPECT_GT(held, 50U);
}

TEST(ApiRoutes, PathsAndMethodsThatAreNotThere) {
  ApiWorld world;
  EXPECT_EQ(world.ask(Role::admin, "GET", "/api/v1/nothing").status, 404U);
  EXPECT_EQ(world.ask(Role::admin, "GET", "/api/v1/agents/").status, 404U);
  EXPECT_EQ(world.ask(Role::admin, "GET", "/api/v1/agents/a/b/c").status, 404U);
  EXPECT_EQ(world.ask(Role::admin, "GET", "/api/v1/agents/%zz").status, 404U);
  EXPECT_EQ(world.ask(Role::admin, "GET", "/api/v1/agents/%00").status, 404U);
  const ApiResponse wrong = world.ask(Role::admin, "DELETE", "/api/v1/groups");
  EXPECT_EQ(wrong.status, 405U);
  EXPECT_EQ(text_at(object_of(wrong), "error"), "expected GET, POST");
}

TEST(ApiRoutes, ReadyFollowsTheLog) {
  ApiWorld world;
  EXPECT_EQ(world.ask(Role::none, "GET", "/readyz").status, 200U);
  EXPECT_EQ(world.ask(Role::none, "GET", "/healthz").body, "{\"alive\":true}");
}

TEST(ApiRoutes, MetricsTellOfTheFleet) {
  ApiWorld world;
  world.populate();
  world.ask(Role::admin, "POST", "/api/v1/alerts/alert-1/verdict", R"({"verdict":"benign"})");
  const std::string page = world.ask(Role::viewer, "GET", "/metrics").body;
  for (const char* line :
       {"doorward_server_agents{state=\"enrolled\"} 2\n", "doorward_server_deltas_total 1\n",
        "doorward_server_alerts_total 1\n", "doorward_server_enrolments_total 2\n",
        "doorward_server_verdicts_total{verdict=\"benign\"} 1\n", "doorward_server_alerts_open 0\n",
        "doorward_server_log_trouble 0\n"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line << page;
  }
}

}  // namespace
}  // namespace doorward
