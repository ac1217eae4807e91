#include "agent/suppression.h"

#include <algorithm>

#include "plugins/view.h"

namespace doorward {

std::uint32_t Suppression::note(const Rule& rule, const Event& event, double score) {
  // Alerts are few, so text is fine here; lengths keep lists of values apart.
  std::string text = rule.id;
  for (const View& view : rule.suppress_by) {
    const std::string value = view_text(view, event);
    text += '\n' + std::to_string(value.size()) + ':' + value;
  }
  const Hash128 key = hash_text(HashKey{}, text);
  const std::size_t set = static_cast<std::size_t>(key.low % kSuppressionSets) * kSuppressionWays;
  Entry* oldest = &entries_[set];
  for (std::size_t way = 0; way < kSuppressionWays; ++way) {
    Entry& entry = entries_[set + way];
    if (entry.key == key) {
      const bool alike =
          event.time - entry.newest <= rule.suppress_us && score < entry.score + kWorseBy;
      entry.newest = std::max(entry.newest, event.time);
      if (alike) {
        ++entry.held_back;
        return 0;
      }
      const std::uint32_t stands_for = entry.held_back + 1;
      entry.held_back = 0;
      entry.score = score;
      return stands_for;
    }
    if (entry.newest < oldest->newest) oldest = &entry;
  }
  *oldest = {key, event.time, score, 0};
  return 1;
}

}  // namespace doorward
