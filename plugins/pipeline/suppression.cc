#include "plugins/pipeline/suppression.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "plugins/view.h"

namespace doorward {
namespace {

/// Cut::whole is hashed where it lies; other views are short texts.
Hash128 hash_of(const View& view, const Event& event, HashMemo& memo) {
  if (view.cut != Cut::whole) return memo.hash(HashKey{}, view_text(view, event));
  // With its family: 0.0.0.0 and :: have the same bytes.
  return view.ip ? address_hash(HashKey{}, event.ip) : memo.hash(HashKey{}, event[view.field]);
}

using Texts = std::array<std::string_view, 3>;

/// User, source and host, as updates name them.
Texts texts_of(const Event& event, std::array<char, IpAddress::kTextMax>& room) {
  const std::string_view source = event[Field::source_address];
  return {event[Field::user_name], source.empty() ? event.ip.format(room) : source,
          event[Field::host_name]};
}

/// What is kept of a text where `used` bytes are taken. A long name may not leave nothing for the
/// others.
std::size_t kept_of(std::string_view text, std::size_t used) {
  return std::min({text.size(), kKeptTextBytes / 2 - 8, kKeptTextBytes - used});
}

}  // namespace

Hash128 Suppression::key_of(const Rule& rule, const Event& event) {
  Hash128 key = memo_.hash(HashKey{}, rule.id);
  for (const View& view : rule.suppress_by) key = join(key, hash_of(view, event, memo_), 0);
  return key;
}

Suppression::Suppression(Tell tell)
    : tell_(std::move(tell)), entries_(kSuppressionSets * kSuppressionWays) {}

TimeUs Suppression::due(const Entry& entry) {
  return entry.told + std::min(entry.told_as->suppress_us, kSuppressUsMax);
}

Suppression::Entry* Suppression::find(Hash128 key) {
  const std::size_t set = static_cast<std::size_t>(key.low % kSuppressionSets) * kSuppressionWays;
  for (std::size_t way = 0; way < kSuppressionWays; ++way) {
    if (entries_[set + way].key == key) return &entries_[set + way];
  }
  return nullptr;
}

bool Suppression::holds_back(const Rule& rule, const Event& event, double score,
                             AlikeAlert* alike_to) {
  Entry* entry = find(key_of(rule, event));
  if (entry == nullptr) return false;
  const bool alike =
      event.time - entry->newest <= rule.suppress_us && score < entry->score + rule.worse_by;
  if (!alike) return false;
  if (alike_to != nullptr) *alike_to = entry->alert;
  entry->newest = std::max(entry->newest, event.time);
  if (entry->occurrences != UINT32_MAX) ++entry->occurrences;
  if (entry->told_as != nullptr) compare(*entry, event);
  if (is_due(*entry)) next_due_ = std::min(next_due_, due(*entry));
  return true;
}

bool Suppression::remembers(const Rule& rule, const Event& event) {
  const Entry* entry = find(key_of(rule, event));
  return entry != nullptr && event.time - entry->newest <= rule.suppress_us;
}

void Suppression::remember(const Rule& rule, const Event& event, double score, const Rule* told_as,
                           std::string_view id) {
  const Hash128 key = key_of(rule, event);
  Entry* place = find(key);
  if (place == nullptr) {
    const std::size_t set = static_cast<std::size_t>(key.low % kSuppressionSets) * kSuppressionWays;
    place =
        &*std::min_element(entries_.begin() + static_cast<std::ptrdiff_t>(set),
                           entries_.begin() + static_cast<std::ptrdiff_t>(set + kSuppressionWays),
                           [](const Entry& a, const Entry& b) { return a.newest < b.newest; });
  }
  if (is_due(*place)) tell(*place, event.time);
  *place = Entry{};
  place->key = key;
  place->rule = &rule;
  place->first = place->newest = place->told = event.time;
  place->score = score;
  place->occurrences = place->told_occurrences = 1;
  assert(id.empty() || id.size() == place->alert.id.size());
  std::copy(id.begin(), id.end(), place->alert.id.begin());
  if (told_as == nullptr) return;
  assert(!id.empty());
  place->told_as = told_as;
  std::array<char, IpAddress::kTextMax> room;
  const Texts texts = texts_of(event, room);
  std::size_t used = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t size = kept_of(texts[i], used);
    std::copy_n(texts[i].data(), size, place->text.data() + used);
    place->sizes[i] = static_cast<std::uint8_t>(size);
    used += size;
  }
}

