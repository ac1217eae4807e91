// Any bytes through the splitter of JSON records: the same records however the bytes come, each a
// part of what went in and in order, and an end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/record_splitter.h"

namespace {

using doorward::RecordSplitter;
using Kind = RecordSplitter::Kind;

constexpr std::size_t kLimit = 200;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Piece {
  Kind kind;
  std::size_t begin;  // of a record, in the input
  std::size_t size;
  std::uint64_t line;
  friend bool operator==(const Piece&, const Piece&) = default;
};

std::vector<Piece> split(std::string_view text, std::size_t step) {
  RecordSplitter splitter(kLimit);
  std::vector<Piece> out;
  std::size_t begin = 0;
  std::size_t end = std::min(step, text.size());
  for (std::size_t calls = 0;; ++calls) {
    require(calls <= 4 * text.size() + 10);
    const bool at_end = end == text.size();
    // A buffer of its own, so that a read past its end is seen.
    const std::vector<char> window(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                   text.begin() + static_cast<std::ptrdiff_t>(end));
    const RecordSplitter::Piece piece = splitter.next({window.data(), window.size()}, at_end);
    require(piece.used <= window.size());
    if (piece.kind == Kind::record) {
      require(piece.begin + piece.size <= piece.used && piece.size <= kLimit);
      require(window[piece.begin] == '{' && window[piece.begin + piece.size - 1] == '}');
    }
    if (piece.kind != Kind::more && piece.kind != Kind::end) {
      const bool record = piece.kind == Kind::record;
      out.push_back({piece.kind, record ? begin + piece.begin : 0, piece.size, piece.line});
    }
    begin += piece.used;
    if (piece.kind == Kind::end) {
      require(begin == text.size());
      return out;
    }
    if (piece.kind == Kind::more) {
      require(!at_end && end - begin <= kLimit);
      end = std::min(text.size(), end + step);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<Piece> whole = split(text, text.size() + 1);
  require(split(text, 1) == whole);
  require(split(text, std::size_t{data[0]} + 1) == whole);
  std::size_t last = 0;
  for (const Piece& piece : whole) {
    if (piece.kind != Kind::record) continue;
    require(piece.begin >= last);
    last = piece.begin + piece.size;
    const std::string_view before = text.substr(0, piece.begin);
    require(piece.line ==
            1 + static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n')));
  }
  return 0;
}
