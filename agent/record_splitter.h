// Cuts a stream of JSON into records, each one object, without building anything of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plugins/limits.h"

namespace doorward {

/// Finds where records begin and end. A record is
///  * an object at the top level (JSON lines, or objects one after the other however printed),
///  * an element of an array at the top level (`[{...}, {...}]`),
///  * an element of an array directly under the key Records, records, value or events of an object
///    at the top level, when the array's first element is an object or it has none
///    (`{"Records":[{...}]}`). Such an object is then no record itself.
/// Commas, white space, a byte order mark and record separators (RFC 7464) between them are passed
/// over.
///
/// It follows strings, escapes and brackets and checks nothing else; a JSON parser has the last
/// word on each record. What is broken costs as little as can be told:
///  * Between records, text that begins no value is skipped to the next newline; an element that is
///    no object, to its end.
///  * A record that breaks off (a newline in a string, a bracket that does not match, an object
///    where none may stand) is skipped to the first newline after its beginning, so that a line cut
///    short does not take the lines after it with it. Records are never looked for inside a broken
///    one on its own line: an inner object, which may hold what an attacker sent, must not pass for
///    a record.
///  * A record that is too long or nested too deeply is skipped to its end and costs nothing else.
///
/// Pure, in fixed memory, and linear: a byte is looked at again only after a broken record, at most
/// once for each of kRecordDepthMax levels. Copyable; a copy goes on where the first was.
class RecordSplitter {
 public:
  enum class Kind : std::uint8_t {
    record,      ///< `begin` and `size` say where it lies in the window
    more,        ///< all is looked at; call again with more bytes
    too_long,    ///< skipped: a record of more than the limit
    too_deep,    ///< skipped: a record nested deeper than kRecordDepthMax
    not_object,  ///< skipped: an element of a list of records that is no object
    broken,      ///< skipped: a record, or the list around the records, is broken off
    garbage,     ///< skipped: text that is not JSON
    cut_off,     ///< the input ends inside a record or list that begins on `line`; then comes `end`
    end,         ///< nothing more
  };

  struct Piece {
    Kind kind = Kind::end;
    std::size_t begin = 0;
    std::size_t size = 0;
    std::size_t used = 0;    ///< bytes at the window's front that the next window must leave out
    std::uint64_t line = 0;  ///< on which the record, or what was skipped, begins; from 1
  };

  explicit RecordSplitter(std::size_t record_bytes_max = kRecordBytesMax)
      : record_bytes_max_(record_bytes_max) {}

  /// The next piece. `window` begins where the last one did plus what was `used`, and must be
  /// longer than then after `more`, unless `at_end`: no bytes follow it. Never wants a window of
  /// more than record_bytes_max + 1 bytes.
  Piece next(std::string_view window, bool at_end);

 private:
  enum class Place : std::uint8_t {
    top,      // between objects
    list,     // between the elements of an array of records
    record,   // in an object: a record, or at the top level perhaps what holds them
    wrapper,  // in an object that held records, behind their array
    value,    // in an element that is no object
    garbage,  // skipping to a newline
  };
  enum class Walk : std::uint8_t { more, closed, broken, list };

  // Each goes on at at_ and gives true when `piece` is found or the window is at its end.
  bool between(std::string_view window, Piece& piece);
  bool in_record(std::string_view window, Piece& piece);
  bool in_wrapper(std::string_view window, Piece& piece);
  bool in_value(std::string_view window, Piece& piece);
  bool in_garbage(std::string_view window, Piece& piece);
  bool past_byte_order_mark(std::string_view window, bool at_end);

  Walk walk(std::string_view window, bool find_lists);
  bool walk_string(const char*& at, const char* end);
  bool open(char bracket, char last);
  bool close(char bracket);
  void begin_walk(Place place);
  void open_list(bool wrapped);
  void skip_line();
  bool break_off(Piece& piece);
  bool say(Piece& piece, Kind kind, std::uint64_t line, std::size_t used);
  bool say_more(Piece& piece);
  Piece at_end_of_input(std::size_t size);

  static constexpr std::size_t kNowhere = SIZE_MAX;

  std::size_t record_bytes_max_;
  std::size_t at_ = 0;       // offset in the window at which to go on
  std::size_t first_ = 0;    // offset of the first byte of the record
  std::uint64_t line_ = 1;   // of the byte at at_
  std::uint64_t begun_ = 1;  // on which the record, value or garbage begins
  std::uint64_t list_ = 1;   // on which the list, or what holds it, begins
  Place place_ = Place::top;
  Place outer_ = Place::top;  // what a record, value or garbage lies in: top or list
  bool started_ = false;      // past a byte order mark
  bool wrapped_ = false;      // the list lies in an object
  bool comma_ = true;         // the list's next element may come
  bool line_passed_ = false;  // a newline since the list's last element
  bool too_long_ = false;     // the record's first bytes are gone

  // Of what is walked through.
  std::size_t newline_ = kNowhere;  // offset of the record's first newline
  std::uint64_t objects_ = 0;       // bit n: level n is an object, not an array
  std::size_t depth_ = 0;
  std::size_t key_size_ = 0;
  std::array<char, 8> key_{};  // the key of level 0 that was read last
  char last_ = 0;  // the last token: one of {}[],: or 's' for a string, 'x' for the rest
  bool in_string_ = false;
  bool escaped_ = false;
  bool in_key_ = false;      // in_string_, of a key of level 0
  bool list_opens_ = false;  // right behind the '[' of a key that names lists
  bool too_deep_ = false;
};

}  // namespace doorward
