// Whether rules and configuration can only have been written by those who may: a rule that somebody
// else wrote could silence all the others.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sketch/result.h"

namespace doorward {

/// A file (or folder), and the folder it lies in, have to belong to root, or to `also`, and must be
/// writable by nobody else: not by the world, and not by a group but root's. A symbolic link is
/// followed. What is not there is no mistake. Mistakes are appended.
void check_trusted(const std::string& path, uid_t also, std::vector<Error>& mistakes);

/// The same of a folder and the *.toml files in it.
void check_trusted_folder(const std::string& folder, uid_t also, std::vector<Error>& mistakes);

}  // namespace doorward
