// What the commands of doorward-agent share: options, their checks, and messages.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/daemon/daemon_settings.h"
#include "agent/input_set.h"
#include "plugins/clock.h"
#include "plugins/geo/geo_databases.h"
#include "plugins/pipeline/limits.h"
#include "plugins/policy/policy.h"
#include "plugins/rule_set.h"
#include "sketch/baseline.h"

namespace doorward {

inline constexpr int kExitDone = 0;
inline constexpr int kExitUsage = 1;
inline constexpr int kExitUnreadable = 2;

/// Where the package puts rules.
inline constexpr const char* kRulesDir = "/usr/share/doorward/rules";

/// The common options of design.md 6.1, as typed.
struct CommonOptions {
  std::vector<std::string> files;
  std::string source = "auto";
  std::string format = "ndjson";
  std::string config;
  std::string rules_dir;
  std::vector<std::string> exceptions;
  std::string timezone = "local";
  std::string host;
  std::vector<std::string> geoip;
  std::string key;
  /// A policy's folder in place of the one in force; empty: none. Not set: the one in force.
  std::optional<std::string> policy;
  int year = 0;
  bool watch = false;
};

/// Adds FILE..., --source, --year, --timezone, --host, --watch.
void add_input_options(CLI::App& command, CommonOptions& options);
/// Adds --rules and --config.
void add_rule_options(CLI::App& command, CommonOptions& options);
/// Adds --geoip.
void add_geo_option(CLI::App& command, CommonOptions& options);
/// Adds --policy.
void add_policy_option(CLI::App& command, CommonOptions& options);
/// Adds --key.
void add_key_option(CLI::App& command, std::string& key);
/// Adds --format.
void add_format_option(CLI::App& command, CommonOptions& options);

/// A policy of the fleet, as settings take it in.
struct FleetPolicy {
  std::uint64_t version = 0;  ///< 0: of a folder that was typed
  std::string folder;
  Policy policy;
};

/// Settings of agent.toml that the commands here use, with those of the fleet's policy.
struct Settings {
  std::string file;  ///< which was read; empty: none
  std::string text;  ///< all of it, for those who read tables of their own
  std::string exceptions_dir;
  std::string rules_dir;
  std::string timezone;
  std::string host_name;
  std::int64_t memory_mib = 8;
  std::vector<std::string> geo_databases;
  double budget_per_day = 0;  ///< 0: none
  DaemonSettings daemon;
  std::optional<FleetPolicy> fleet;  ///< in force here
  std::string fleet_trouble;         ///< why the policy that the server sent is not in force

  [[nodiscard]] std::span<const RuleOverride> overrides() const {
    return fleet ? std::span<const RuleOverride>(fleet->policy.overrides)
                 : std::span<const RuleOverride>();
  }
};

/// Reads --config, or /etc/doorward/agent.toml when that exists, or gives the defaults; then takes
/// in the fleet's policy (agent/fleet_policy.h). Mistakes are appended with file and line.
Settings read_settings(const CommonOptions& options, std::vector<Error>& mistakes);

/// Texts of the rules in force: the built-in ones, then the installed directory, the configured
/// one, the fleet's policy, then --rules. RuleSet wants settings.overrides() with them.
std::vector<RuleText> rule_texts(const CommonOptions& options, const Settings& settings,
                                 std::vector<Error>& mistakes);

/// The databases of --geoip, or without any those of agent.toml. One that cannot be opened is a
/// mistake.
GeoDatabases open_geo(const CommonOptions& options, const Settings& settings,
                      std::vector<Error>& mistakes);

/// The key of --key; all-zero without. One that cannot be used is a mistake.
HashKey hash_key(const CommonOptions& options, std::vector<Error>& mistakes);

/// InputOptions from what was typed; a mistake when the zone cannot be, or --watch has no folder.
InputOptions input_options(const CommonOptions& options, const Settings& settings,
                           std::vector<Error>& mistakes);

/// Prints "doorward-agent: error: where: what" for each, on stderr.
void print_errors(const std::vector<Error>& errors);

/// Prints "doorward-agent: warning: where: what" for each, on stderr.
void print_warnings(const std::vector<Error>& warnings);

}  // namespace doorward
