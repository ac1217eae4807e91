#include "plugins/pipeline/sightings.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "plugins/pipeline/limits.h"
#include "plugins/special_addresses.h"

namespace doorward {
namespace {

/// Failures that are looked at for one to make room.
constexpr std::size_t kProbes = 16;

/// The end of a sensor's alert that is not ours, as match takes it; else the source.
IpAddress address_of(const Event& event) {
  if (event[Field::rule_name].empty() || is_public(event.ip)) return event.ip;
  const std::optional<IpAddress> end = IpAddress::parse(event[Field::destination_address]);
  return end && is_public(*end) ? *end : event.ip;
}

}  // namespace

void SightingBook::Text::set(std::string_view text) {
  std::size_t end = std::min(text.size(), bytes.size());
  // Not within a UTF-8 sequence: back over its continuation bytes, of which there are three at
  // most.
  const std::size_t least = end > 3 ? end - 3 : 0;
  if (end < text.size()) {
    while (end > least && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  }
  std::copy_n(text.data(), end, bytes.data());
  size = static_cast<std::uint8_t>(end);
}

SightingBook::SightingBook(const RuleSet& rules)
    : rules_(rules),
      places_(kPlaces, kFree),
      sources_(kCrowds),
      users_(kCrowds),
      told_(kSightingsTold) {
  entries_.reserve(kSightingsMax);
}

void SightingBook::identify(Entry& entry) const {
  const HashKey& key = rules_.views().key();
  const Hash128 source = hash_text(key, entry.text[kSource].view());
  const Hash128 user = hash_text(key, entry.text[kUser].view());
  const bool sensor = entry.text[kRule].size > 0;
  entry.failure = !sensor && entry.outcome == static_cast<std::uint8_t>(Outcome::failure);
  entry.source = entry.text[kSource].size == 0 ? 0 : static_cast<std::uint32_t>(source.high) | 1U;
  entry.user = entry.text[kUser].size == 0 ? 0 : static_cast<std::uint32_t>(user.high) | 1U;
  // Failures of a name are the same wherever they happen; whether it is an account decides which
  // rules look at it.
  const std::string_view third = sensor          ? entry.text[kRule].view()
                                 : entry.failure ? entry.text[kAccount].view()
                                                 : entry.text[kHost].view();
  const std::uint64_t kind = (sensor ? 3U : 0U) + entry.outcome;
  entry.key = join(join(source, user, kind), hash_text(key, third), kind).low | 1U;
}

std::size_t SightingBook::place_of(std::uint64_t key) const {
  std::size_t place = key / 2 % kPlaces;
  while (places_[place] != kFree && entries_[places_[place]].key != key) {
    place = (place + 1) % kPlaces;
  }
  return place;
}

bool SightingBook::told_lately(const Entry& entry) const {
  const Told& told = told_[entry.key / 2 % kSightingsTold];
  if (told.key != static_cast<std::uint32_t>(entry.key >> 32)) return false;
  const TimeUs again = entry.failure ? kSightingFailureAgainUs : kSightingAgainUs;
  return std::llabs(entry.time / kSecondUs - TimeUs{told.time}) < again / kSecondUs;
}

void SightingBook::note(const Event& event, RuleMask matched) {
  if (!rules_.concerns_fleet(event, matched)) return;
  ++counts_.noted;
  next_.time = event.time;
  next_.count = 1;
  next_.outcome = static_cast<std::uint8_t>(event.outcome);
  std::array<char, IpAddress::kTextMax> room{};
  const std::string_view ip = address_of(event).format(room);
  next_.text[kAction].set(event[Field::event_action]);
  next_.text[kUser].set(event[Field::user_name]);
  next_.text[kSource].set(ip.empty() ? event[Field::source_address] : ip);
  next_.text[kHost].set(event[Field::host_name]);
  next_.text[kDataset].set(event[Field::event_dataset]);
  next_.text[kRule].set(event[Field::rule_name]);
  next_.text[kAccount].set(event[Field::account]);
  identify(next_);
  if (const std::uint16_t at = places_[place_of(next_.key)]; at != kFree) {
    Entry& entry = entries_[at];
    if (entry.count != UINT32_MAX) ++entry.count;
    entry.time = std::min(entry.time, event.time);
    return;
  }
  if (told_lately(next_)) return;
  if (next_.failure) {
    const auto meet = [](Crowd& crowd, std::uint32_t other) {
      if (crowd.last == other) return;
      crowd.last = other;
      if (crowd.others != UINT16_MAX) ++crowd.others;
    };
    meet(source_of(next_), next_.user);
    meet(user_of(next_), next_.source);
  }
  const std::uint16_t at = room_for(next_);
  if (at == kFree) {
    ++counts_.lost;
  } else {
    put(at, next_);
    ++counts_.sightings;
  }
}

std::uint16_t SightingBook::worth(const Entry& entry) {
  return std::max(entry.source == 0 ? std::uint16_t{0} : source_of(entry).others,
                  entry.user == 0 ? std::uint16_t{0} : user_of(entry).others);
}

std::uint16_t SightingBook::room_for(const Entry& entry) {
  if (entry.failure) {
    const bool many = (entry.source != 0 && source_of(entry).kept >= kSightingAlikeMax) ||
                      (entry.user != 0 && user_of(entry).kept >= kSightingAlikeMax);
    if (many) return kFree;
  }
  const bool full = entries_.size() == kSightingsMax;
  if (!full && (!entry.failure || failures_ < kSightingFailuresMax)) {
    return static_cast<std::uint16_t>(entries_.size());
  }
  if (failures_ == 0) return kFree;
  std::uint16_t victim = kFree;
  std::uint16_t least = UINT16_MAX;
  std::size_t probes = 0;
  for (std::size_t i = 0; i < entries_.size() && probes < kProbes; ++i) {
    probe_ = (probe_ + 1) % entries_.size();
    if (!entries_[probe_].failure) continue;
    ++probes;
    const std::uint16_t its = worth(entries_[probe_]);
    if (victim != kFree && its >= least) continue;
    victim = static_cast<std::uint16_t>(probe_);
    least = its;
  }
  if (entry.failure && least >= worth(entry)) return kFree;
  unlink(victim);
  ++counts_.lost;
  return victim;
}

void SightingBook::put(std::uint16_t at, const Entry& entry) {
  places_[place_of(entry.key)] = at;
  if (at == entries_.size()) {
    entries_.push_back(entry);  // within what was reserved
  } else {
    entries_[at] = entry;
  }
  if (!entry.failure) return;
  ++failures_;
  ++source_of(entry).kept;
  ++user_of(entry).kept;
}

void SightingBook::unlink(std::uint16_t at) {
  const Entry& entry = entries_[at];
  if (entry.failure) {
    --failures_;
    --source_of(entry).kept;
    --user_of(entry).kept;
  }
  // What follows moves up, so that no search ends too early.
  std::size_t hole = place_of(entry.key);
  for (std::size_t next = (hole + 1) % kPlaces; places_[next] != kFree;
       next = (next + 1) % kPlaces) {
    const std::size_t home = entries_[places_[next]].key / 2 % kPlaces;
    const std::size_t from_home = (next + kPlaces - home) % kPlaces;
    if (from_home < (next + kPlaces - hole) % kPlaces) continue;
    places_[hole] = places_[next];
    hole = next;
  }
  places_[hole] = kFree;
}

void SightingBook::clear() {
  entries_.clear();
  std::fill(places_.begin(), places_.end(), kFree);
  std::fill(sources_.begin(), sources_.end(), Crowd{});
  std::fill(users_.begin(), users_.end(), Crowd{});
  failures_ = 0;
}

std::vector<SightingRecord> SightingBook::take() {
  std::vector<SightingRecord> out;
  if (entries_.empty()) return out;
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.time != b.time ? a.time < b.time : a.key < b.key;
  });
  out.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    const auto text = [&](Part part) { return std::string(entry.text[part].view()); };
    out.push_back({entry.time, entry.outcome, text(kAction), text(kUser), text(kSource),
                   text(kHost), text(kDataset), text(kRule), text(kAccount), entry.count});
    const TimeUs seconds = std::clamp<TimeUs>(entry.time / kSecondUs, 0, UINT32_MAX);
    told_[entry.key / 2 % kSightingsTold] = {static_cast<std::uint32_t>(entry.key >> 32),
                                             static_cast<std::uint32_t>(seconds)};
  }
  clear();
  return out;
}

void SightingBook::save(StateWriter& out) const {
  out(static_cast<std::uint32_t>(entries_.size()));
  for (const Entry& entry : entries_) {
    out(entry.time, entry.count, entry.outcome);
    for (const Text& text : entry.text) out.text(text.view());
  }
}

void SightingBook::load(StateReader& in) {
  std::uint32_t count = 0;
  in(count);
  if (count > kSightingsMax) in.fail();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Entry entry;
    in.between(entry.time, -kSavedTimeMax, kSavedTimeMax);
    in.between(entry.count, std::uint32_t{1}, UINT32_MAX);
    in.between(entry.outcome, std::uint8_t{0}, static_cast<std::uint8_t>(Outcome::failure));
    for (Text& text : entry.text) text.set(in.text(kSightingTextBytes));
    if (!in.ok()) break;
    identify(entry);
    if (places_[place_of(entry.key)] != kFree) in.fail();
    if (entry.failure && failures_ == kSightingFailuresMax) in.fail();
    if (in.ok()) put(static_cast<std::uint16_t>(entries_.size()), entry);
  }
  if (!in.ok()) clear();
}

}  // namespace doorward
