#include "plugins/delivery/settings.h"

#include <algorithm>

#include "plugins/delivery/limits.h"
#include "plugins/registry.h"

namespace doorward {
namespace {

std::string known_types() {
  std::string out;
  for (const OutputPlugin* plugin : output_plugins()) {
    if (plugin->configure == nullptr) continue;
    out += (out.empty() ? "" : ", ") + std::string(plugin->name);
  }
  return out;
}

bool is_plain_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= kReaderNameBytesMax &&
         std::all_of(name.begin(), name.end(), plain);
}

}  // namespace

std::vector<OutputSettings> read_outputs(Params& document, std::vector<Error>& mistakes) {
  std::vector<OutputSettings> out;
  for (Params& table : document.tables("output")) {
    const std::size_t before = mistakes.size();
    OutputSettings output;
    output.type = table.text_required("type");
    output.name = table.text("name", output.type);
    output.min_score = table.number("min_score", 0, 0, 100);
    const OutputPlugin* plugin = find_plugin(output_plugins(), output.type);
    if (output.type.empty()) continue;
    if (plugin == nullptr || plugin->configure == nullptr) {
      table.mistake("type", "no such output: \"" + output.type + "\"; there are " + known_types());
      continue;
    }
    if (!is_plain_name(output.name)) {
      table.mistake("name", "expected 1 to " + std::to_string(kReaderNameBytesMax) +
                                " letters, digits, \".\", \"-\" and \"_\"");
    }
    const auto same = [&](const OutputSettings& other) { return other.name == output.name; };
    if (std::any_of(out.begin(), out.end(), same)) {
      table.mistake(table.has("name") ? "name" : "type",
                    "there is an output \"" + output.name + "\" already; give each a name");
    }
    if (out.size() == kReadersMax) {
      table.mistake("type", "at most " + std::to_string(kReadersMax) + " outputs");
    }
    output.sink = plugin->configure(table);
    table.refuse_unknown();
    if (mistakes.size() == before) out.push_back(std::move(output));
  }
  return out;
}

SpoolSettings read_spool(Params& document, std::string_view default_dir) {
  SpoolSettings out;
  out.dir = default_dir;
  std::int64_t mib = kSpoolMiB;
  if (std::optional<Params> table = document.table("spool")) {
    out.dir = table->text("dir", default_dir);
    mib = table->integer("max_mib", kSpoolMiB, kSpoolMiBMin, kSpoolMiBMax);
    if (!out.dir.starts_with('/')) table->mistake("dir", "expected an absolute path");
    table->refuse_unknown();
  }
  out.bytes_max = static_cast<std::uint64_t>(mib) * 1024 * 1024;
  return out;
}

}  // namespace doorward
