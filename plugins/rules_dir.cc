#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "plugins/rule_set.h"

namespace doorward {
namespace {
constexpr std::uintmax_t kRuleFileBytesMax = std::uintmax_t{1024} * 1024;
}  // namespace

Result<std::vector<RuleText>> read_rules_dir(const std::string& dir, const std::string& kind) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::vector<std::string> files;
  for (fs::directory_iterator entry(dir, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (entry->path().extension() == ".toml") files.push_back(entry->path().string());
  }
  if (failed) return Error{dir, "cannot read the " + kind + "s directory: " + failed.message()};
  std::sort(files.begin(), files.end());
  std::vector<RuleText> texts;
  for (const std::string& file : files) {
    const std::uintmax_t size = fs::file_size(file, failed);
    if (failed) return Error{file, "cannot read the " + kind + ": " + failed.message()};
    if (size > kRuleFileBytesMax)
      return Error{file, "larger than 1 MiB; not a file of " + kind + "s"};
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) return Error{file, "cannot read the " + kind};
    texts.push_back({file, text.str()});
  }
  return texts;
}

}  // namespace doorward
