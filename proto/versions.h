// What this program was built with and runs with.
#pragma once

#include <string>

namespace doorward {

/// "doorward-agent 0.1.0\nBoost 1.81.0, FlatBuffers ..." with the versions that are loaded.
std::string versions(const std::string& program);

}  // namespace doorward
