#include "plugins/pipeline/alert_caps.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plugins/alert.h"
#include "sketch/hyperloglog.h"

namespace doorward {
namespace {

/// Rounded down, also before 1970.
TimeUs start_of(TimeUs time) {
  const TimeUs rest = time % kAlertPeriodUs;
  return time - rest - (rest < 0 ? kAlertPeriodUs : 0);
}

}  // namespace

void TopNames::add(std::string_view name) {
  name = name.substr(0, kTopNameBytes);
  Entry* least = entries_.data();
  for (Entry& entry : entries_) {
    if (entry.count > 0 && std::string_view(entry.name.data(), entry.size) == name) {
      ++entry.count;
      return;
    }
    if (entry.count < least->count) least = &entry;
  }
  least->inherited = least->count++;
  least->size = static_cast<std::uint8_t>(name.size());
  std::copy(name.begin(), name.end(), least->name.begin());
}

std::size_t TopNames::read(std::span<Frequent> out) const {
  std::size_t count = 0;
  for (const Entry& entry : entries_) {
    const Frequent one{{entry.name.data(), entry.size}, entry.count - entry.inherited};
    if (one.count < 2) continue;
    // Into its place among those before it; the least falls off the end.
    std::size_t at = count < out.size() ? count++ : out.size();
    for (; at > 0; --at) {
      const Frequent& before = out[at - 1];
      if (before.count != one.count ? before.count > one.count : before.name < one.name) break;
      if (at < out.size()) out[at] = before;
    }
    if (at < out.size()) out[at] = one;
  }
  return count;
}

bool TopNames::is_sound() const {
  return std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.size <= entry.name.size() && entry.inherited <= entry.count;
  });
}

AlertCaps::AlertCaps(std::size_t rules, Tell tell) : tell_(std::move(tell)), periods_(rules) {}

bool AlertCaps::admit(std::size_t at, const Rule& rule, const Event& event, double score) {
  Period& period = periods_[at];
  const TimeUs start = start_of(event.time);
  if (period.start == kNoTime || start > period.start) {
    end(period);
    period.rule = &rule;
    period.start = start;
  }
  if (period.admitted < kAlertsPerPeriodMax) {
    ++period.admitted;
    return true;
  }
  if (period.beyond++ == 0) {
    period.first = period.newest = event.time;
    period.id = summary_id(event, rule);
    next_due_ = std::min(next_due_, period.start + kAlertPeriodUs);
  }
  period.first = std::min(period.first, event.time);
  period.newest = std::max(period.newest, event.time);
  period.score = std::max(period.score, score);
  std::array<char, IpAddress::kTextMax> room;
  const std::string_view source =
      event.ip.valid() ? event.ip.format(room) : event[Field::source_address];
  const std::string_view user =
      event[Field::user_name].empty() ? event[Field::user_id] : event[Field::user_name];
  const auto note = [](std::string_view name, Registers& registers, TopNames& top) {
    if (name.empty()) return;
    hll::raise(registers.data(),
               hll::position<kIndexBits>(hll::fingerprint(hash_text(HashKey{}, name))));
    top.add(name);
  };
  note(source, period.sources, period.top_sources);
  note(user, period.users, period.top_users);
  return false;
}

void AlertCaps::end(Period& period) {
  if (period.beyond > 0) {
    std::array<Frequent, kTopNamesTold> sources;
    std::array<Frequent, kTopNamesTold> users;
    const std::size_t source_count = period.top_sources.read(sources);
    const std::size_t user_count = period.top_users.read(users);
    tell_({*period.rule, period.id, period.first, period.newest, period.beyond, period.score,
           hll::estimate(period.sources), hll::estimate(period.users),
           std::span<const Frequent>(sources).first(source_count),
           std::span<const Frequent>(users).first(user_count)});
  }
  period = Period{};
}

void AlertCaps::tell_due(TimeUs now) {
  next_due_ = INT64_MAX;
  for (Period& period : periods_) {
    if (period.beyond == 0) continue;
    // Also at INT64_MAX, where no sum may overflow.
    if (now - kAlertPeriodUs >= period.start) {
      end(period);
    } else {
      next_due_ = std::min(next_due_, period.start + kAlertPeriodUs);
    }
  }
}

void AlertCaps::tell_of_gone(const RuleSet& next) {
  for (Period& period : periods_) {
    if (period.beyond > 0 && next.find(period.rule->id) == next.size()) end(period);
  }
}

template <class Archive, class APeriod>
void AlertCaps::fields(Archive& a, APeriod& period) {
  a(period.start, period.admitted, period.beyond);
  if (period.beyond == 0) return;  // the rest is empty
  a(period.first, period.newest, period.score, period.id, period.sources, period.users);
  TopNames::fields(a, period.top_sources);
  TopNames::fields(a, period.top_users);
}

bool AlertCaps::is_sound(const Period& period) {
  const auto is_time = [](TimeUs time) { return time > -kSavedTimeMax && time < kSavedTimeMax; };
  if (!is_time(period.start) || period.start != start_of(period.start)) return false;
  return period.beyond == 0 ||
         (is_time(period.first) && is_time(period.newest) && std::isfinite(period.score) &&
          period.top_sources.is_sound() && period.top_users.is_sound());
}

void AlertCaps::save(StateWriter& out) const {
  const auto used = [](const Period& period) { return period.start != kNoTime; };
  out(static_cast<std::uint8_t>(std::count_if(periods_.begin(), periods_.end(), used)));
  for (std::size_t i = 0; i < periods_.size(); ++i) {
    if (!used(periods_[i])) continue;
    out(static_cast<std::uint8_t>(i));
    fields(out, periods_[i]);
  }
}

std::uint64_t AlertCaps::load(StateReader& in, const SavedRules& then, const RuleSet& rules) {
  std::uint8_t count = 0;
  std::uint64_t lost = 0;
  in(count);
  if (count > then.size()) in.fail();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    std::uint8_t at = 0;
    Period period;
    in(at);
    fields(in, period);
    period.rule = then.rule(at, in);
    if (!in.ok() || !is_sound(period)) {
      in.fail();
    } else if (period.rule == nullptr) {
      lost += period.beyond > 0 ? 1 : 0;
    } else {
      if (period.beyond > 0) next_due_ = std::min(next_due_, period.start + kAlertPeriodUs);
      Period& place = periods_[rules.find(period.rule->id)];
      if (place.start != kNoTime) in.fail();
      place = std::move(period);
    }
  }
  return lost;
}

}  // namespace doorward
