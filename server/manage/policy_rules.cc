#include "server/manage/policy_rules.h"

#include <algorithm>
#include <filesystem>

#include "proto/whole_file.h"

namespace doorward {
namespace {

constexpr std::size_t kFilesMax = 256;
constexpr std::size_t kBytesMax = std::size_t{1} << 20;

/// "rules/x.toml": parts of plain characters, none hidden, none that leads elsewhere.
bool good_file_name(std::string_view name) {
  if (name.empty() || name.size() > 100) return false;
  bool first = true;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (first && !plain) return false;
    if (!plain && c != '.' && c != '/') return false;
    first = c == '/';
  }
  return !first;
}

}  // namespace

PolicyReview review_files(PolicyFiles& files) {
  PolicyReview out;
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  if (files.size() > kFilesMax) out.mistakes.push_back({"files", "more than 256"});
  for (std::size_t i = 0; i < files.size(); ++i) {
    const PolicyFileText& file = files[i];
    if (!good_file_name(file.name)) {
      out.mistakes.push_back({file.name.substr(0, 100), "not a name of a policy's file"});
    }
    if (i > 0 && files[i - 1].name == file.name) {
      out.mistakes.push_back({file.name, "is there twice"});
    }
    if (file.text.size() > kBytesMax) out.mistakes.push_back({file.name, "longer than 1 MiB"});
  }
  return out;
}

PolicyChanges compare_files(const PolicyFiles& from, const PolicyFiles& to) {
  return {{}, policy_diff(from, to)};
}

Result<PolicyFiles> read_policy_files(const std::string& folder) {
  namespace fs = std::filesystem;
  PolicyFiles out;
  std::error_code fault;
  for (fs::recursive_directory_iterator it(folder, fault), end; !fault && it != end;
       it.increment(fault)) {
    if (it->path().filename().string().starts_with('.')) {
      if (it->is_directory(fault)) it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file(fault) || it->path().extension() == ".md") continue;
    const std::string name = fs::relative(it->path(), folder, fault).string();
    const auto bytes = read_whole_file(it->path().string(), kBytesMax, "a policy's file");
    if (!bytes) return bytes.error();
    out.push_back({name, {bytes.value().begin(), bytes.value().end()}});
    if (out.size() > kFilesMax) return Error{folder, "more than 256 files"};
  }
  if (fault) return Error{folder, fault.message()};
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace doorward
