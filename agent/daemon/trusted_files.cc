#include "agent/daemon/trusted_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

namespace doorward {
namespace {

void check(const std::string& path, uid_t also, std::vector<Error>& mistakes) {
  struct stat what {};
  if (stat(path.c_str(), &what) != 0) return;
  if (what.st_uid != 0 && what.st_uid != also) {
    mistakes.push_back({path, "belongs to user " + std::to_string(what.st_uid) +
                                  ", not to root; refused (chown root)"});
    return;
  }
  // Whoever may write to a sticky folder (/tmp) cannot replace what others have there.
  const bool sticky_folder = S_ISDIR(what.st_mode) && (what.st_mode & S_ISVTX) != 0;
  if (sticky_folder) return;
  if ((what.st_mode & S_IWOTH) != 0) {
    mistakes.push_back({path, "can be written to by everybody; refused (chmod o-w)"});
  } else if ((what.st_mode & S_IWGRP) != 0 && what.st_gid != 0 && what.st_uid == 0) {
    mistakes.push_back({path, "can be written to by group " + std::to_string(what.st_gid) +
                                  "; refused (chmod g-w)"});
  }
}

}  // namespace

void check_trusted(const std::string& path, uid_t also, std::vector<Error>& mistakes) {
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(path, failed);
  const std::string real = failed ? path : whole.string();
  check(real, also, mistakes);
  const std::string folder = std::filesystem::path(real).parent_path().string();
  if (!folder.empty()) check(folder, also, mistakes);
}

void check_trusted_folder(const std::string& folder, uid_t also, std::vector<Error>& mistakes) {
  check_trusted(folder, also, mistakes);
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".toml") check(entry.path().string(), also, mistakes);
  }
}

}  // namespace doorward
