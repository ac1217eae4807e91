#include "agent/folder_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "agent/limits.h"

namespace doorward {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

Error cannot_read(const std::string& folder) {
  return {folder, "cannot read the folder: " + std::system_category().message(errno)};
}

/// DT_REG, DT_DIR or another; some file systems do not say and have to be asked.
unsigned char type_of(DIR* folder, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type;
  struct stat facts {};
  if (fstatat(dirfd(folder), entry.d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
  return static_cast<unsigned char>(IFTODT(facts.st_mode));
}

}  // namespace

bool is_passed_over(std::string_view name) {
  return name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part") ||
         name.find("CloudTrail-Digest") != std::string_view::npos || name.ends_with("-Digest");
}

Result<FolderEntries> list_folder(const std::string& folder) {
  const std::unique_ptr<DIR, CloseFolder> open(opendir(folder.c_str()));
  if (!open) return cannot_read(folder);
  FolderEntries entries;
  for (;;) {
    errno = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): safe in glibc for a stream of its own
    const dirent* entry = readdir(open.get());
    if (entry == nullptr) {
      if (errno != 0) return cannot_read(folder);
      return entries;
    }
    const std::string_view name(entry->d_name);
    if (is_passed_over(name)) continue;
    const unsigned char type = type_of(open.get(), *entry);
    if (type != DT_REG && type != DT_DIR) continue;
    std::string path = folder;
    if (!path.ends_with('/')) path += '/';
    path += name;
    (type == DT_DIR ? entries.folders : entries.files).push_back(std::move(path));
  }
}

std::vector<std::string> files_below(const std::string& folder, std::vector<Error>& errors) {
  std::vector<std::string> files;
  std::vector<std::string> folders = {folder};
  while (!folders.empty()) {
    const std::string next = std::move(folders.back());
    folders.pop_back();
    Result<FolderEntries> entries = list_folder(next);
    if (!entries) {
      errors.push_back(entries.error());
      continue;
    }
    for (std::string& below : entries.value().folders) folders.push_back(std::move(below));
    for (std::string& file : entries.value().files) {
      if (files.size() == kFolderFilesMax) {
        errors.push_back({folder, "holds more than " + std::to_string(kFolderFilesMax) +
                                      " files; the others are not read"});
        folders.clear();
        break;
      }
      files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_folder(const std::string& path) {
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

}  // namespace doorward
