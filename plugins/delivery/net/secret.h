// Secrets come from files that nobody else can read, never from options or the configuration.
#pragma once

#include <string>

#include "sketch/result.h"

namespace doorward {

/// The secret in a file: its one line, without the newline. Refused: a file that others (neither
/// owner nor group) may read or write, that is longer than kSecretBytesMax, empty, of several
/// lines, or with other than printable ASCII.
Result<std::string> read_secret(const std::string& path);

/// As http wants user and password of basic authentication.
std::string base64(std::string_view bytes);

}  // namespace doorward
