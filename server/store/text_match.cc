#include "server/store/text_match.h"

#include <algorithm>

#include "plugins/glob.h"

namespace doorward {
namespace {

char small(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view text_value(sqlite3_value* value) {
  const void* data = sqlite3_value_blob(value);
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

template <bool (*kMatch)(std::string_view, std::string_view)>
void call(sqlite3_context* context, int /*n*/, sqlite3_value** values) {
  sqlite3_result_int(context, kMatch(text_value(values[0]), text_value(values[1])) ? 1 : 0);
}

}  // namespace

bool text_glob(std::string_view pattern, std::string_view text) {
  return glob_match(pattern, text, QuestionMark::one_character);
}

bool text_within(std::string_view part, std::string_view text) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return small(a) == small(b); }) != text.end() ||
         part.empty();
}

std::string after_prefix(std::string_view prefix) {
  std::string out(prefix);
  while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xFFU) out.pop_back();
  if (!out.empty()) out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
  return out;
}

Status add_text_functions(SqliteDb& db) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  const int glob = sqlite3_create_function_v2(db.get(), "text_glob", 2, kFlags, nullptr,
                                              call<text_glob>, nullptr, nullptr, nullptr);
  const int within = sqlite3_create_function_v2(db.get(), "text_within", 2, kFlags, nullptr,
                                                call<text_within>, nullptr, nullptr, nullptr);
  if (glob != SQLITE_OK || within != SQLITE_OK) return sqlite_error(db.get(), "cannot open");
  return {};
}

}  // namespace doorward
