#include "plugins/sources/authlog/recent.h"

#include <cstring>

namespace doorward::authlog {

void RecentMessages::remember(const Record& record) {
  const std::uint64_t process = process_of(record);
  std::size_t at = 0;
  while (at < kProcesses && (processes_[at] != process || slots_[at].record.host != record.host)) {
    ++at;
  }
  if (at == kProcesses) {
    at = next_;
    next_ = (next_ + 1) % kProcesses;
  }
  newest_ = at;
  Slot& slot = slots_[at];
  processes_[at] = process;
  slot.record = record;
  if (record.line.size() > kBytesMax) {
    slot.record.line = slot.record.host = slot.record.tag = slot.record.message = {};
    return;
  }
  std::memcpy(slot.text.data(), record.line.data(), record.line.size());
  const auto moved = [&](std::string_view part) {
    if (part.empty()) return std::string_view{};
    return std::string_view(slot.text.data() + (part.data() - record.line.data()), part.size());
  };
  slot.record.line = moved(record.line);
  slot.record.host = moved(record.host);
  slot.record.tag = moved(record.tag);
  slot.record.message = moved(record.message);
}

const Record* RecentMessages::find(const Record& notice) const {
  const auto fits = [&](const Record& record) {
    return !record.line.empty() && (notice.host.empty() || notice.host == record.host);
  };
  if (notice.tag.empty()) {
    if (newest_ == kProcesses || !fits(slots_[newest_].record)) return nullptr;
    return &slots_[newest_].record;
  }
  for (std::size_t back = 1; back <= kProcesses; ++back) {
    const std::size_t at = (next_ + kProcesses - back) % kProcesses;
    if (processes_[at] == process_of(notice) && fits(slots_[at].record)) return &slots_[at].record;
  }
  return nullptr;
}

}  // namespace doorward::authlog
