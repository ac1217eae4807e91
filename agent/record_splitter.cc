#include "agent/record_splitter.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace doorward {
namespace {

constexpr std::array<std::string_view, 4> kListKeys = {"Records", "records", "value", "events"};

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr char kRecordSeparator = 0x1E;

enum class Token : std::uint8_t { other, space, newline, quote, open, close, between };

constexpr std::array<Token, 256> kTokens = [] {
  std::array<Token, 256> tokens{};
  tokens[' '] = tokens['\t'] = tokens['\r'] = Token::space;
  tokens['\n'] = Token::newline;
  tokens['"'] = Token::quote;
  tokens['{'] = tokens['['] = Token::open;
  tokens['}'] = tokens[']'] = Token::close;
  tokens[','] = tokens[':'] = Token::between;
  return tokens;
}();

Token token(char byte) {
  return kTokens[static_cast<unsigned char>(byte)];
}

bool begins_value(char byte) {
  return byte == '"' || byte == '[' || byte == '-' || (byte >= '0' && byte <= '9') || byte == 't' ||
         byte == 'f' || byte == 'n';
}

/// The first quote, backslash or newline from `at` on, eight bytes at a time.
const char* string_end(const char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHighs = 0x8080808080808080ULL;
  const auto zeros = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  static_assert(std::endian::native == std::endian::little);
  while (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    // The lowest bit that is set is right; those above it may be carries.
    const std::uint64_t found =
        zeros(word ^ (kOnes * '"')) | zeros(word ^ (kOnes * '\\')) | zeros(word ^ (kOnes * '\n'));
    if (found != 0) return at + std::countr_zero(found) / 8;
    at += 8;
  }
  while (at != end && *at != '"' && *at != '\\' && *at != '\n') ++at;
  return at;
}

}  // namespace

RecordSplitter::Piece RecordSplitter::next(std::string_view window, bool at_end) {
  assert(at_ <= window.size());
  Piece piece;
  if (!past_byte_order_mark(window, at_end)) return {.kind = Kind::more};
  for (bool found = false; !found;) {
    switch (place_) {
      case Place::top:
      case Place::list:
        found = between(window, piece);
        break;
      case Place::record:
        found = in_record(window, piece);
        break;
      case Place::wrapper:
        found = in_wrapper(window, piece);
        break;
      case Place::value:
        found = in_value(window, piece);
        break;
      case Place::garbage:
        found = in_garbage(window, piece);
        break;
    }
  }
  return piece.kind == Kind::more && at_end ? at_end_of_input(window.size()) : piece;
}

