#include "agent/hash_key.h"

#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "proto/whole_file.h"

namespace doorward {
namespace {

constexpr std::size_t kKeyBytes = sizeof(HashKey::bytes);
constexpr std::size_t kKeyFileMax = 4096;

}  // namespace

Result<HashKey> read_key(const std::string& path) {
  const auto bytes = read_whole_file(path, kKeyFileMax, "a key", S_IRWXG | S_IRWXO);
  if (!bytes) return bytes.error();
  if (bytes.value().size() != kKeyBytes) {
    return Error{path, "expected a key of " + std::to_string(kKeyBytes) + " bytes, not " +
                           std::to_string(bytes.value().size())};
  }
  HashKey key;
  std::copy(bytes.value().begin(), bytes.value().end(), key.bytes.begin());
  return key;
}

Result<HashKey> load_or_make_key(const std::string& path) {
  const auto there = [&] {
    std::error_code failed;
    return std::filesystem::symlink_status(path, failed).type() !=
           std::filesystem::file_type::not_found;
  };
  if (there()) return read_key(path);
  if (sodium_init() < 0) return Error{path, "cannot make a key: no random numbers"};
  HashKey key;
  randombytes_buf(key.bytes.data(), key.bytes.size());
  const Status made = create_whole_file(path, key.bytes);
  if (made) return key;
  if (there()) return read_key(path);  // somebody else was first
  return made.error();
}

}  // namespace doorward
