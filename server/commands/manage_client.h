// One request of the API from the command line: over the local socket, or, when no server runs on
// the data folder, by the same code in this process.
#pragma once

#include <map>
#include <string>

#include "server/api/api.h"
#include "server/core/settings.h"
#include "sketch/result.h"

namespace doorward {

inline constexpr int kManageDone = 0;
inline constexpr int kManageRefused = 1;      ///< usage, or the API said no
inline constexpr int kManageUnreachable = 2;  ///< no server and no store

/// Longest answer that is read (a whole baseline).
inline constexpr std::size_t kManageAnswerMax = std::size_t{2} << 30;

/// `path`: with its parts percent-encoded. Errors: nobody answers, and the store cannot be opened.
Result<ApiResponse> ask_server(const ServerSettings& settings, ApiRequest request);

/// "a b/c" as a part of a path or query: "a%20b%2Fc".
std::string percent_encoded(std::string_view text);

}  // namespace doorward
