#include "agent/daemon/daemon_settings.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "agent/folder_files.h"
#include "plugins/delivery/limits.h"

namespace doorward {
namespace {

/// One of a few words; anything else is a mistake and gives the first.
template <class T, std::size_t N>
T choose(Params& params, std::string_view key,
         const std::array<std::pair<std::string_view, T>, N>& words, T fallback) {
  const std::string word = params.text(key);
  if (word.empty()) return fallback;
  std::string expected;
  for (const auto& [name, value] : words) {
    if (word == name) return value;
    expected += (expected.empty() ? "" : ", ") + std::string(name);
  }
  params.mistake(key, "expected one of " + expected + ", not \"" + word + "\"");
  return fallback;
}

void read_inputs_table(Params& inputs, DaemonSettings& out) {
  static constexpr std::array<std::pair<std::string_view, Wanted>, 3> kWanted = {
      {{"auto", Wanted::automatic}, {"yes", Wanted::yes}, {"no", Wanted::no}}};
  static constexpr std::array<std::pair<std::string_view, AuditdFrom>, 4> kAuditd = {
      {{"auto", AuditdFrom::automatic},
       {"file", AuditdFrom::file},
       {"relay", AuditdFrom::relay},
       {"no", AuditdFrom::nothing}}};
  static constexpr std::array<std::pair<std::string_view, LiveClock>, 2> kClock = {
      {{"system", LiveClock::system}, {"log", LiveClock::log}}};
  out.automatic = inputs.boolean("auto", out.automatic);
  out.journald = choose(inputs, "journald", kWanted, out.journald);
  out.auditd = choose(inputs, "auditd", kAuditd, out.auditd);
  out.clock = choose(inputs, "clock", kClock, out.clock);
  out.history_days = inputs.integer("history_days", out.history_days, 0, 400);
  inputs.refuse_unknown();
}

std::string absolute(Params& params, std::string_view key, const std::string& fallback) {
  if (!params.has(key)) return fallback;
  std::string path = params.text(key);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (!path.starts_with('/')) params.mistake(key, "expected an absolute path");
  return path;
}

bool is_loopback(std::string_view listen) {
  for (const std::string_view prefix : {"127.0.0.1:", "[::1]:", "localhost:"}) {
    if (!listen.starts_with(prefix)) continue;
    const std::string_view port = listen.substr(prefix.size());
    return !port.empty() && port.size() <= 5 &&
           std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  }
  return false;
}

}  // namespace

bool names_folder(const std::string& path) {
  return path.ends_with('/') || is_folder(path);
}

DaemonSettings read_daemon_settings(Params& document) {
  DaemonSettings out;
  if (std::optional<Params> inputs = document.table("inputs")) read_inputs_table(*inputs, out);
  for (Params& table : document.tables("input")) {
    InputSettings input;
    input.path = table.text_required("path");
    if (!input.path.empty() && !input.path.starts_with('/')) {
      table.mistake("path", "expected an absolute path");
    }
    input.source = table.text("source", "auto");
    if (input.source != "auto" && find_plugin(source_plugins(), input.source) == nullptr) {
      table.mistake("source", "no such source: \"" + input.source + "\"");
    }
    table.refuse_unknown();
    if (out.inputs.size() == kInputTablesMax) {
      table.mistake("path", "more than " + std::to_string(kInputTablesMax) + " inputs");
      break;
    }
    out.inputs.push_back(std::move(input));
  }
  if (std::optional<Params> state = document.table("state")) {
    out.state_dir = absolute(*state, "dir", out.state_dir);
    out.run_dir = absolute(*state, "run_dir", out.run_dir);
    out.save_every_s = state->integer("save_every_s", out.save_every_s, 1, 3600);
    state->refuse_unknown();
  }
  if (std::optional<Params> spool = document.table("spool")) {
    out.spool_folder = absolute(*spool, "dir", out.spool_folder);
    out.spool_mib = spool->integer("max_mib", out.spool_mib, kSpoolMiBMin, kSpoolMiBMax);
    spool->refuse_unknown();
  }
  if (std::optional<Params> metrics = document.table("metrics")) {
    out.metrics = metrics->text("listen", out.metrics);
    if (out.metrics != "unix" && out.metrics != "off" && !is_loopback(out.metrics)) {
      metrics->mistake("listen",
                       "expected \"unix\", \"off\" or a loopback address such as "
                       "\"127.0.0.1:9478\"");
    }
    metrics->refuse_unknown();
  }
  if (std::optional<Params> log = document.table("log")) {
    static constexpr std::array<std::string_view, 5> kLevels = {"debug", "info", "warning", "error",
                                                                "off"};
    out.log_level = log->text("level", out.log_level);
    if (std::find(kLevels.begin(), kLevels.end(), out.log_level) == kLevels.end()) {
      log->mistake("level", "expected debug, info, warning, error or off");
    }
    log->refuse_unknown();
  }
  if (std::optional<Params> server = document.table("server")) {
    out.server_alerts = server->boolean("alerts", out.server_alerts);
    server->refuse_unknown();
  }
  return out;
}

}  // namespace doorward
