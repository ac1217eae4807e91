// The secret key of an agent or a fleet, under which names are hashed, as a file.
#pragma once

#include <string>

#include "sketch/hash.h"
#include "sketch/result.h"

namespace doorward {

/// Name of the file in a state folder (/var/lib/doorward).
inline constexpr const char* kHashKeyFileName = "hash.key";

/// Reads a key: a regular file of 16 bytes that nobody but its owner may read or write. Errors name
/// the path and what was expected.
Result<HashKey> read_key(const std::string& path);

/// Reads the key, or makes one of random bytes where there is no file yet (mode 0600; there whole
/// or not at all; of two that begin at once, both get the same). A file that is there and wrong is
/// never replaced: what was learned under it would be lost.
Result<HashKey> load_or_make_key(const std::string& path);

}  // namespace doorward
