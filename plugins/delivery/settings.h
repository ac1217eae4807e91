// The [[output]] tables of a configuration (docs/outputs.md).
#pragma once

#include <string>
#include <vector>

#include "plugins/delivery/sink.h"
#include "plugins/params.h"
#include "sketch/result.h"

namespace doorward {

struct OutputSettings {
  std::string name;  ///< in status and log, and of its position in the spool; unique
  std::string type;  ///< of the plugin
  double min_score = 0;
  SinkSetup sink;
};

/// Reads every [[output]] of a document; files of secrets and certificates are looked at. Mistakes
/// are appended with file:line; an output with mistakes is left out.
std::vector<OutputSettings> read_outputs(Params& document, std::vector<Error>& mistakes);

/// Reads `[spool]` (dir, max_mib); gives `dir` as it is when the document names none.
struct SpoolSettings {
  std::string dir;
  std::uint64_t bytes_max = 0;
};
SpoolSettings read_spool(Params& document, std::string_view default_dir);

}  // namespace doorward
