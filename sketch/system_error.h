// What a system call that failed says.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "sketch/result.h"

namespace doorward {

/// errno in words: "No space left on device".
inline std::string errno_words() {
  return std::generic_category().message(errno);
}

/// "cannot write: No space left on device", with the path as the place, from errno.
inline Error system_error(const std::string& path, std::string_view what) {
  return {path, std::string(what) + ": " + errno_words()};
}

}  // namespace doorward
