// Whose a log is, and what its file says of stamps that bear no year.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "plugins/registry.h"
#include "plugins/sources/source.h"

namespace doorward {

/// The source that is surest that these first bytes of a file are its own; null: none is sure
/// enough.
const SourcePlugin* surest_source(std::span<const SourcePlugin* const> plugins,
                                  std::string_view head);

/// What is known of a file before its first line: it was written to until `end`. `year`: of its
/// first line, when somebody said so.
InputState state_of_file(TimeUs end, std::optional<int> year = {});

}  // namespace doorward
