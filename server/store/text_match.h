// How texts of a query match. Only for server/store.
#pragma once

#include <string>
#include <string_view>

#include "server/store/sqlite.h"

namespace doorward {

/// True when all of `text` matches `pattern`: `*` stands for any characters, `?` for one (of UTF-8;
/// a byte where it is none). Works in the product of both lengths at worst.
bool text_glob(std::string_view pattern, std::string_view text);

/// True when `part` is somewhere in `text`; letters A to Z are as good small as large.
bool text_within(std::string_view part, std::string_view text);

/// The first text, byte for byte, after all that begin with `prefix`; empty when there is none.
std::string after_prefix(std::string_view prefix);

/// Makes the first two known to SQL, under their names.
Status add_text_functions(SqliteDb& db);

}  // namespace doorward
