#include "agent/load_exceptions.h"

#include <cstdio>
#include <filesystem>

namespace doorward {
namespace {

constexpr const char* kExceptionsDir = "/etc/doorward/exceptions.d";
constexpr std::size_t kExceptionFileBytesMax = std::size_t{1024} * 1024;

}  // namespace

void add_exception_options(CLI::App& command, CommonOptions& options) {
  command
      .add_option(
          "--exceptions", options.exceptions,
          "File of [[exception]] tables, beside those of the configuration; may be repeated")
      ->allow_extra_args(false)
      ->type_name("FILE");
}

std::string exceptions_dir(const Settings& settings) {
  if (!settings.exceptions_dir.empty()) return settings.exceptions_dir;
  return std::filesystem::exists(kExceptionsDir) ? kExceptionsDir : "";
}

ExceptionSet load_exceptions(const CommonOptions& options, const Settings& settings,
                             const RuleSet& rules, SetFiles& set_files,
                             std::vector<Error>& mistakes) {
  std::vector<ExceptionText> texts;
  // First, so that the host's own of the same name give way.
  if (settings.fleet) texts = settings.fleet->policy.exceptions;
  if (!settings.text.empty()) texts.push_back({settings.file, settings.text, true});
  const std::string dir = exceptions_dir(settings);
  if (!dir.empty()) {
    Result<std::vector<RuleText>> files = read_rules_dir(dir, "exception");
    if (files) {
      for (RuleText& file : files.value()) {
        texts.push_back({std::move(file.file), std::move(file.toml)});
      }
    } else {
      mistakes.push_back(files.error());
    }
  }
  DiskLoader disk;
  for (const std::string& file : options.exceptions) {
    Result<std::string> text = disk.read(file, kExceptionFileBytesMax);
    if (text) {
      texts.push_back({file, std::move(text).value()});
    } else {
      mistakes.push_back(text.error());
    }
  }
  ExceptionSet exceptions(texts, &set_files, mistakes);
  exceptions.bind(rules, mistakes);
  return exceptions;
}

}  // namespace doorward
