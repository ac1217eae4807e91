#include "agent/quarantine.h"

namespace doorward {

bool Quarantine::hold(const EventKeys& keys, RuleMask mask, TimeUs release) {
  if (count_ == held_.size()) return false;
  held_[(first_ + count_) % held_.size()] = {keys, mask, release};
  ++count_;
  return true;
}

void Quarantine::release(TimeUs now, const RuleSet& rules, Baseline& baseline) {
  while (count_ > 0 && held_[first_].release <= now) {
    const Held& held = held_[first_];
    rules.learn(held.keys, held.mask, baseline.epoch_of(now), baseline);
    first_ = (first_ + 1) % held_.size();
    --count_;
  }
}

}  // namespace doorward
