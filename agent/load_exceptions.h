// The exceptions in force, from agent.toml, the directory of exceptions and --exceptions.
#pragma once

#include "agent/options.h"
#include "plugins/exceptions/exceptions.h"
#include "plugins/set_files.h"

namespace doorward {

/// Adds --exceptions.
void add_exception_options(CLI::App& command, CommonOptions& options);

/// The directory of exceptions: `[exceptions] dir`, or the default when that exists, or empty.
std::string exceptions_dir(const Settings& settings);

/// Reads [[exception]] tables of agent.toml, of the *.toml files of the directory
/// (`[exceptions] dir`, default /etc/doorward/exceptions.d when that exists) and of the files
/// typed, with those of the fleet's policy, and binds them to the rules. Mistakes are appended with
/// file and line.
ExceptionSet load_exceptions(const CommonOptions& options, const Settings& settings,
                             const RuleSet& rules, SetFiles& set_files,
                             std::vector<Error>& mistakes);

}  // namespace doorward
