#include "agent/line_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "agent/input_file.h"
#include "agent/limits.h"
#include "agent/record_splitter.h"
#include "plugins/limits.h"

namespace doorward {
namespace {

constexpr std::size_t kLineBuffer = kReadBytes + kLineBytesMax + 1;
constexpr std::size_t kRecordBuffer = kReadBytes + kRecordBytesMax + 1;

const char* words_of(RecordSplitter::Kind kind) {
  using Kind = RecordSplitter::Kind;
  switch (kind) {
    case Kind::too_long:
      static_assert(kRecordBytesMax == std::size_t{1024} * 1024);
      return "record longer than 1 MiB, skipped";
    case Kind::too_deep:
      static_assert(kRecordDepthMax == 64);
      return "record nested deeper than 64 levels, skipped";
    case Kind::not_object:
      return "element that is not a JSON object, skipped";
    case Kind::broken:
      return "JSON breaks off, skipped to the next line";
    default:
      return "not JSON, skipped to the next line";
  }
}

}  // namespace

struct LineReader::State {
  InputFile file;
  // Its bytes are not touched before they are read, so that a short file takes little memory.
  std::unique_ptr<char[]> buffer;
  std::size_t size = kLineBuffer;  // of the buffer, without the padding behind it
  std::size_t begin = 0;           // first byte not handed out
  std::size_t end = 0;             // one past the last byte read
  std::uint64_t offset = 0;        // of the buffer's first byte in what the file gives
  bool at_end = false;
  bool skipping = false;  // inside a line that was too long
  std::uint64_t line_number = 0;
  std::uint64_t items = 0;  // records; of lines it is line_number
  std::uint64_t long_lines = 0;
  std::uint64_t malformed = 0;
  std::uint64_t skipped = 0;
  std::unique_ptr<RecordSplitter> splitter;  // null: lines
  std::vector<Skip> skips;
  std::optional<Error> fault;
  // While suspended, and to come back.
  std::uint64_t current = 0;  // offset of what next() gave
  std::size_t current_size = 0;
  std::size_t current_used = 0;  // from its first byte to what comes next

