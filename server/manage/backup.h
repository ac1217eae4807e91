// Backups: one file with everything that a server needs to go on elsewhere.
#pragma once

#include <string>

#include "sketch/result.h"

namespace doorward {

/// A consistent copy of the database of the folder, while a server uses it, into a new file (0600).
/// `with_keys`: the other files of the folder that cannot be made again (certificates and keys, at
/// most kBackupFilesMax of at most kBackupFileBytesMax) go into a table of the copy. The Error
/// names the file; then nothing stays behind.
Status make_backup(const std::string& data_dir, const std::string& file, bool with_keys);

/// Puts a backup into the place of what the folder has: what is there moves aside as
/// NAME.before-TIME. No server may run on the folder. Files that the backup brings get mode 0600.
/// `told`: what was done, a line each.
Status restore_backup(const std::string& file, const std::string& data_dir, std::string& told);

/// Copies on their way to somebody, in the data folder: "download-7". Left over after a crash, they
/// may go.
inline constexpr const char* kDownloadPrefix = "download-";

inline constexpr std::size_t kBackupFilesMax = 64;
inline constexpr std::size_t kBackupFileBytesMax = std::size_t{1} << 20;

}  // namespace doorward
