#include "server/core/settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "plugins/delivery/limits.h"
#include "plugins/params.h"
#include "proto/whole_file.h"

namespace doorward {
namespace {

constexpr const char* kServerFile = "/etc/doorward/server.toml";
constexpr std::size_t kServerFileBytesMax = std::size_t{1} << 20;
constexpr std::size_t kServerNameBytesMax = 255;

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "server";
  return name.data();
}

std::string absolute(Params& table, std::string_view key, const std::string& fallback) {
  if (!table.has(key)) return fallback;
  std::string path = table.text(key);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (!path.starts_with('/')) table.mistake(key, "expected an absolute path");
  return path;
}

/// "192.0.2.1:7443", "[::]:7443"; port 0 lets the kernel choose.
bool is_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  if (host.front() == '[' ? host.back() != ']' || host.size() < 4
                          : host.find(':') != std::string_view::npos) {
    return false;
  }
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  return error == std::errc{} && stop == end && port <= 65'535;
}

void read_server(Params& table, ServerSettings& out) {
  out.data_dir = absolute(table, "data_dir", out.data_dir);
  out.run_dir = absolute(table, "run_dir", out.run_dir);
  out.name = table.text("name", out.name);
  if (out.name.empty() || out.name.size() > kServerNameBytesMax) {
    table.mistake("name", "expected 1 to " + std::to_string(kServerNameBytesMax) + " bytes");
  }
  table.refuse_unknown();
}

void read_agents(Params& table, ServerSettings& out) {
  out.agents_listen = table.text("listen", out.agents_listen);
  if (!is_address(out.agents_listen)) {
    table.mistake("listen", "expected an address and a port, such as \"0.0.0.0:7443\"");
  }
  out.connections_max = table.integer("connections_max", out.connections_max, 1, 200'000);
  out.certificate_days = table.integer("certificate_days", out.certificate_days, 1, 365);
  out.delta_interval_s = table.integer("delta_interval_s", out.delta_interval_s, 1, 86'400);
  out.round_interval_s = table.integer("round_interval_s", out.round_interval_s, 1, 86'400);
  out.heartbeat_s = table.integer("heartbeat_s", out.heartbeat_s, 1, 120);
  table.refuse_unknown();
}

void read_api(Params& table, ServerSettings& out) {
  out.api_listen = table.text("listen", out.api_listen);
  if (out.api_listen != "off" && !is_address(out.api_listen)) {
    table.mistake("listen",
                  "expected an address and a port, such as \"127.0.0.1:7444\", or \"off\"");
  }
  out.requests_per_minute =
      table.integer("requests_per_minute", out.requests_per_minute, 1, 1'000'000);
  table.refuse_unknown();
}

void read_retention(Params& table, ServerSettings& out) {
  out.alerts_days = table.integer("alerts_days", out.alerts_days, 1, 36'500);
  out.alerts_max = table.integer("alerts_max", out.alerts_max, 100, 100'000'000);
  out.audit_days = table.integer("audit_days", out.audit_days, 1, 36'500);
  table.refuse_unknown();
}

void read_log(Params& table, ServerSettings& out) {
  static constexpr std::array<std::string_view, 5> kLevels = {"debug", "info", "warning", "error",
                                                              "off"};
  out.log_level = table.text("level", out.log_level);
  if (std::find(kLevels.begin(), kLevels.end(), out.log_level) == kLevels.end()) {
    table.mistake("level", "expected debug, info, warning, error or off");
  }
  table.refuse_unknown();
}

void read_baseline(Params& table, ServerSettings& out) {
  out.memory_mib = table.integer("memory_mib", out.memory_mib, 1, 1024);
  out.fit = table.text("fit", out.fit);
  if (out.fit != "suggest" && out.fit != "apply" && out.fit != "off") {
    table.mistake("fit", "expected suggest, apply or off");
  }
  table.refuse_unknown();
}

void read_document(Params& document, ServerSettings& out, std::vector<Error>& mistakes) {
  if (std::optional<Params> table = document.table("server")) read_server(*table, out);
  if (std::optional<Params> table = document.table("agents")) read_agents(*table, out);
  if (std::optional<Params> table = document.table("api")) read_api(*table, out);
  if (std::optional<Params> table = document.table("baseline")) read_baseline(*table, out);
  if (std::optional<Params> table = document.table("retention")) read_retention(*table, out);
  if (std::optional<Params> table = document.table("policy")) {
    out.policy_dir = absolute(*table, "dir", out.policy_dir);
    table->refuse_unknown();
  }
  if (std::optional<Params> table = document.table("log")) read_log(*table, out);
  if (std::optional<Params> table = document.table("spool")) {
    out.spool_mib = table->integer("max_mib", out.spool_mib, kSpoolMiBMin, kSpoolMiBMax);
    table->refuse_unknown();
  }
  out.outputs = read_outputs(document, mistakes);
  document.refuse_unknown();
}

}  // namespace

ServerSettings read_server_settings(const std::string& file, std::vector<Error>& mistakes) {
  ServerSettings out;
  out.name = host_name();
  std::error_code ignored;
  if (file.empty() && !std::filesystem::exists(kServerFile, ignored)) return out;
  out.file = file.empty() ? kServerFile : file;
  const Result<std::vector<std::uint8_t>> bytes =
      read_whole_file(out.file, kServerFileBytesMax, "a configuration");
  if (!bytes) {
    mistakes.push_back(bytes.error());
    return out;
  }
  out.text.assign(bytes.value().begin(), bytes.value().end());
  Result<Params> document = Params::open(out.text, out.file, &mistakes);
  if (!document) {
    mistakes.push_back(document.error());
    return out;
  }
  read_document(document.value(), out, mistakes);
  return out;
}

std::vector<std::string> settings_that_need_a_restart(const ServerSettings& now,
                                                      const ServerSettings& next) {
  std::vector<std::string> out;
  const auto compare = [&out](const char* key, const auto& a, const auto& b) {
    if (a != b) out.emplace_back(key);
  };
  compare("server.data_dir", now.data_dir, next.data_dir);
  compare("server.run_dir", now.run_dir, next.run_dir);
  compare("server.name", now.name, next.name);
  compare("agents.listen", now.agents_listen, next.agents_listen);
  compare("agents.connections_max", now.connections_max, next.connections_max);
  compare("agents.certificate_days", now.certificate_days, next.certificate_days);
  compare("agents.delta_interval_s", now.delta_interval_s, next.delta_interval_s);
  compare("agents.round_interval_s", now.round_interval_s, next.round_interval_s);
  compare("agents.heartbeat_s", now.heartbeat_s, next.heartbeat_s);
  compare("api.listen", now.api_listen, next.api_listen);
  compare("api.requests_per_minute", now.requests_per_minute, next.requests_per_minute);
  compare("baseline.memory_mib", now.memory_mib, next.memory_mib);
  compare("policy.dir", now.policy_dir, next.policy_dir);
  return out;
}

}  // namespace doorward
