// Files that are read and written as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sketch/result.h"

namespace doorward {

/// Reads a file; errors name the path. Refuses what is not a regular file, or longer than
/// `bytes_max`, before reading it; and one of whose mode any bit of `refused_mode` is set. `kind`
/// is for the message: "a baseline".
Result<std::vector<std::uint8_t>> read_whole_file(const std::string& path, std::size_t bytes_max,
                                                  const std::string& kind,
                                                  unsigned refused_mode = 0);

/// To whom a file is given.
enum class Owner : std::uint8_t {
  me,
  folder,  ///< the owner of the folder, where root does a daemon's work
};

/// Writes, so that after a power cut at any moment the path holds either the old file or the new
/// one, whole: a temporary file in the same folder, fsync, rename, fsync of the folder. Mode 0600.
/// The temporary file is removed when something fails.
Status write_whole_file(const std::string& path, std::span<const std::uint8_t> bytes,
                        Owner owner = Owner::me);

/// The same for a file that must not be there yet: one that is stays as it is and is an Error.
Status create_whole_file(const std::string& path, std::span<const std::uint8_t> bytes,
                         Owner owner = Owner::me);

/// The folder that a path is in; "." when it names none.
std::string folder_of(const std::string& path);

/// Makes names that came and went in the folder outlast a power cut.
Status sync_folder(const std::string& folder);

}  // namespace doorward
