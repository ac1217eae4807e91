// The files that a pattern such as /var/log/remote/*/auth.log names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace doorward {

/// Whether a path is a pattern of glob(7): has a *, ?, [ or backslash.
bool is_pattern(std::string_view path);

/// What there is of a pattern now.
struct PatternMatches {
  /// A folder whose names decide: of files (`leaf`), or of further folders.
  struct Folder {
    std::string path;
    bool leaf = false;
    std::string name;  ///< the one of its names that decides; empty: the pattern says
  };
  std::vector<std::string> paths;  ///< names of any kind that match, sorted
  std::vector<Folder> folders;     ///< from the first one of the pattern to the last that exists
  std::size_t left_out = 0;  ///< folders beyond kPatternFoldersMax, or names beyond kFolderNamesMax
};

/// Walks the folders. A pattern without wildcards gives itself, when it is there. A wildcard never
/// leads through a symbolic link to a folder, nor to hidden names unless it begins with a dot.
PatternMatches match_pattern(const std::string& pattern);

}  // namespace doorward