bool RecordSplitter::past_byte_order_mark(std::string_view window, bool at_end) {
  if (started_) return true;
  if (window.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(window) && !at_end) {
    return false;
  }
  started_ = true;
  if (window.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  return true;
}

/// Gives a piece and makes all offsets those of the next window.
bool RecordSplitter::say(Piece& piece, Kind kind, std::uint64_t line, std::size_t used) {
  assert(used <= at_);
  piece.kind = kind;
  piece.line = line;
  piece.used = used;
  at_ -= used;
  first_ -= std::min(first_, used);
  if (newline_ != kNowhere) newline_ = newline_ < used ? kNowhere : newline_ - used;
  return true;
}

bool RecordSplitter::say_more(Piece& piece) {
  bool keep = place_ == Place::record && !too_long_;
  if (keep && at_ - first_ > record_bytes_max_) {
    too_long_ = true;
    newline_ = kNowhere;
    keep = false;
  }
  return say(piece, Kind::more, 0, keep ? first_ : at_);
}

/// After `more` at the very end. What was open is told once.
RecordSplitter::Piece RecordSplitter::at_end_of_input(std::size_t size) {
  if (place_ == Place::garbage) place_ = outer_;
  const bool open = place_ != Place::top;
  const std::uint64_t line = place_ == Place::record ? begun_ : list_;
  place_ = Place::top;
  at_ = 0;
  return {.kind = open ? Kind::cut_off : Kind::end, .used = size, .line = open ? line : 0};
}

bool RecordSplitter::between(std::string_view window, Piece& piece) {
  const bool in_list = place_ == Place::list;
  for (; at_ < window.size(); ++at_) {
    const char byte = window[at_];
    if (byte == '\n') {
      ++line_;
      line_passed_ = true;
      continue;
    }
    if (byte == ',') {
      comma_ = true;
      line_passed_ = false;
      continue;
    }
    if (token(byte) == Token::space || byte == kRecordSeparator) continue;
    if (in_list && byte == ']') {
      ++at_;
      place_ = Place::top;
      if (wrapped_) {
        begin_walk(Place::wrapper);
        open('{', 0);
        last_ = ']';
      }
      return false;
    }
    if (token(byte) == Token::open && in_list && !comma_ && line_passed_) {
      // The list broke off at the end of a line, and this is the next one.
      place_ = Place::top;
      return say(piece, Kind::broken, list_, at_);
    }
    outer_ = place_;
    begun_ = line_;
    if (byte == '{') {
      first_ = at_;
      if (!in_list) list_ = line_;
      begin_walk(Place::record);
      return false;
    }
    if (byte == '[' && !in_list) {
      ++at_;
      list_ = line_;
      open_list(false);
      return false;
    }
    if (in_list && begins_value(byte)) {
      begin_walk(Place::value);
      return say(piece, Kind::not_object, line_, at_);
    }
    skip_line();
    return say(piece, Kind::garbage, line_, at_);
  }
  return say_more(piece);
}

bool RecordSplitter::in_record(std::string_view window, Piece& piece) {
  switch (walk(window, outer_ == Place::top)) {
    case Walk::more:
      return say_more(piece);
    case Walk::list:
      open_list(true);
      return false;
    case Walk::broken:
      return break_off(piece);
    case Walk::closed:
      break;
  }
  place_ = outer_;
  comma_ = line_passed_ = false;
  if (too_long_ || at_ - first_ > record_bytes_max_) {
    return say(piece, Kind::too_long, begun_, at_);
  }
  if (too_deep_) return say(piece, Kind::too_deep, begun_, at_);
  piece.begin = first_;
  piece.size = at_ - first_;
  return say(piece, Kind::record, begun_, at_);
}

bool RecordSplitter::in_wrapper(std::string_view window, Piece& piece) {
  switch (walk(window, true)) {
    case Walk::more:
      return say_more(piece);
    case Walk::list:
      open_list(true);
      return false;
    case Walk::broken:
      outer_ = Place::top;
      skip_line();
      return say(piece, Kind::broken, list_, at_);
    case Walk::closed:
      place_ = Place::top;
      return false;
  }
  return false;
}

bool RecordSplitter::in_value(std::string_view window, Piece& piece) {
  switch (walk(window, false)) {
    case Walk::more:
      return say_more(piece);
    case Walk::broken:
      // Told of already, as what is no object.
      skip_line();
      return false;
    default:
      place_ = Place::list;
      comma_ = line_passed_ = false;
      return false;
  }
}

bool RecordSplitter::in_garbage(std::string_view window, Piece& piece) {
  const std::size_t newline = window.find('\n', at_);
  if (newline == std::string_view::npos) {
    at_ = window.size();
    return say_more(piece);
  }
  at_ = newline + 1;
  ++line_;
  place_ = outer_;
  comma_ = true;
  return false;
}

/// Skips the rest of the line. A list that begins on the same line as what is broken in it is over
/// as well; one that spans lines goes on.
void RecordSplitter::skip_line() {
  if (outer_ == Place::list && list_ == begun_) outer_ = Place::top;
  place_ = Place::garbage;
}

/// The record cannot be what it seems: goes on behind its first newline, if that is at hand.
bool RecordSplitter::break_off(Piece& piece) {
  const std::uint64_t line = begun_;
  skip_line();
  // From too deep there is no way back: a line could be walked through once a level.
  const bool at_hand = !too_long_ && at_ - first_ <= record_bytes_max_;
  if (newline_ != kNowhere && at_hand && !too_deep_) {
    at_ = newline_;
    line_ = begun_;
  }
  return say(piece, Kind::broken, line, at_);
}

void RecordSplitter::open_list(bool wrapped) {
  place_ = Place::list;
  wrapped_ = wrapped;
  comma_ = true;
  line_passed_ = false;
}

void RecordSplitter::begin_walk(Place place) {
  place_ = place;
  newline_ = kNowhere;
  objects_ = 0;
  depth_ = key_size_ = 0;
  last_ = 0;
  in_string_ = escaped_ = in_key_ = list_opens_ = too_deep_ = too_long_ = false;
}

/// Follows a value to its end. `find_lists`: stops at an array of records one level down, at its
/// first element or its end.
RecordSplitter::Walk RecordSplitter::walk(std::string_view window, bool find_lists) {
  const char* const begin = window.data();
  const char* const end = begin + window.size();
  const char* at = begin + at_;
  char last = last_;  // not a member in the loop: the bytes could be its own, to a compiler
  const auto stop = [&](const char* where, Walk how) {
    at_ = static_cast<std::size_t>(where - begin);
    last_ = last;
    return how;
  };
  while (at != end) {
    if (in_string_) {
      if (!walk_string(at, end)) return stop(at, Walk::broken);
      if (!in_string_) last = 's';
      if (depth_ == 0 && !in_string_) return stop(at, Walk::closed);
      continue;
    }
    const char byte = *at;
    const Token kind = token(byte);
    // A number or a name ends where anything else begins.
    if (depth_ == 0 && last != 0 && kind != Token::other) return stop(at, Walk::closed);
    switch (kind) {
      case Token::space:
        break;
      case Token::newline:
        if (newline_ == kNowhere) newline_ = static_cast<std::size_t>(at - begin);
        ++line_;
        break;
      case Token::quote:
        list_opens_ = false;
        in_key_ = find_lists && depth_ == 1 && (objects_ & 1U) != 0 && (last == '{' || last == ',');
        if (!in_key_ && depth_ > 0) {
          // Most strings: whole, and of no interest.
          const char* const quote = string_end(at + 1, end);
          if (quote != end && *quote == '"') {
            last = 's';
            at = quote;
            break;
          }
        }
        key_size_ = in_key_ ? 0 : key_size_;
        in_string_ = true;
        break;
      case Token::open:
        if (byte == '{' && list_opens_) return stop(at, Walk::list);
        if (!open(byte, last)) return stop(at, Walk::broken);
        list_opens_ = list_opens_ && find_lists;
        last = byte;
        break;
      case Token::close:
        if (list_opens_) return stop(at, byte == ']' ? Walk::list : Walk::broken);
        if (!close(byte)) return stop(at, Walk::broken);
        last = byte;
        if (depth_ == 0) return stop(at + 1, Walk::closed);
        break;
      case Token::between:
        last = byte;
        list_opens_ = false;
        break;
      case Token::other:
        last = 'x';
        list_opens_ = false;
        while (at + 1 != end && token(at[1]) == Token::other) ++at;
        break;
    }
    ++at;
  }
  return stop(at, Walk::more);
}

/// Follows a string to its end or the window's; false at a newline, which no string may hold.
bool RecordSplitter::walk_string(const char*& at, const char* end) {
  if (escaped_) {
    if (*at == '\n') return false;
    escaped_ = false;
    ++at;
    return true;
  }
  const char* const stop = string_end(at, end);
  if (in_key_) {
    const auto size = static_cast<std::size_t>(stop - at);
    const std::size_t kept = std::min(size, key_.size() - key_size_);
    std::copy_n(at, kept, key_.data() + key_size_);
    key_size_ += kept;
  }
  at = stop;
  if (at == end) return true;
  if (*at == '\n') return false;
  if (*at == '\\') {
    escaped_ = true;
    key_size_ = key_.size();  // longer than any key of a list
  } else {
    in_string_ = in_key_ = false;
  }
  ++at;
  return true;
}

bool RecordSplitter::open(char bracket, char last) {
  if (depth_ > 0 && depth_ <= kRecordDepthMax) {
    const bool in_object = (objects_ >> (depth_ - 1) & 1U) != 0;
    const bool fits = in_object ? last == ':' : last == ',' || last == '[';
    if (!fits) return false;
  }
  const std::string_view key(key_.data(), key_size_);
  list_opens_ = bracket == '[' && depth_ == 1 && last == ':' &&
                std::find(kListKeys.begin(), kListKeys.end(), key) != kListKeys.end();
  if (depth_ < kRecordDepthMax) {
    const std::uint64_t level = std::uint64_t{1} << depth_;
    objects_ = bracket == '{' ? objects_ | level : objects_ & ~level;
  } else {
    too_deep_ = true;
  }
  ++depth_;
  return true;
}

bool RecordSplitter::close(char bracket) {
  assert(depth_ > 0);
  if (depth_ <= kRecordDepthMax) {
    const bool object = (objects_ >> (depth_ - 1) & 1U) != 0;
    if (object != (bracket == '}')) return false;
  }
  --depth_;
  return true;
}

}  // namespace doorward
