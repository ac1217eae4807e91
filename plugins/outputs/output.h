// The interface of an output. It has two faces, and a plugin has one or both: an Output takes
// alerts as they are made (replay), a Sink (plugins/delivery/sink.h) takes finished documents out
// of the spool, where they are safe until it has delivered them (the daemon, the server).
#pragma once

#include <cstdio>
#include <memory>
#include <string_view>

#include "plugins/alert.h"
#include "plugins/alert_notes.h"
#include "plugins/delivery/sink.h"
#include "plugins/params.h"

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
  /// Null: not an output of replay.
  std::unique_ptr<Output> (*make)(const OutputOptions& options);
  /// Reads its settings out of an [[output]] table, noting mistakes there; `type`, `name` and
  /// `min_score` are read already. Null: nothing that can be configured.
  SinkSetup (*configure)(Params& table);
};

}  // namespace doorward
