// A folder into which files are delivered whole (the spool of a cloud feed), as one stream.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "agent/line_reader.h"
#include "agent/live/live_stream.h"
#include "agent/spool_folder.h"

namespace doorward {

/// Reads each file once, in the order in which they are found whole (by path within one look). A
/// file that cannot be read to its end is told and left. For one thread.
class FolderStream final : public LiveStream {
 public:
  explicit FolderStream(std::string folder, const SpoolFolderOptions& options = {});

  std::optional<std::string_view> next() override;
  bool began_file() override { return std::exchange(began_, false); }
  [[nodiscard]] TimeUs modified() const override;
  void look() override;
  [[nodiscard]] bool present() const override { return true; }
  void frame(Framing framing) override { framing_ = framing; }
  std::string head() override;
  void save(StateWriter& out) const override;
  void load(StateReader& in) override;
  [[nodiscard]] std::string place() const override;
  [[nodiscard]] StreamStatus status() const override;
  std::vector<Error> take_errors() override;

  /// Becomes readable when look() has something to do; -1: no such descriptor.
  [[nodiscard]] int descriptor() const { return spool_.descriptor(); }

 private:
  bool open_next();
  void close_current();

  std::string folder_;
  SpoolFolder spool_;
  Framing framing_ = Framing::lines;
  std::deque<std::string> waiting_;
  std::optional<LineReader> reader_;
  std::uint64_t identity_ = 0;  // of the file that is read
  bool framed_ = false;
  bool began_ = false;
  // A file that was read in part before a restart.
  std::uint64_t resumed_identity_ = 0;
  std::uint64_t resumed_items_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t long_lines_ = 0;
  std::vector<Error> errors_;
};

}  // namespace doorward
