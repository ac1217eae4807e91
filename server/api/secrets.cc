#include "server/api/secrets.h"

#include <sodium.h>

#include <array>

#include "server/manage/managed.h"

namespace doorward {
namespace {

constexpr std::string_view kPrefix = "dwa_";
constexpr std::size_t kSecretBytes = 24;
constexpr std::size_t kSecretText = 32;  // base64url of it
constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemory = std::size_t{19} << 20;

}  // namespace

std::string make_api_secret(std::string_view name) {
  std::array<unsigned char, kSecretBytes> secret{};
  randombytes_buf(secret.data(), secret.size());
  std::array<char, kSecretText + 1> text{};
  sodium_bin2base64(text.data(), text.size(), secret.data(), secret.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  sodium_memzero(secret.data(), secret.size());
  return std::string(kPrefix) + std::string(name) + "_" + text.data();
}

std::string_view api_token_name(std::string_view token) {
  if (!token.starts_with(kPrefix)) return {};
  token.remove_prefix(kPrefix.size());
  const std::size_t end = token.find('_');  // names have none
  if (end == std::string_view::npos || token.size() - end - 1 != kSecretText) return {};
  const std::string_view name = token.substr(0, end);
  return good_name(name, false) ? name : std::string_view();
}

Result<std::string> api_token_digest(const std::string& token) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str(out.data(), token.data(), token.size(), kPasses, kMemory) != 0) {
    return Error{"", "no memory to hash a secret"};
  }
  return std::string(out.data());
}

bool api_token_matches(const std::string& token, const std::string& digest) {
  return digest.size() < crypto_pwhash_STRBYTES &&
         crypto_pwhash_str_verify(digest.c_str(), token.data(), token.size()) == 0;
}

std::string api_token_short_digest(std::string_view token) {
  std::array<unsigned char, 32> out{};
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size(), nullptr, 0);
  return {out.begin(), out.end()};
}

}  // namespace doorward
