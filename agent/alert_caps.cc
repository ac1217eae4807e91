#include "agent/alert_caps.h"

#include <algorithm>

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

}  // namespace doorward
