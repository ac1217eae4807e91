#include "agent/follow/log_position.h"

#include "sketch/hash.h"

namespace doorward {

std::uint64_t hash_of_bytes(std::string_view bytes) {
  return hash_text(HashKey{}, bytes).low;
}

Fingerprint Fingerprint::of(std::string_view head) {
  head = head.substr(0, kFingerprintBytes);
  Fingerprint print;
  print.bytes = static_cast<std::uint32_t>(head.size());
  print.hash = hash_of_bytes(head);
  for (std::size_t i = 0; i < kShort.size(); ++i) {
    if (head.size() >= kShort[i]) print.short_hash[i] = hash_of_bytes(head.substr(0, kShort[i]));
  }
  return print;
}

Fingerprint::Match Fingerprint::match(std::string_view head) const {
  if (bytes == 0) return Match::no;
  if (head.size() >= bytes) {
    return hash_of_bytes(head.substr(0, bytes)) == hash ? Match::whole : Match::no;
  }
  for (std::size_t i = kShort.size(); i-- > 0;) {
    if (head.size() >= kShort[i] && bytes >= kShort[i]) {
      const bool same = hash_of_bytes(head.substr(0, kShort[i])) == short_hash[i];
      return same ? Match::part : Match::no;
    }
  }
  return Match::no;
}

}  // namespace doorward
