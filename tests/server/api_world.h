// A server without its daemon: store, core and API in a folder of their own, run by the test.
#pragma once

#include <gtest/gtest.h>
#include <sodium.h>

#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/core/core.h"
#include "server/store/entry_data.h"
#include "server/store/sqlite_log.h"
#include "tests/support/files.h"

namespace doorward {

namespace json = boost::json;

inline constexpr const char* kAgentOne = "aa00000000000000000000000000000a";
inline constexpr const char* kAgentTwo = "bb00000000000000000000000000000b";
inline constexpr const char* kAlertId = "alert-1";

inline Principal principal(Role role) {
  return {std::string(role_name(role)) + "-token", role, "192.0.2.7"};
}

inline json::object object_of(const ApiResponse& response) {
  boost::system::error_code fault;
  json::value value = json::parse(response.body, fault);
  EXPECT_FALSE(fault) << response.body;
  return !fault && value.is_object() ? value.get_object() : json::object();
}

inline std::string text_at(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

class ApiWorld {
 public:
  ApiWorld() {
    EXPECT_GE(sodium_init(), 0);
    settings.data_dir = folder.dir();
    settings.run_dir = folder.dir();
    settings.name = "test.example";
    settings.memory_mib = 1;
    settings.api_listen = "127.0.0.1:0";
    Result<Store> store = open_store(settings.data_dir);
    EXPECT_TRUE(store.ok()) << store.error().message();
    auto opened = Core::open(settings, std::move(store.value()), [](double) {});
    EXPECT_TRUE(opened.ok()) << opened.error().message();
    core = std::move(opened.value());
    Fingerprint authority{};
    authority.fill(7);
    api = Api::make(*core, {settings.data_dir, authority});
  }
  ~ApiWorld() {
    core->stop();
    api.reset();
  }
  ApiWorld(const ApiWorld&) = delete;
  ApiWorld& operator=(const ApiWorld&) = delete;

  /// Two agents, an alert, a second group.
  void populate() {
    append(enrolment(kAgentOne, "web-01"));
    append(enrolment(kAgentTwo, "db-01"));
    log::GroupT group;
    group.by = "test";
    append(packed_entry(EntryKind::group, "dmz", 1, 1'000'000, group));
    log::AlertT alert;
    alert.agent = kAgentOne;
    alert.kind = 1;
    alert.score = 91.5;
    alert.document =
        R"({"@timestamp":"2026-11-20T08:15:00.000000Z","event":{"id":"alert-1","kind":"alert"},)"
        R"("rule":{"id":"unusual_logon"},"user":{"name":"alice"},"source":{"ip":"203.0.113.9"},)"
        R"("host":{"name":"web-01"},"message":"alice from a new network",)"
        R"("doorward":{"score":91.5}})";
    append(packed_entry(EntryKind::alert, kAlertId, 0, 2'000'000, alert));
    log::DeltaT delta;
    delta.group = kDefaultGroup;
    append(packed_entry(EntryKind::delta, kAgentOne, 3, 3'000'000, delta));
  }

  static LogEntry enrolment(const std::string& id, const std::string& host) {
    log::EnrolmentT table;
    table.host = host;
    table.group = kDefaultGroup;
    table.serial = "01";
    table.ends = 9'000'000'000'000'000;
    table.token = "01234567";
    table.address = "192.0.2.1";
    return packed_entry(EntryKind::enrolment, id, 1, 1'000'000, table);
  }

  void append(LogEntry entry) {
    core->change(
        [entry](FleetView&) -> Result<std::vector<LogEntry>> { return std::vector{entry}; },
        [](const Result<std::vector<Committed>>& done, FleetView&) { EXPECT_TRUE(done.ok()); });
    core->run_pending();
  }

  ApiResponse ask(const Principal& who, const std::string& method, const std::string& path,
                  const std::string& body = "", std::map<std::string, std::string> query = {}) {
    std::optional<ApiResponse> answer;
    api->handle({method, path, std::move(query), body, who},
                [&](ApiResponse response) { answer = std::move(response); });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!answer && std::chrono::steady_clock::now() < end) {
      core->run_pending();
      if (!answer) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_TRUE(answer.has_value()) << method << " " << path;
    return answer.value_or(ApiResponse{});
  }
  ApiResponse ask(Role role, const std::string& method, const std::string& path,
                  const std::string& body = "", std::map<std::string, std::string> query = {}) {
    return ask(principal(role), method, path, body, std::move(query));
  }

  /// The newest record of the audit trail.
  json::object last_audit() {
    const json::object all =
        object_of(ask(Role::admin, "GET", "/api/v1/audit", "", {{"limit", "1"}}));
    const json::array& list = all.at("audit").get_array();
    return list.empty() ? json::object() : list[0].get_object();
  }
  std::uint64_t audits() {
    std::uint64_t out = 0;
    core->ask([&](FleetView& view) { out = view.state.audits(); });
    core->run_pending();
    return out;
  }

  TemporaryFolder folder;
  ServerSettings settings;
  std::unique_ptr<Core> core;
  std::unique_ptr<Api> api;
};

/// A path of the table with its braces filled, and a body, such that the request is right.
inline std::string example_path(const ApiRoute& route) {
  std::string path = route.path;
  const std::vector<std::pair<std::string, std::string>> fills = {
      {"{agent}", kAgentOne}, {"{alert}", kAlertId},   {"{group}", "default"},
      {"{version}", "1"},     {"{token}", "00000000"}, {"{name}", "nobody"}};
  for (const auto& [part, text] : fills) {
    const std::size_t at = path.find(part);
    if (at != std::string::npos) path.replace(at, part.size(), text);
  }
  return path;
}

inline std::string example_body(const ApiRoute& route) {
  json::object body;
  for (const ApiField& field : route.body) {
    if (!field.required) continue;
    switch (field.kind) {
      case ApiKind::files:
        body[field.name] = json::array{json::object{{"name", "policy.toml"}, {"text", ""}}};
        break;
      case ApiKind::integer:
        body[field.name] = 1;
        break;
      case ApiKind::choice:
        body[field.name] = field.choices.front();
        break;
      default:
        body[field.name] = "dmz";
    }
  }
  return body.empty() ? "" : json::serialize(body);
}

}  // namespace doorward
