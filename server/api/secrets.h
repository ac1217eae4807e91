// Bearer tokens of the API: "dwa_NAME_SECRET".
#pragma once

#include <string>
#include <string_view>

#include "sketch/result.h"

namespace doorward {

/// A fresh token: 192 random bits, base64url.
std::string make_api_secret(std::string_view name);

/// The name in a token; empty when it is none.
std::string_view api_token_name(std::string_view token);

/// argon2id of a token (crypto_pwhash_str). The secret is random, so that the digest need not be
/// slow to hold: two passes over 19 MiB, what OWASP asks of passwords, about 20 ms. Not for a
/// thread that others wait for. Errors: no memory.
Result<std::string> api_token_digest(const std::string& token);
bool api_token_matches(const std::string& token, const std::string& digest);

/// BLAKE2b-256 of a token, under which a verified one is remembered.
std::string api_token_short_digest(std::string_view token);

}  // namespace doorward
