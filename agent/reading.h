// What normalize and replay do with their FILE arguments.
#pragma once

#include <functional>

#include "agent/input_set.h"
#include "agent/options.h"
#include "agent/progress.h"

namespace doorward {

/// What is done between two parts of the input.
struct ReadHooks {
  std::function<void(TimeUs now)> begin;  ///< before each part, with the wall clock; may be empty
  std::function<void()> finish;           ///< once, after the last part; may be empty
  std::function<bool()> flush;  ///< after each part: hands on what was written; false: it failed
};

/// The arguments that an InputSet begins with: all, or with --watch those that are no folders.
std::vector<std::string> first_files(const CommonOptions& options);

/// Reads `inputs` to their end, and with --watch goes on with new files in the folders until SIGINT
/// or SIGTERM. Errors are printed, with --watch as soon as they come. The exit status.
int read_inputs(const CommonOptions& options, InputSet& inputs, EventSink& sink, Progress& progress,
                const ReadHooks& hooks);

}  // namespace doorward