  void take_buffer();
  void start();
  void fill();
  void skip(std::uint64_t line, const char* why);
  void fail(const std::string& what);
};

void LineReader::State::take_buffer() {
  buffer = std::make_unique_for_overwrite<char[]>(size + kRecordPadding);
}

/// Reads the first block and turns to gzip when it begins like one.
void LineReader::State::start() {
  take_buffer();
  fill();
  const bool is_gzip = end >= 2 && static_cast<unsigned char>(buffer[0]) == 0x1F &&
                       static_cast<unsigned char>(buffer[1]) == 0x8B;
  if (!is_gzip) return;
  begin = end = 0;
  if (const Status begun = file.begin_gzip(); !begun) {
    fault = begun.error();
    at_end = true;
    return;
  }
  at_end = false;
  fill();
}

/// Makes room at the front and reads a block behind what is left.
void LineReader::State::fill() {
  if (at_end) return;
  if (begin > 0) {
    std::memmove(buffer.get(), buffer.get() + begin, end - begin);
    offset += begin;
    end -= begin;
    begin = 0;
  }
  // Records are mostly short: reading more than a block at a time would touch memory for nothing.
  const std::size_t room = size - end;
  const std::size_t got =
      file.read(buffer.get() + end, splitter ? std::min(room, kReadBytes) : room);
  end += got;
  std::memset(buffer.get() + end, 0, kRecordPadding);
  at_end = got == 0;
  if (!file.fault().empty()) fail(file.fault());
}

void LineReader::State::fail(const std::string& what) {
  const std::uint64_t line = splitter ? std::max<std::uint64_t>(line_number, 1) : line_number + 1;
  if (!fault) fault = Error{file.path() + ":" + std::to_string(line), what};
}

void LineReader::State::skip(std::uint64_t line, const char* why) {
  ++skipped;
  if (skips.size() < kNamedFaultsMax) skips.push_back({line, why});
}

LineReader::LineReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineReader::LineReader(LineReader&& other) noexcept = default;
LineReader& LineReader::operator=(LineReader&& other) noexcept = default;
LineReader::~LineReader() = default;

Result<LineReader> LineReader::open(const std::string& path) {
  auto state = std::make_unique<State>();
  if (const Status opened = state->file.open(path); !opened) return opened.error();
  state->start();
  return LineReader(std::move(state));
}

void LineReader::frame(Framing framing) {
  State& s = *state_;
  assert(s.line_number == 0 && !s.splitter);
  if (framing == Framing::lines) return;
  const std::unique_ptr<char[]> head = std::move(s.buffer);
  s.size = kRecordBuffer;
  s.take_buffer();
  std::memcpy(s.buffer.get(), head.get(), s.end + kRecordPadding);
  s.splitter = std::make_unique<RecordSplitter>();
}

std::optional<std::string_view> LineReader::next() {
  State& s = *state_;
  if (s.splitter) return next_record();
  constexpr const char* kTooLong = "line longer than 64 KiB, skipped";
  static_assert(kLineBytesMax == std::size_t{64} * 1024);
  for (;;) {
    const char* from = s.buffer.get() + s.begin;
    const std::size_t have = s.end - s.begin;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', have));
    if (newline != nullptr) {
      auto size = static_cast<std::size_t>(newline - from);
      s.begin += size + 1;
      ++s.line_number;
      if (s.skipping || size > kLineBytesMax) {
        s.skipping = false;
        ++s.long_lines;
        s.skip(s.line_number, kTooLong);
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
  const char* from = s.buffer.get() + s.begin;
  s.begin = s.end;
  ++s.line_number;
  if (s.skipping) {
    s.skipping = false;
    ++s.long_lines;
    s.skip(s.line_number, kTooLong);
    return std::nullopt;
  }
  return std::string_view(from, left);
}

std::optional<std::string_view> LineReader::next_record() {
  using Kind = RecordSplitter::Kind;
  State& s = *state_;
  for (;;) {
    const char* from = s.buffer.get() + s.begin;
    // After a fault the rest is missing; what was handed out stays.
    const RecordSplitter::Piece piece = s.splitter->next({from, s.end - s.begin}, s.at_end);
    s.begin += piece.used;
    switch (piece.kind) {
      case Kind::record:
        s.line_number = piece.line;
        ++s.items;
        return std::string_view(from + piece.begin, piece.size);
      case Kind::more:
        s.fill();
        break;
      case Kind::end:
        return std::nullopt;
      case Kind::cut_off:
        if (!s.fault) {
          s.fault = Error{path() + ":" + std::to_string(piece.line),
                          "truncated: the file ends inside the JSON that begins here"};
        }
        break;
      case Kind::too_long:
        ++s.items;
        ++s.long_lines;
        s.skip(piece.line, words_of(piece.kind));
        break;
      default:
        ++s.items;
        ++s.malformed;
        s.skip(piece.line, words_of(piece.kind));
        break;
    }
  }
}

void LineReader::suspend(std::string_view current) {
  State& s = *state_;
  assert(can_suspend() && !suspended());
  assert(current.data() >= s.buffer.get() && current.data() <= s.buffer.get() + s.begin);
  const auto at = static_cast<std::size_t>(current.data() - s.buffer.get());
  s.current = s.offset + at;
  s.current_size = current.size();
  s.current_used = s.begin - at;
  s.file.close();
  s.buffer.reset();
}

std::optional<std::string_view> LineReader::resume() {
  State& s = *state_;
  assert(suspended());
  s.take_buffer();
  s.begin = s.end = 0;
  s.offset = s.current;
  s.at_end = false;
  if (const Status opened = s.file.reopen(s.current); !opened) {
    s.fault = opened.error();
    s.at_end = true;
    return std::nullopt;
  }
  while (s.end < s.current_used && !s.at_end) s.fill();
  if (s.end < s.current_used) {
    s.fail("was cut while it was read");
    return std::nullopt;
  }
  s.begin = s.current_used;
  return std::string_view(s.buffer.get(), s.current_size);
}

bool LineReader::suspended() const {
  return !state_->buffer;
}

bool LineReader::can_suspend() const {
  return state_->file.can_return();
}

std::string_view LineReader::head() {
  const State& s = *state_;
  return {s.buffer.get() + s.begin, std::min(s.end - s.begin, kSniffBytes)};
}

std::vector<LineReader::Skip> LineReader::take_skips() {
  return std::exchange(state_->skips, {});
}

const std::optional<Error>& LineReader::fault() const {
  return state_->fault;
}
const std::string& LineReader::path() const {
  return state_->file.path();
}
std::uint64_t LineReader::line_number() const {
  return state_->line_number;
}
std::uint64_t LineReader::items() const {
  return state_->splitter ? state_->items : state_->line_number;
}
std::uint64_t LineReader::long_lines() const {
  return state_->long_lines;
}
std::uint64_t LineReader::malformed() const {
  return state_->malformed;
}
std::uint64_t LineReader::skipped() const {
  return state_->skipped;
}
std::uint64_t LineReader::bytes_total() const {
  return state_->file.disk_bytes_total();
}
TimeUs LineReader::modified() const {
  return state_->file.modified();
}

std::uint64_t LineReader::bytes_consumed() const {
  const InputFile& file = state_->file;
  if (file.is_gzip()) return file.disk_bytes_read();
  if (suspended()) return state_->current;
  return file.disk_bytes_read() - (state_->end - state_->begin);
}

}  // namespace doorward
