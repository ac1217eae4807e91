// Reading TOML with a place for every mistake: typed look-ups that note "file:line: key: what was
// expected" instead of stopping, and that report keys nobody asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sketch/result.h"

namespace doorward {

class SetFiles;

/// One TOML table. Copies share the underlying document. Mistakes go to the list given at open().
class Params {
 public:
  /// Parses a document. A syntax error is an Error whose `where` is file:line. `mistakes` must
  /// outlive every Params of the document. `set_files`: what conditions of the document may refer
  /// to as "@file"; null: they may not.
  static Result<Params> open(std::string_view toml, const std::string& file,
                             std::vector<Error>* mistakes, SetFiles* set_files = nullptr);

  [[nodiscard]] bool has(std::string_view key) const;

  /// The value under a key, or the fallback when there is none. A value of another type, or outside
  /// [least, most], is a mistake and gives the fallback.
  std::string text(std::string_view key, std::string_view fallback = {});
  double number(std::string_view key, double fallback, double least, double most);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                       std::int64_t most);
  bool boolean(std::string_view key, bool fallback);
  /// Like text(), but a missing or empty value is a mistake.
  std::string text_required(std::string_view key);

  /// A string or an array of strings; empty when there is none.
  std::vector<std::string> texts(std::string_view key);

  /// A sub-table; nullopt when there is none.
  std::optional<Params> table(std::string_view key);
  /// An array of tables; empty when there is none.
  std::vector<Params> tables(std::string_view key);

  /// The keys of this table itself, in the document's order of lines. They count as asked for.
  std::vector<std::string> keys();
  /// All keys, in the document's order of lines; dotted keys of sub-tables are joined, so
  /// `event.outcome = "x"` gives "event.outcome". Only leaf values (scalars and arrays).
  std::vector<std::string> leaf_keys();
  /// A leaf by its joined key, as text whatever its scalar type (dates and date-times
  /// in RFC 3339 form).
  std::string leaf_text(std::string_view joined_key);
  std::vector<std::string> leaf_texts(std::string_view joined_key);

  /// Notes a mistake at a key's line (the table's own line when there is no such key).
  void mistake(std::string_view key, std::string_view what);
  /// Notes as a mistake every key that no look-up asked for. Call last.
  void refuse_unknown();

  /// "file:line" of this table.
  [[nodiscard]] std::string where() const;
  /// The file's name, as given at open().
  [[nodiscard]] const std::string& file() const;
  [[nodiscard]] SetFiles* set_files() const;

 private:
  struct Impl;
  explicit Params(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace doorward
