#include "plugins/pipeline/quarantine.h"

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

void Quarantine::save(const RuleSet& rules, StateWriter& out) const {
  out(static_cast<std::uint32_t>(count_));
  for (std::size_t i = 0; i < count_; ++i) {
    const Held& held = held_[(first_ + i) % held_.size()];
    out(held.mask, held.release);
    SavedRules::save_keys(held.keys, rules, out);
  }
}

std::uint64_t Quarantine::load(StateReader& in, const SavedRules& then) {
  std::uint32_t count = 0;
  std::uint64_t dropped = 0;
  in(count);
  if (count > held_.size()) in.fail();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    RuleMask mask = 0;
    TimeUs release = kNoTime;
    EventKeys keys;
    in(mask, release);
    then.load_keys(in, keys);
    mask = then.learners(mask);
    if (mask == 0) {
      ++dropped;
    } else {
      hold(keys, mask, release);
    }
  }
  return dropped;
}

}  // namespace doorward
