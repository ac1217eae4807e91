#include "plugins/sources/auditd/names.h"

#include <cstring>

namespace doorward::auditd {

std::size_t UidNames::row_of(std::uint64_t host, std::uint32_t uid) {
  return static_cast<std::size_t>((host ^ uid) * 0x9E3779B97F4A7C15 >> 54) % kRows;
}

void UidNames::learn(std::uint64_t host, std::uint32_t uid, std::string_view name) {
  if (uid == kNoUid || name.empty() || name.size() > kNameBytesMax) return;
  Row& row = rows_[row_of(host, uid)];
  row.host = host;
  row.uid = uid;
  row.size = static_cast<std::uint32_t>(name.size());
  std::memcpy(row.name.data(), name.data(), name.size());
}

std::string_view UidNames::find(std::uint64_t host, std::uint32_t uid) const {
  if (uid == kNoUid) return {};
  const Row& row = rows_[row_of(host, uid)];
  if (row.uid == uid && row.host == host && row.size != 0) return {row.name.data(), row.size};
  return uid == 0 ? std::string_view("root") : std::string_view();
}

}  // namespace doorward::auditd
