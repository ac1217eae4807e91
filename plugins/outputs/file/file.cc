// Output `file`: ECS NDJSON in a file of its own.
#include "plugins/outputs/file/file_writer.h"
#include "plugins/outputs/output.h"

namespace doorward {
namespace {

SinkSetup configure(Params& table) {
  constexpr std::int64_t kMiB = 1024 * 1024;
  FileSettings settings;
  settings.path = table.text_required("path");
  settings.rotate = table.boolean("rotate", settings.rotate);
  const auto mib = static_cast<std::int64_t>(settings.max_bytes) / kMiB;
  settings.max_bytes =
      static_cast<std::uint64_t>(table.integer("max_mib", mib, 1, kFileMiBMax) * kMiB);
  settings.keep = table.integer("keep", settings.keep, 0, kFileKeepMax);
  if (!settings.path.empty() && !settings.path.starts_with('/')) {
    table.mistake("path", "expected an absolute path");
  }
  if (!settings.rotate) {
    for (const char* key : {"max_mib", "keep"}) {
      if (table.has(key)) table.mistake(key, "has no meaning with rotate = false");
    }
  }
  SinkSetup setup;
  setup.target = settings.path;
  setup.make = [settings](const SinkEnv& env) {
    return make_line_sink(env, std::make_unique<FileWriter>(settings));
  };
  return setup;
}

}  // namespace

extern const OutputPlugin kOutputFile;
const OutputPlugin kOutputFile = {"file", "documents as NDJSON in a rotating file", nullptr,
                                  configure};

}  // namespace doorward
