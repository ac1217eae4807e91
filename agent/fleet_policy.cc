#include "agent/fleet_policy.h"

#include <cstdio>

#include "agent/fleet/policy_store.h"
#include "plugins/count_words.h"
#include "plugins/policy/folder.h"
#include "plugins/printable.h"

namespace doorward {
namespace {

std::optional<FleetPolicy> find_policy(const CommonOptions& options, Settings& settings,
                                       std::vector<Error>& mistakes) {
  FleetPolicy out;
  if (options.policy) {
    if (options.policy->empty()) return std::nullopt;
    out.folder = *options.policy;
    const Result<PolicyTexts> texts = read_policy_folder(out.folder);
    if (!texts) {
      mistakes.push_back(texts.error());
      return std::nullopt;
    }
    out.policy = parse_policy(texts.value(), mistakes, out.folder);
    return out;
  }
  const Result<std::optional<StoredPolicy>> stored = read_current_policy(settings.daemon.state_dir);
  if (!stored) {
    settings.fleet_trouble = stored.error().message();
    return std::nullopt;
  }
  if (!stored.value()) return std::nullopt;
  out.version = stored.value()->version;
  out.folder = stored.value()->folder;
  // It was reviewed when it was read: there are no mistakes.
  out.policy = parse_policy(stored.value()->texts, mistakes, out.folder);
  return out;
}

}  // namespace

void take_fleet_policy(const CommonOptions& options, const OwnTables& own, Settings& settings,
                       std::vector<Error>& mistakes) {
  settings.fleet = find_policy(options, settings, mistakes);
  if (!settings.fleet) return;
  const Policy& policy = settings.fleet->policy;
  if (policy.budget_per_day) settings.budget_per_day = *policy.budget_per_day;
  if (policy.has_geo && !own.geo) settings.geo_databases = policy.geo_databases;
  HostInputs& inputs = settings.daemon;
  std::vector<InputSettings> tables =
      policy.has_input && !own.input ? policy.inputs.inputs : inputs.inputs;
  if (policy.has_inputs && !own.inputs) inputs = policy.inputs;
  inputs.inputs = std::move(tables);
}

void print_fleet_policy(const Settings& settings) {
  if (!settings.fleet_trouble.empty()) {
    print_warnings(
        {{"", "the fleet's policy is not in force: " + printable(settings.fleet_trouble)}});
  }
  if (!settings.fleet) return;
  const FleetPolicy& fleet = *settings.fleet;
  const std::string name = fleet.version == 0
                               ? "policy of a folder"
                               : "fleet policy " + std::to_string(fleet.version) + " in force";
  std::printf("%s: %s, %s, %s (%s)\n", name.c_str(),
              counted(fleet.policy.overrides.size(), "rule override").c_str(),
              counted(fleet.policy.rules.size(), "rule").c_str(),
              counted(fleet.policy.exceptions.size(), "file").append(" of exceptions").c_str(),
              printable(fleet.folder).c_str());
}

}  // namespace doorward
