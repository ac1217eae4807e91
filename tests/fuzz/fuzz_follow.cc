// Any bytes as a log, cut and read in two pieces: the lines are those of the whole, and a position
// made of any bytes is refused or gives lines. Any bytes as the name of a rotated file.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "agent/follow/log_follower.h"
#include "agent/follow/rotated_names.h"
#include "plugins/state_archive.h"

namespace {

const std::string& log_path() {
  static const std::string path = [] {
    std::string name = (std::filesystem::temp_directory_path() / "doorward-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    return name + "/log";
  }();
  return path;
}

std::string lines_of(doorward::LogFollower& log) {
  std::string out;
  for (int idle = 0; idle < 3;) {
    if (const auto line = log.next()) {
      out.append(*line) += '\n';
    } else {
      log.look();
      ++idle;
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t half = size / 2;
  (void)rotated_name(text.substr(0, half), text.substr(half));
  (void)looks_rotated(text);

  std::ofstream(log_path(), std::ios::binary) << text.substr(0, half);
  LogFollower pieces(log_path());
  pieces.begin_at(Start::begin);
  std::string got = lines_of(pieces);
  const LogPosition middle = pieces.position();
  std::ofstream(log_path(), std::ios::binary | std::ios::app) << text.substr(half);
  LogFollower resumed(log_path());
  resumed.resume(middle);
  const std::string rest = lines_of(resumed);
  LogFollower whole(log_path());
  whole.begin_at(Start::begin);
  if (got + rest != lines_of(whole)) std::abort();
  if (got + lines_of(pieces) != got + rest) std::abort();

  LogPosition made;
  StateReader reader(std::span(data, size));
  made.archive(reader);
  if (reader.ok()) {
    made.file = middle.file;
    LogFollower any(log_path());
    any.resume(made);
    (void)lines_of(any);
  }
  return 0;
}
