// Several log files read as one stream in event-time order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/line_reader.h"
#include "agent/twin_merge.h"
#include "plugins/registry.h"
#include "plugins/sources/source.h"

namespace doorward {

struct InputOptions {
  std::string source = "auto";  ///< name of a source plugin, or "auto": each file is sniffed
  std::optional<int> year;      ///< year of the first stamp of every file that names none
  TimeUs now = 0;               ///< wall clock, for standard input's missing modification time
  SourceOptions source_options;
  /// Events leave in the order of event time, complete ones not before others: see
  /// TwinMerge::keep_order().
  bool keep_order = false;
  /// The sources there are.
  std::span<const SourcePlugin* const> plugins = source_plugins();
};

/// Lines and records that could not be used, by reason, with the first places.
struct InputFaults {
  std::vector<std::string> named;  ///< "file:line: reason", at most kNamedFaultsMax
  std::uint64_t unnamed = 0;       ///< further ones
  std::uint64_t long_lines = 0;
  std::uint64_t long_records = 0;
  std::uint64_t malformed = 0;  ///< what stood where a JSON record was expected
};

/// Opens, sniffs, merges, reads. Files that cannot be read are noted in errors(); the rest works.
///
/// At most kOpenFilesMax files are open at a time, so that thousands can be merged: of each, the
/// first record is read for its time, and its file closed until that has come. A closed file costs
/// its path and that time.
class InputSet {
 public:
  /// Like add() to an empty set.
  InputSet(const std::vector<std::string>& paths, InputOptions options);

  /// Adds files, "-" for standard input, and folders: all regular files below them that are logs by
  /// their name (agent/folder_files.h).
  void add(const std::vector<std::string>& paths);

  /// Reads everything in event-time order; events go to `sink` one for each attempt, in the order
  /// that TwinMerge says. `tick` is
  /// called every few thousand lines (progress); it may be empty.
  void read(EventSink& sink, const std::function<void()>& tick);

  /// The same in parts: read_on() reads what was added so far and leaves attempts open for what
  /// will be added, finish() closes them. Always the same `sink`, which must outlive this.
  void read_on(EventSink& sink, const std::function<void()>& tick);
  void finish(EventSink& sink);

  /// Called from a tick: reading ends there.
  void stop() { stopped_ = true; }

  /// Inputs that were not, or not wholly, read: exit status 2. At most kNamedErrorsMax, and one
  /// that says how many more.
  [[nodiscard]] const std::vector<Error>& errors() const { return errors_; }
  /// The same, and forgets them.
  std::vector<Error> take_errors();
  [[nodiscard]] const InputFaults& faults() const { return faults_; }
  /// Sum over all sources.
  [[nodiscard]] SourceCounters counters() const;
  [[nodiscard]] std::uint64_t twins() const { return twins_ ? twins_->merged() : 0; }
  [[nodiscard]] std::size_t files() const { return files_; }
  /// Whether there are JSON records alone, and lines() counts these.
  [[nodiscard]] bool all_records() const { return record_files_ > 0 && record_files_ == files_; }
  [[nodiscard]] std::uint64_t lines() const;
  [[nodiscard]] std::uint64_t bytes_consumed() const;
  [[nodiscard]] std::uint64_t bytes_total() const;  ///< 0 when one of them is unknown

 private:
  struct Input {
    LineReader reader;
    Source* source;
    Framing framing;
    InputState state;
    std::optional<std::string_view> line;
    Stamp stamp;
    TimeUs order = kNoTime;  // stamp of the line, or of the one before when it has none
    bool started = false;    // its first line was fed
    bool audit = false;      // an audit log
    // Of what the reader skipped, how much faults() has.
    std::uint64_t long_told = 0;
    std::uint64_t malformed_told = 0;
  };
  // An input that has a line, by its time.
  struct Waiting {
    TimeUs order;
    std::size_t input;
    friend bool operator>(const Waiting& a, const Waiting& b) {
      return a.order != b.order ? a.order > b.order : a.input > b.input;
    }
  };

  void open(const std::string& path);
  const SourcePlugin* sniff(LineReader& reader);
  void fetch(Input& input);
  void note_skips(Input& input);
  void feed(Input& input, EventSink& sink);
  bool make_room();
  bool come_back(Input& input, TimeUs& until);
  void wait(std::size_t input);
  void retire(std::size_t input);
  void leave_open(const Input& input);
  void note_error(const Error& error);
  void name_fault(const std::string& where, const std::string& what);

  InputOptions options_;
  std::map<std::string, std::unique_ptr<Source>, std::less<>> sources_;
  Told logs_ = Told::none;                      // kinds of log among the inputs
  std::vector<std::unique_ptr<Input>> inputs_;  // null: read to its end
  std::vector<Waiting> waiting_;                // a heap, earliest first
  std::vector<Input*> open_;                    // those that could be closed
  std::unique_ptr<TwinMerge> twins_;
  std::vector<Error> errors_;
  std::size_t unnamed_errors_ = 0;
  InputFaults faults_;
  std::size_t files_ = 0;
  std::size_t record_files_ = 0;
  // Of the inputs that are gone.
  std::uint64_t lines_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t bytes_total_ = 0;  // of all
  bool bytes_unknown_ = false;
  std::uint64_t fed_ = 0;
  bool stopped_ = false;
};

}  // namespace doorward
