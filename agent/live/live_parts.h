// What LiveInputs knows of one stream; for its own files only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/live/live_inputs.h"

namespace doorward {

struct LiveInputs::Input {
  std::string name;
  std::unique_ptr<LiveStream> stream;
  std::string wanted;                    // source by configuration, or "auto"
  const SourcePlugin* plugin = nullptr;  // null: not known yet
  Source* source = nullptr;
  InputState state;
  std::string pending;  // a line that was read and not fed before the state was saved
  bool has_pending = false;
  std::optional<std::string_view> line;
  Stamp stamp;
  TimeUs order = kNoTime;  // stamp of the line, or of the one before when it has none
  TimeUs mark = kNoTime;   // everything before this time was read
  bool look = true;        // next() may have something
  bool unknown_told = false;
};

/// What the state has of a stream that was not added yet.
struct LiveInputs::Kept {
  std::vector<std::uint8_t> bytes;   // of the input
  std::vector<std::uint8_t> stream;  // of its stream
  TimeUs saved = kNoTime;
};

}  // namespace doorward
