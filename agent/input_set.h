// Several log files read as one stream in event-time order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/line_reader.h"
#include "agent/twin_merge.h"
#include "plugins/sources/source.h"

namespace doorward {

struct InputOptions {
  std::string source = "auto";  ///< name of a source plugin, or "auto": each file is sniffed
  std::optional<int> year;      ///< year of the first stamp of every file that names none
  TimeUs now = 0;               ///< wall clock, for standard input's missing modification time
  SourceOptions source_options;
};

/// Lines that could not be used, by reason, with the first places.
struct InputFaults {
  std::vector<std::string> named;  ///< "file:line: reason", at most kNamedFaultsMax
  std::uint64_t unnamed = 0;       ///< further ones
  std::uint64_t long_lines = 0;
};

/// Opens, sniffs, merges, reads. Files that cannot be read are noted in errors(); the rest works.
class InputSet {
 public:
  InputSet(const std::vector<std::string>& paths, const InputOptions& options);

  /// Reads everything; events go to `sink` in event-time order, one for each attempt. `tick` is
  /// called every few thousand lines (progress); it may be empty.
  void read(EventSink& sink, const std::function<void()>& tick);

  /// Inputs that were not, or not wholly, read: exit status 2.
  [[nodiscard]] const std::vector<Error>& errors() const { return errors_; }
  [[nodiscard]] const InputFaults& faults() const { return faults_; }
  /// Sum over all sources.
  [[nodiscard]] SourceCounters counters() const;
  [[nodiscard]] std::uint64_t twins() const { return twins_; }
  [[nodiscard]] std::size_t files() const { return inputs_.size(); }
  [[nodiscard]] std::uint64_t lines() const;
  [[nodiscard]] std::uint64_t bytes_consumed() const;
  [[nodiscard]] std::uint64_t bytes_total() const;  ///< 0 when one of them is unknown

 private:
  struct Input {
    LineReader reader;
    Source* source;
    InputState state;
    std::optional<std::string_view> line;
    Stamp stamp;
    TimeUs order = kNoTime;  // stamp of the line, or of the one before when it has none
  };

  void open(const std::string& path, const InputOptions& options);
  const SourcePlugin* sniff(LineReader& reader, const std::string& wanted);
  void fetch(Input& input);
  void feed(Input& input, EventSink& sink);
  void name_fault(const std::string& where, const std::string& what);

  std::map<std::string, std::unique_ptr<Source>, std::less<>> sources_;
  Told logs_ = Told::none;  // kinds of log among the inputs
  std::vector<Input> inputs_;
  std::vector<Error> errors_;
  InputFaults faults_;
  std::uint64_t twins_ = 0;
};

}  // namespace doorward
