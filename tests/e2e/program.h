// Runs a real program as a user would and keeps what it said.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace doorward {

struct Ran {
  int status = -1;  ///< exit status, or -1 when a signal ended it
  std::string out;
  std::string err;
  long peak_kib = 0;  ///< largest resident set
};

/// Runs `program arguments...` with standard input from a file (empty: /dev/null).
Ran run(const std::string& program, const std::vector<std::string>& arguments,
        const std::string& input = {});

/// A folder of its own, gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  /// Path of a file in the folder; written with `text` when given.
  [[nodiscard]] std::string path(const std::string& name) const { return dir_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string dir_;
};

std::vector<std::string> lines_of(const std::string& text);

}  // namespace doorward
