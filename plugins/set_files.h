// Set files: a value a line, for conditions ("@/etc/doorward/vpn-ranges.txt"), read again when they
// change.
//
//   # the VPN's exits            empty lines and what follows a # are left out
//   198.51.100.0/24
//   2001:db8:77::/48   # Berlin  (a # within a line needs white space before it)
//
// Lines are values as plugins/value_set.h has them, without `!` and `@`.
#pragma once

#include <compare>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "plugins/value_set.h"

namespace doorward {

/// Tells one version of a file from another.
struct FileVersion {
  TimeUs modified = kNoTime;  ///< time of the last change
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

/// Files, as far as this room needs them; so that tests and other programs bring their own.
class FileLoader {
 public:
  virtual ~FileLoader() = default;
  /// The version that is there now. Errors: not there, not a plain file.
  virtual Result<FileVersion> version(const std::string& path) = 0;
  /// The whole file. Errors: cannot be read, more than `bytes_max`.
  virtual Result<std::string> read(const std::string& path, std::size_t bytes_max) = 0;
};

/// The file system. Never waits on pipes and devices: they are refused.
class DiskLoader final : public FileLoader {
 public:
  Result<FileVersion> version(const std::string& path) override;
  Result<std::string> read(const std::string& path, std::size_t bytes_max) override;
};

/// Adds the lines of a set file to `out` and seals it. Mistakes, with file:line, are appended: the
/// first kSetMistakesMax of them and how many more there are.
void read_set(std::string_view text, const std::string& file, ValueList& out,
              std::vector<Error>& mistakes);

/// The set files in use, each read once for each kind of value, however many conditions name it.
/// Whoever asks conditions and calls reload_if_changed() is one thread.
class SetFiles {
 public:
  /// The loader must outlive this.
  explicit SetFiles(FileLoader& loader) : loader_(loader) {}

  /// The set of a file; relative paths are from the folder of `named_in`. Null after a mistake.
  std::shared_ptr<const SetFile> open(std::string_view path, const std::string& named_in,
                                      ValueKind kind,
                                      const std::function<void(const std::string&)>& mistake);

  /// Reads the files that have changed; for wall time `now`, at most once in kSetCheckUs. A file
  /// that was written to within the last kSetSettleUs waits until the next call, since it may be
  /// half written. A version that cannot be read or has mistakes is reported once, and what was
  /// read before stays in force. Gives the number of sets replaced.
  std::size_t reload_if_changed(TimeUs now, std::vector<Error>& mistakes);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::shared_ptr<SetFile> file;
    FileVersion looked_at;  // the newest version that was read, good or bad
    bool missing = false;   // was reported as not there
  };
  bool replace(Entry& entry, std::vector<Error>& mistakes);

  FileLoader& loader_;
  std::vector<Entry> entries_;
  TimeUs checked_ = kNoTime;
};

}  // namespace doorward
