// Every plugin that was compiled in. The tables are generated from the doorward_add_plugin() calls.
#pragma once

#include <span>
#include <string_view>

#include "plugins/detectors/detector.h"
#include "plugins/outputs/output.h"
#include "plugins/sources/source.h"

namespace doorward {

std::span<const SourcePlugin* const> source_plugins();
std::span<const DetectorPlugin* const> detector_plugins();
std::span<const OutputPlugin* const> output_plugins();

/// The plugin of that name; null when there is none.
template <class Plugin>
const Plugin* find_plugin(std::span<const Plugin* const> table, std::string_view name) {
  for (const Plugin* plugin : table) {
    if (plugin->name == name) return plugin;
  }
  return nullptr;
}

}  // namespace doorward
