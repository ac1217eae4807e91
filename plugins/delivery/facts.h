// What outputs have to know of a finished document, read out of its JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/event.h"

namespace doorward {

struct DocumentFacts {
  TimeUs time = kNoTime;      ///< @timestamp
  std::int64_t severity = 0;  ///< event.severity; 0: not told
  std::string host;           ///< host.name
  std::string message;
};

/// What is missing or no JSON gives the defaults.
DocumentFacts document_facts(std::string_view json);

}  // namespace doorward
