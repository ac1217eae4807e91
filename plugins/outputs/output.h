// The interface of an output: takes alerts and what is told beside them, delivers them.
#pragma once

#include <cstdio>
#include <memory>
#include <string_view>

#include "plugins/alert.h"
#include "plugins/alert_notes.h"

namespace doorward {

/// What an output is told at the start.
struct OutputOptions {
  bool text = false;          ///< a person's form instead of ECS NDJSON
  bool colour = false;        ///< with `text`: ANSI colours
  std::FILE* file = nullptr;  ///< where stdout-like outputs write; not owned
};

class Output {
 public:
  virtual ~Output() = default;
  virtual void on_alert(const Alert& alert) = 0;
  /// An alert handed on before went on; and what a rule was not let say. Both are part of what
  /// must reach the reader.
  virtual void on_update(const AlertUpdate& update) = 0;
  virtual void on_summary(const AlertSummary& summary) = 0;
  /// Hands everything written so far to the operating system; false when that failed.
  virtual bool flush() = 0;
};

/// One row of the registry.
struct OutputPlugin {
  std::string_view name;         ///< "stdout"
  std::string_view description;  ///< a sentence for --help
  std::unique_ptr<Output> (*make)(const OutputOptions& options);
};

}  // namespace doorward
