#include "agent/daemon/daemon_settings.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "agent/folder_files.h"
#include "plugins/delivery/limits.h"

namespace doorward {
namespace {

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
  read_inputs_table(document, out);
  read_input_tables(document, out);
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
