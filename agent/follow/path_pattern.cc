#include "agent/follow/path_pattern.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <span>

#include "agent/follow/follow_options.h"

namespace doorward {
namespace {

using Parts = std::vector<std::string>;

std::string joined(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

bool is_real_folder(const std::string& path, bool through_link) {
  struct stat facts {};
  const int got = through_link ? stat(path.c_str(), &facts) : lstat(path.c_str(), &facts);
  return got == 0 && S_ISDIR(facts.st_mode);
}

bool is_there(const std::string& path) {
  struct stat facts {};
  return lstat(path.c_str(), &facts) == 0;
}

void walk(const std::string& folder, std::span<const std::string> parts, PatternMatches& out) {
  if (out.folders.size() == kPatternFoldersMax) {
    ++out.left_out;
    return;
  }
  const bool leaf = parts.size() == 1;
  const std::string& part = parts.front();
  const bool wild = is_pattern(part);
  out.folders.push_back({folder.empty() ? "." : folder, leaf, wild || leaf ? std::string() : part});
  if (!wild) {
    const std::string path = joined(folder, part);
    if (leaf) {
      if (is_there(path)) out.paths.push_back(path);
    } else if (is_real_folder(path, true)) {
      walk(path, parts.subspan(1), out);
    }
    return;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.empty() ? "." : folder.c_str()),
                                                closedir);
  if (!dir) return;
  for (std::size_t names = 0;; ++names) {
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr) return;
    if (names == kFolderNamesMax) break;
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) != 0) {
      continue;
    }
    const std::string path = joined(folder, name);
    if (leaf) {
      out.paths.push_back(path);
    } else if (is_real_folder(path, false)) {
      walk(path, parts.subspan(1), out);
    }
  }
  ++out.left_out;
}

}  // namespace

bool is_pattern(std::string_view path) {
  return path.find_first_of("*?[\\") != std::string_view::npos;
}

PatternMatches match_pattern(const std::string& pattern) {
  Parts parts;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', at), pattern.size());
    if (end > at) parts.push_back(pattern.substr(at, end - at));
    at = end + 1;
  }
  PatternMatches out;
  if (parts.empty()) return out;
  walk(pattern.front() == '/' ? "/" : "", parts, out);
  std::sort(out.paths.begin(), out.paths.end());
  return out;
}

}  // namespace doorward
