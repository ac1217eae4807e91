#include "agent/options.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "agent/fleet_policy.h"
#include "agent/folder_files.h"
#include "agent/hash_key.h"
#include "plugins/params.h"
#include "plugins/pipeline/limits.h"
#include "plugins/registry.h"
#include "plugins/timezone.h"

namespace doorward {
namespace {

constexpr const char* kConfigFile = "/etc/doorward/agent.toml";

/// Bytes of a configuration; a longer file is refused.
constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::array<char, 16 * 1024> piece;
  while (in && text.size() <= kConfigBytesMax) {
    in.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad()) return Error{path, "cannot read the configuration"};
  if (text.size() > kConfigBytesMax) {
    return Error{
        path, "a configuration is at most " + std::to_string(kConfigBytesMax >> 20) + " MiB long"};
  }
  return text;
}

}  // namespace

void add_input_options(CLI::App& command, CommonOptions& options) {
  command
      .add_option("FILE", options.files,
                  "Log files, plain or .gz, and folders of them; - is standard input")
      ->required()
      ->type_name("");
  std::vector<std::string> sources = {"auto"};
  for (const SourcePlugin* plugin : source_plugins()) sources.emplace_back(plugin->name);
  command.add_option("--source", options.source, "Kind of log; auto looks at each file")
      ->check(CLI::IsMember(sources))
      ->default_str("auto")
      ->type_name("KIND");
  command
      .add_option("--year", options.year,
                  "Year of a file's first stamp, for stamps without one (default: such that the "
                  "last is not after the file's modification time)")
      ->check(CLI::Range(1970, 9999))
      ->type_name("YYYY");
  command
      .add_option("--timezone", options.timezone,
                  "Zone of stamps that name none: local, UTC, +02:00 or Europe/Berlin")
      ->default_str("local")
      ->type_name("ZONE");
  command
      .add_option("--host", options.host,
                  "Host name for logs that do not tell it (audit.log without node=)")
      ->type_name("NAME");
  command.add_flag("--watch", options.watch,
                   "Go on with files that come to the folders, until SIGINT or SIGTERM");
}

void add_rule_options(CLI::App& command, CommonOptions& options) {
  command
      .add_option("--rules", options.rules_dir,
                  "Directory of rule files (*.toml); a rule replaces a built-in one of the same id")
      ->type_name("DIR");
  command
      .add_option("-c,--config", options.config,
                  "Configuration (default: /etc/doorward/agent.toml if it exists)")
      ->type_name("FILE");
}

void add_geo_option(CLI::App& command, CommonOptions& options) {
  command
      .add_option(
          "--geoip", options.geoip,
          "City, country or ASN database (MMDB); may be given several times, the first that "
          "has an answer is believed (default: [geo] databases of agent.toml)")
      ->allow_extra_args(false)  // one MMDB an option: what follows are log files
      ->type_name("MMDB");
}

void add_policy_option(CLI::App& command, CommonOptions& options) {
  command
      .add_option(
          "--policy", options.policy,
          "A policy's folder, instead of the one that the fleet's server sent; \"\" is none")
      ->type_name("DIR");
}

void add_key_option(CLI::App& command, std::string& key) {
  command
      .add_option("--key", key,
                  "Key file under which names are hashed, such as an agent's "
                  "/var/lib/doorward/hash.key (default: the all-zero key)")
      ->type_name("FILE");
}

void add_format_option(CLI::App& command, CommonOptions& options) {
  command
      .add_option("--format", options.format, "ndjson: ECS documents, one a line; text: to read")
      ->check(CLI::IsMember({"ndjson", "text"}))
      ->default_str("ndjson")
      ->type_name("FORM");
}

