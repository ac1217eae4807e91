// Which files of a folder are logs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sketch/result.h"

namespace doorward {

/// Whether a file or folder of that name is passed over: hidden ones, and names that end in .tmp or
/// .part (being written) or name a digest (CloudTrail-Digest: hashes of logs, beside the logs).
bool is_passed_over(std::string_view name);

/// What one folder holds, as whole paths, without what is passed over. Symbolic links, pipes and
/// devices are left out as well: a folder may be written to by others, and must not lead elsewhere
/// or make the reader wait.
struct FolderEntries {
  std::vector<std::string> files;
  std::vector<std::string> folders;
};
Result<FolderEntries> list_folder(const std::string& folder);

/// Regular files in a folder and those below it, sorted by path. What cannot be read, and having
/// more than kFolderFilesMax, is appended to `errors`.
std::vector<std::string> files_below(const std::string& folder, std::vector<Error>& errors);

bool is_folder(const std::string& path);

}  // namespace doorward