void Suppression::compare(Entry& entry, const Event& event) {
  std::array<char, IpAddress::kTextMax> room;
  const Texts texts = texts_of(event, room);
  const std::string_view all(entry.text.data(), entry.text.size());
  std::size_t used = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string_view kept = all.substr(used, entry.sizes[i]);
    if (texts[i].substr(0, kept_of(texts[i], used)) != kept) {
      entry.varied = static_cast<std::uint8_t>(entry.varied | 1U << i);
    }
    used += kept.size();
  }
}

void Suppression::note_verdict(std::string_view id, HeldVerdict verdict) {
  for (Entry& entry : entries_) {
    const std::string_view its(entry.alert.id.data(), entry.alert.id.size());
    if (entry.rule != nullptr && its == id) entry.alert.verdict = verdict;
  }
}

void Suppression::tell(Entry& entry, TimeUs now) {
  const std::string_view text(entry.text.data(), entry.text.size());
  const std::size_t user = entry.sizes[0];
  const std::size_t source = entry.sizes[1];
  tell_({*entry.told_as,
         {entry.alert.id.data(), entry.alert.id.size()},
         entry.first,
         entry.newest,
         entry.occurrences,
         entry.score,
         text.substr(0, user),
         text.substr(user, source),
         text.substr(user + source, entry.sizes[2]),
         (entry.varied & 1U) != 0,
         (entry.varied & 2U) != 0,
         (entry.varied & 4U) != 0});
  entry.told_occurrences = entry.occurrences;
  entry.told = now;
}

void Suppression::tell_due(TimeUs now) {
  next_due_ = INT64_MAX;
  for (Entry& entry : entries_) {
    if (!is_due(entry)) continue;
    if (due(entry) <= now) {
      tell(entry, now);
    } else {
      next_due_ = std::min(next_due_, due(entry));
    }
  }
}

void Suppression::tell_all() {
  for (Entry& entry : entries_) {
    if (is_due(entry)) tell(entry, entry.newest);
  }
  next_due_ = INT64_MAX;
}

void Suppression::tell_of_gone(const RuleSet& next) {
  for (Entry& entry : entries_) {
    if (is_due(entry) && next.find(entry.told_as->id) == next.size()) tell(entry, entry.newest);
  }
}

template <class Archive, class AnEntry>
void Suppression::fields(Archive& a, AnEntry& entry) {
  a(entry.key, entry.first, entry.newest, entry.told, entry.score, entry.occurrences,
    entry.told_occurrences, entry.alert.id, entry.sizes, entry.varied, entry.text);
  a.between(entry.alert.verdict, HeldVerdict::none, HeldVerdict::never);
}

bool Suppression::is_sound(const Entry& entry) {
  // Sums with a suppression's length stay far from overflowing.
  const auto is_time = [](TimeUs time) { return time > -kSavedTimeMax && time < kSavedTimeMax; };
  const std::size_t text = std::size_t{entry.sizes[0]} + entry.sizes[1] + entry.sizes[2];
  return is_time(entry.first) && is_time(entry.newest) && is_time(entry.told) &&
         std::isfinite(entry.score) && text <= entry.text.size();
}

void Suppression::save(const RuleSet& rules, StateWriter& out) const {
  const auto used = [](const Entry& entry) { return entry.rule != nullptr; };
  out(static_cast<std::uint32_t>(std::count_if(entries_.begin(), entries_.end(), used)));
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (!used(entry)) continue;
    out(static_cast<std::uint32_t>(i), SavedRules::at(entry.rule, rules),
        SavedRules::at(entry.told_as, rules));
    fields(out, entry);
  }
}

std::uint64_t Suppression::load(StateReader& in, const SavedRules& then) {
  std::uint32_t count = 0;
  std::uint64_t lost = 0;
  in(count);
  if (count > entries_.size()) in.fail();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    std::uint32_t place = 0;
    std::uint8_t rule = 0;
    std::uint8_t told_as = 0;
    Entry entry;
    in(place, rule, told_as);
    fields(in, entry);
    if (place >= entries_.size() || entries_[place].rule != nullptr || !is_sound(entry)) in.fail();
    entry.rule = then.rule(rule, in);
    if (told_as != SavedRules::kGone) entry.told_as = then.rule(told_as, in);
    if (!in.ok()) break;
    const bool owed = told_as != SavedRules::kGone && entry.occurrences > entry.told_occurrences;
    if (owed && entry.told_as == nullptr) ++lost;
    if (then.judges_alike(rule)) {
      if (is_due(entry)) next_due_ = std::min(next_due_, due(entry));
      entries_[place] = entry;
    } else if (is_due(entry)) {
      forgotten_.push_back(entry);
    }
  }
  return lost;
}

void Suppression::tell_forgotten() {
  for (Entry& entry : std::exchange(forgotten_, {})) tell(entry, entry.newest);
}

}  // namespace doorward