namespace {

/// agent.toml alone. `own`: what of it a policy must leave alone.
Settings read_own_settings(const CommonOptions& options, OwnTables& own,
                           std::vector<Error>& mistakes) {
  Settings settings;
  const bool named = !options.config.empty();
  const std::string path = named ? options.config : kConfigFile;
  if (!named && !std::filesystem::exists(path)) return settings;
  const Result<std::string> text = read_text(path);
  if (!text) {
    mistakes.push_back(text.error());
    return settings;
  }
  settings.file = path;
  settings.text = text.value();
  Result<Params> document = Params::open(text.value(), path, &mistakes);
  if (!document) {
    mistakes.push_back(document.error());
    settings.text.clear();
    return settings;
  }
  Params& params = document.value();
  own = {params.has("inputs"), params.has("input"), params.has("geo")};
  settings.timezone = params.text("timezone");
  settings.host_name = params.text("host_name");
  if (std::optional<Params> rules = params.table("rules")) {
    settings.rules_dir = rules->text("dir");
    rules->refuse_unknown();
  }
  if (std::optional<Params> baseline = params.table("baseline")) {
    settings.memory_mib = baseline->integer("memory_mib", settings.memory_mib, 1, 1024);
    baseline->refuse_unknown();
  }
  if (std::optional<Params> geo = params.table("geo")) {
    settings.geo_databases = geo->texts("databases");
    geo->refuse_unknown();
  }
  if (std::optional<Params> exceptions = params.table("exceptions")) {
    settings.exceptions_dir = exceptions->text("dir");
    exceptions->refuse_unknown();
  }
  if (std::optional<Params> alerts = params.table("alerts")) {
    settings.budget_per_day =
        alerts->number("budget_per_day", settings.budget_per_day, kBudgetMin, kBudgetMax);
    alerts->refuse_unknown();
  }
  settings.daemon = read_daemon_settings(params);
  params.tables("exception");  // read by ExceptionSet
  params.tables("output");     // read by read_configuration()
  params.refuse_unknown();
  return settings;
}

}  // namespace

Settings read_settings(const CommonOptions& options, std::vector<Error>& mistakes) {
  OwnTables own;
  Settings settings = read_own_settings(options, own, mistakes);
  take_fleet_policy(options, own, settings, mistakes);
  return settings;
}

std::vector<RuleText> rule_texts(const CommonOptions& options, const Settings& settings,
                                 std::vector<Error>& mistakes) {
  const std::span<const RuleText> builtin = builtin_rules();
  std::vector<RuleText> texts(builtin.begin(), builtin.end());
  std::vector<std::string> dirs;
  if (std::filesystem::exists(kRulesDir)) dirs.emplace_back(kRulesDir);
  if (!settings.rules_dir.empty()) dirs.push_back(settings.rules_dir);
  const auto take = [&](const std::string& dir) {
    Result<std::vector<RuleText>> more = read_rules_dir(dir);
    if (!more) {
      mistakes.push_back(more.error());
      return;
    }
    for (RuleText& text : more.value()) texts.push_back(std::move(text));
  };
  for (const std::string& dir : dirs) take(dir);
  if (settings.fleet) {
    const std::vector<RuleText>& fleet = settings.fleet->policy.rules;
    texts.insert(texts.end(), fleet.begin(), fleet.end());
  }
  if (!options.rules_dir.empty()) take(options.rules_dir);
  return texts;
}

GeoDatabases open_geo(const CommonOptions& options, const Settings& settings,
                      std::vector<Error>& mistakes) {
  return {options.geoip.empty() ? settings.geo_databases : options.geoip, mistakes};
}

HashKey hash_key(const CommonOptions& options, std::vector<Error>& mistakes) {
  if (options.key.empty()) return {};
  const Result<HashKey> key = read_key(options.key);
  if (key) return key.value();
  mistakes.push_back(key.error());
  return {};
}

InputOptions input_options(const CommonOptions& options, const Settings& settings,
                           std::vector<Error>& mistakes) {
  InputOptions out;
  out.source = options.source;
  out.now = clock_now();
  if (options.year != 0) out.year = options.year;
  const bool typed = options.timezone != "local" || settings.timezone.empty();
  const Result<TimeZone> zone = TimeZone::parse(typed ? options.timezone : settings.timezone);
  if (zone) {
    out.source_options.zone = zone.value();
  } else {
    mistakes.push_back({"--timezone", zone.error().message()});
  }
  if (options.watch) {
    const std::vector<std::string>& files = options.files;
    if (std::none_of(files.begin(), files.end(), is_folder)) {
      mistakes.push_back({"--watch", "expected at least one folder to watch"});
    }
    if (std::find(files.begin(), files.end(), "-") != files.end()) {
      mistakes.push_back({"--watch", "standard input cannot be read beside it"});
    }
  }
  out.source_options.host_name = options.host.empty() ? settings.host_name : options.host;
  return out;
}

void print_errors(const std::vector<Error>& errors) {
  for (const Error& error : errors) {
    std::fprintf(stderr, "doorward-agent: error: %s\n", error.message().c_str());
  }
}

void print_warnings(const std::vector<Error>& warnings) {
  for (const Error& warning : warnings) {
    std::fprintf(stderr, "doorward-agent: warning: %s\n", warning.message().c_str());
  }
}

}  // namespace doorward
