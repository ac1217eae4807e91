#include "agent/daemon/configuration.h"

#include <unistd.h>

#include <filesystem>

#include "agent/daemon/trusted_files.h"
#include "agent/load_exceptions.h"

namespace doorward {
namespace {

/// Everything that decides what alerts and where it goes.
void check_files(const CommonOptions& options, const Settings& settings,
                 std::vector<Error>& mistakes) {
  const uid_t me = geteuid();
  if (!settings.file.empty()) check_trusted(settings.file, me, mistakes);
  for (const std::string& folder :
       {std::string(kRulesDir), settings.rules_dir, options.rules_dir, exceptions_dir(settings)}) {
    if (!folder.empty() && std::filesystem::exists(folder)) {
      check_trusted_folder(folder, me, mistakes);
    }
  }
}

}  // namespace

std::vector<OutputSettings> outputs_of(const Settings& settings, std::vector<Error>& mistakes) {
  Result<Params> document = Params::open(settings.text, settings.file, &mistakes);
  std::vector<OutputSettings> outputs;
  if (document) outputs = read_outputs(document.value(), mistakes);
  const bool named = document && document.value().has("output");
  if (named) return outputs;
  // Nothing configured: a file beside the other logs of the host.
  const std::string text =
      std::string("[[output]]\ntype = \"file\"\npath = \"") + kAlertsFile + "\"\n";
  document = Params::open(text, "the default output", &mistakes);
  return document ? read_outputs(document.value(), mistakes) : outputs;
}

Configuration read_configuration(const CommonOptions& options, std::vector<Error>& mistakes) {
  Configuration out;
  out.settings = read_settings(options, mistakes);
  check_files(options, out.settings, mistakes);
  out.outputs = outputs_of(out.settings, mistakes);
  return out;
}

void check_unchanged(const Configuration& running, const Configuration& next,
                     std::vector<Error>& mistakes) {
  const DaemonSettings& old = running.settings.daemon;
  const DaemonSettings& now = next.settings.daemon;
  const std::string where = next.settings.file;
  const char* what = nullptr;
  if (old.state_dir != now.state_dir) what = "[state] dir";
  if (old.run_dir != now.run_dir) what = "[state] run_dir";
  if (old.metrics != now.metrics) what = "[metrics] listen";
  if (old.clock != now.clock) what = "[inputs] clock";
  // The size that a fleet asks for comes with the server's baseline, or the next start.
  if (running.settings.memory_mib != next.settings.memory_mib) what = "[baseline] memory_mib";
  if (what != nullptr) {
    mistakes.push_back(
        {where, std::string(what) + " cannot change while the agent runs; restart it"});
  }
}

}  // namespace doorward
