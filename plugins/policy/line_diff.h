// The lines in which two texts differ.
#pragma once

#include <string>
#include <string_view>

namespace doorward {

/// Like a unified diff: "@@ -12,7 +12,8 @@", then lines that begin with a space, "-" or "+", three
/// equal ones before and after each difference. Empty when the texts are equal. The fewest lines
/// that explain the difference, up to kDiffCellsMax (plugins/policy/limits.h).
std::string line_diff(std::string_view before, std::string_view after);

}  // namespace doorward
