#include "sketch/hash.h"

#include <sodium.h>

#include <bit>
#include <cstring>

namespace doorward {
namespace {

static_assert(crypto_shorthash_siphashx24_BYTES == 16);
static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(HashKey::bytes));
static_assert(
    std::endian::native == std::endian::little,
    "hashes are read as little-endian words, and the sketches are stored as they lie in memory");

// Domain of key_name(): changing it makes every stored baseline a stranger.
constexpr std::string_view kKeyNameDomain = "doorward key name";

}  // namespace

Hash128 hash_text(const HashKey& key, std::string_view text) {
  std::array<std::uint64_t, 2> words;
  crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(words.data()),
                              reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                              key.bytes.data());
  Hash128 hash{words[0], words[1]};
  if (hash.none()) hash.low = 1;  // {0, 0} means "no value"
  return hash;
}

std::uint64_t key_name(const HashKey& key) {
  std::array<unsigned char, crypto_generichash_BYTES_MIN> digest;
  crypto_generichash(digest.data(), digest.size(),
                     reinterpret_cast<const unsigned char*>(kKeyNameDomain.data()),
                     kKeyNameDomain.size(), key.bytes.data(), key.bytes.size());
  std::uint64_t name = 0;
  std::memcpy(&name, digest.data(), sizeof(name));
  return name;
}

}  // namespace doorward
