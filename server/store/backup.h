// Files of a store: made, copied and put in place. Only for server/store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "plugins/descriptor.h"
#include "sketch/result.h"

namespace doorward {

/// Copies the database at `path`, as it is at one moment, into a new file `to` (0600), which is
/// there whole or not at all. Others may write meanwhile. `progress`: pages done and all.
Status copy_database(const std::string& path, const std::string& to,
                     const std::function<void(std::uint64_t, std::uint64_t)>& progress);

/// A new empty file, 0600, of the folder's owner when root makes it. No error when it is there.
Status make_store_file(const std::string& path);

/// flock() on FOLDER/server.lock. An Error when another has it: a server runs on the folder.
Result<Descriptor> lock_store(const std::string& folder);

}  // namespace doorward
