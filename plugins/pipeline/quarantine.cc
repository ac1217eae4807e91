#include "plugins/pipeline/quarantine.h"

#include <algorithm>
#include <charconv>

namespace doorward {

std::optional<Hash128> alert_key(std::string_view event_id) {
  constexpr std::size_t kHalf = 16;
  if (event_id.size() != 2 * kHalf) return std::nullopt;
  Hash128 out;
  const auto read = [&](std::size_t at, std::uint64_t& half) {
    const char* const end = event_id.data() + at + kHalf;
    const auto [stop, error] = std::from_chars(event_id.data() + at, end, half, 16);
    return error == std::errc{} && stop == end;
  };
  if (!read(0, out.high) || !read(kHalf, out.low)) return std::nullopt;
  return out;
}

bool Quarantine::hold(const EventKeys& keys, RuleMask mask, TimeUs release, Hash128 alert) {
  if (count_ == held_.size()) return false;
  held_[(first_ + count_) % held_.size()] = {keys, mask, release, alert};
  ++count_;
  return true;
}

void Quarantine::release(TimeUs now, const RuleSet& rules, Baseline& baseline, FitCounts* fit) {
  while (count_ > 0 && held_[first_].release <= now) {
    const Held& held = held_[first_];
    rules.learn(held.keys, held.mask, baseline.epoch_of(now), baseline, fit);
    first_ = (first_ + 1) % held_.size();
    --count_;
  }
}

template <class Each>
std::size_t Quarantine::take_out(Hash128 alert, Each&& each) {
  if (alert.none()) return 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const Held& held = held_[(first_ + i) % held_.size()];
    if (held.alert == alert) {
      each(held);
    } else {
      if (kept != i) held_[(first_ + kept) % held_.size()] = held;
      ++kept;
    }
  }
  const std::size_t taken = count_ - kept;
  count_ = kept;
  return taken;
}

std::size_t Quarantine::release_now(Hash128 alert, std::int64_t epoch, const RuleSet& rules,
                                    Baseline& baseline, FitCounts* fit) {
  std::size_t events = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    events += held_[(first_ + i) % held_.size()].alert == alert ? 1 : 0;
  }
  if (events == 0) return 0;
  const std::size_t times = std::max<std::size_t>(1, (kVerdictLogons + events - 1) / events);
  return take_out(alert, [&](const Held& held) {
    for (std::size_t i = 0; i < times; ++i) {
      rules.learn(held.keys, held.mask, epoch, baseline, i == 0 ? fit : nullptr);
    }
  });
}

std::size_t Quarantine::drop(Hash128 alert) {
  return take_out(alert, [](const Held& /*held*/) {});
}

void Quarantine::save(const RuleSet& rules, StateWriter& out) const {
  out(static_cast<std::uint32_t>(count_));
  for (std::size_t i = 0; i < count_; ++i) {
    const Held& held = held_[(first_ + i) % held_.size()];
    out(held.mask, held.release, held.alert);
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
    Hash128 alert;
    EventKeys keys;
    in(mask, release, alert);
    then.load_keys(in, keys);
    mask = then.learners(mask);
    if (mask == 0) {
      ++dropped;
    } else {
      hold(keys, mask, release, alert);
    }
  }
  return dropped;
}

}  // namespace doorward
