// The values that a condition allows, as rules and exceptions write them:
//
//   "alice"               that value, byte for byte
//   "svc-*"               a glob: `*` stands for any bytes
//   "10.0.0.0/8", "::1"   for source.ip: a prefix, or an address in any spelling
//   ""                    the event does not have the field
//   "=*odd*"              what follows the sign, byte for byte, whatever it looks like
//   "@vpn-ranges.txt"     every value of a file (plugins/set_files.h)
//   "!value"              not that; before any of the above: "!" is "the field is there"
//
// Of a list, any value without a sign must match and none of those with `!` may.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/ip_ranges.h"
#include "sketch/result.h"

namespace doorward {

class SetFiles;

/// True when `text` matches `pattern`, in which `*` stands for any bytes. Linear in the text for a
/// single star, at most text x pattern otherwise.
bool glob_match(std::string_view pattern, std::string_view text);

/// What values are held against: the text of a field, or source.ip.
enum class ValueKind : std::uint8_t { text, address };

/// Values without signs and files. Exact values are hashed, prefixes sorted, globs tried one by
/// one. At most kSetValuesMax values and kSetGlobsMax globs. Copies are independent.
class ValueList {
 public:
  explicit ValueList(ValueKind kind) : kind_(kind) {}

  /// Adds one value as written, before seal(). Errors, without a place: too many or too long, or no
  /// address, prefix or glob where an address is asked for.
  Status add(std::string_view value);
  /// Once, after the last add() and before any question.
  void seal();

  /// Neither allocates. A text list knows texts, an address list addresses; an address of no family
  /// is the empty text.
  [[nodiscard]] bool matches(std::string_view text) const;
  [[nodiscard]] bool matches(const IpAddress& ip) const;

  [[nodiscard]] ValueKind kind() const { return kind_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const std::string> exact() const { return exact_; }
  [[nodiscard]] std::span<const std::string> globs() const { return globs_; }
  [[nodiscard]] const IpRanges& ranges() const { return ranges_; }

 private:
  [[nodiscard]] bool has_exact(std::string_view text) const;

  ValueKind kind_;
  std::size_t size_ = 0;              // values added
  std::vector<std::string> exact_;    // texts; of addresses only the empty one
  std::vector<std::uint32_t> place_;  // open addressing into exact_, when it is long
  std::vector<std::string> globs_;
  IpRanges ranges_;
};

/// The values of a set file, replaced when the file changes.
struct SetFile {
  std::string path;
  ValueList values;
};

/// One condition's values. Copies share the set files.
class ValueSet {
 public:
  /// Reads values as written. `files` may be null: set files are then a mistake. Calls `mistake`
  /// for each value that cannot be; the others still count.
  static ValueSet read(std::span<const std::string> values, ValueKind kind, SetFiles* files,
                       const std::string& named_in,
                       const std::function<void(const std::string&)>& mistake);

  /// Neither allocates.
  [[nodiscard]] bool matches(std::string_view text) const { return holds(text); }
  [[nodiscard]] bool matches(const IpAddress& ip) const { return holds(ip); }

  /// Everything that `other`, of the same kind, matches is matched here, by what can be seen from
  /// the values: equal, inside a prefix, inside a glob. False when in doubt.
  [[nodiscard]] bool covers(const ValueSet& other) const;

  /// Matches any value, by "*" or all of IPv4 or IPv6 (and maybe shuts some out with `!`).
  [[nodiscard]] bool matches_anything() const;
  /// Whether texts alone decide, compared byte by byte: no glob, no file, no address. If so,
  /// appends all texts that are named; any other matches as every other does.
  [[nodiscard]] bool is_exact(std::vector<std::string_view>& named) const;
  /// Matches more than single values and small networks: only `!` values, a glob, or a prefix of at
  /// most 16 bits of IPv4 or 32 of IPv6.
  [[nodiscard]] bool is_broad() const;

 private:
  struct Side {
    explicit Side(ValueKind kind) : own(kind) {}
    ValueList own;
    std::vector<std::shared_ptr<const SetFile>> files;
    template <class Value>
    [[nodiscard]] bool matches(const Value& value) const;
    [[nodiscard]] bool covers(const Side& other) const;
    [[nodiscard]] bool covers(const ValueList& other) const;
    template <class Test>
    [[nodiscard]] bool any_list(Test test) const;
  };
  explicit ValueSet(ValueKind kind) : any_of_(kind), none_of_(kind) {}
  template <class Value>
  [[nodiscard]] bool holds(const Value& value) const {
    return (!has_any_ || any_of_.matches(value)) && (!has_none_ || !none_of_.matches(value));
  }

  Side any_of_;
  Side none_of_;
  bool has_any_ = false;   // there are values without a sign
  bool has_none_ = false;  // there are values with one
};

}  // namespace doorward
