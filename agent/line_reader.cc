#include "agent/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "agent/limits.h"
#include "plugins/limits.h"

namespace doorward {

struct LineReader::State {
  std::string path;
  int fd = -1;
  gzFile gzip = nullptr;
  std::vector<char> buffer = std::vector<char>(kReadBytes + kLineBytesMax + 1);
  std::size_t begin = 0;  // first byte not handed out
  std::size_t end = 0;    // one past the last byte read
  bool at_end = false;
  bool skipping = false;  // inside a line that was too long
  std::uint64_t line_number = 0;
  std::uint64_t long_lines = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t bytes_read = 0;
  TimeUs modified = kNoTime;
  std::optional<Error> fault;

  ~State() {
    if (gzip != nullptr) {
      gzclose(gzip);
    } else if (fd > STDIN_FILENO) {
      close(fd);
    }
  }
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void start();
  void fill();
  std::size_t read_some(char* to, std::size_t size);
};

/// Reads the first block and turns to gzip when it begins like one.
void LineReader::State::start() {
  fill();
  const bool is_gzip = end >= 2 && static_cast<unsigned char>(buffer[0]) == 0x1F &&
                       static_cast<unsigned char>(buffer[1]) == 0x8B;
  if (!is_gzip) return;
  if (lseek(fd, 0, SEEK_SET) != 0) {
    fault = Error{path, "gzip can only be read from a file, not from a pipe; use zcat"};
  } else if (gzip = gzdopen(fd, "rb"); gzip == nullptr) {
    fault = Error{path, "out of memory for gzip"};
  }
  begin = end = 0;
  bytes_read = 0;
  at_end = fault.has_value();
  if (gzip != nullptr) {
    gzbuffer(gzip, 128 * 1024);
    fill();
  }
}

std::size_t LineReader::State::read_some(char* to, std::size_t size) {
  if (gzip != nullptr) {
    const int got = gzread(gzip, to, static_cast<unsigned>(size));
    int code = Z_OK;
    const char* words = gzerror(gzip, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      fault = Error{path + ":" + std::to_string(line_number + 1),
                    code == Z_BUF_ERROR ? std::string("truncated gzip: ends in mid-stream")
                                        : "broken gzip: " + std::string(words)};
    }
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  ssize_t got = 0;
  do {
    got = read(fd, to, size);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    fault = Error{path + ":" + std::to_string(line_number + 1),
                  "cannot read further: " + std::system_category().message(errno)};
    return 0;
  }
  return static_cast<std::size_t>(got);
}

/// Makes room at the front and reads a block behind what is left.
void LineReader::State::fill() {
  if (at_end) return;
  if (begin > 0) {
    std::memmove(buffer.data(), buffer.data() + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  const std::size_t got = read_some(buffer.data() + end, buffer.size() - end);
  end += got;
  bytes_read += got;
  at_end = got == 0;
}

LineReader::LineReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineReader::LineReader(LineReader&& other) noexcept = default;
LineReader& LineReader::operator=(LineReader&& other) noexcept = default;
LineReader::~LineReader() = default;

Result<LineReader> LineReader::open(const std::string& path) {
  auto state = std::make_unique<State>();
  const bool standard_input = path == "-";
  state->path = standard_input ? "standard input" : path;
  state->fd = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (state->fd < 0) return Error{path, "cannot open: " + std::system_category().message(errno)};
  struct stat facts {};
  if (fstat(state->fd, &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return Error{path, "is a directory; name its files"};
    if (S_ISREG(facts.st_mode)) {
      state->bytes_total = static_cast<std::uint64_t>(facts.st_size);
      state->modified = TimeUs{facts.st_mtim.tv_sec} * kSecondUs + facts.st_mtim.tv_nsec / 1000;
    }
  }
  state->start();
  return LineReader(std::move(state));
}

std::optional<std::string_view> LineReader::next() {
  State& s = *state_;
  for (;;) {
    const char* from = s.buffer.data() + s.begin;
    const std::size_t have = s.end - s.begin;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', have));
    if (newline != nullptr) {
      auto size = static_cast<std::size_t>(newline - from);
      s.begin += size + 1;
      ++s.line_number;
      if (s.skipping || size > kLineBytesMax) {
        s.skipping = false;
        ++s.long_lines;
        continue;
      }
      if (size > 0 && from[size - 1] == '\r') --size;
      return std::string_view(from, size);
    }
    if (have > kLineBytesMax) {
      s.skipping = true;
      s.begin = s.end;
    }
    if (s.at_end) break;
    s.fill();
  }
  const std::size_t left = s.end - s.begin;
  if (left == 0 && !s.skipping) return std::nullopt;
  const char* from = s.buffer.data() + s.begin;
  s.begin = s.end;
  ++s.line_number;
  if (s.skipping) {
    s.skipping = false;
    ++s.long_lines;
    return std::nullopt;
  }
  return std::string_view(from, left);
}

std::string_view LineReader::head() {
  const State& s = *state_;
  return {s.buffer.data() + s.begin, std::min(s.end - s.begin, kSniffBytes)};
}

const std::optional<Error>& LineReader::fault() const {
  return state_->fault;
}
const std::string& LineReader::path() const {
  return state_->path;
}
std::uint64_t LineReader::line_number() const {
  return state_->line_number;
}
std::uint64_t LineReader::long_lines() const {
  return state_->long_lines;
}
std::uint64_t LineReader::bytes_total() const {
  return state_->bytes_total;
}
TimeUs LineReader::modified() const {
  return state_->modified;
}

std::uint64_t LineReader::bytes_consumed() const {
  const State& s = *state_;
  if (s.gzip != nullptr) return static_cast<std::uint64_t>(std::max<z_off_t>(0, gzoffset(s.gzip)));
  return s.bytes_read - (s.end - s.begin);
}

}  // namespace doorward
