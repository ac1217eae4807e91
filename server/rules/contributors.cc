#include "server/rules/contributors.h"

#include <algorithm>

#include "plugins/pipeline/limits.h"

namespace doorward {
namespace {

TimeUs newest_of(const std::vector<Contributor>& all) {
  TimeUs newest = kNoTime;
  for (const Contributor& one : all) newest = std::max(newest, one.newest);
  return newest;
}

bool before(Hash128 a, Hash128 b) {
  return a.high != b.high ? a.high < b.high : a.low < b.low;
}

}  // namespace

void Contributors::note(Hash128 about, std::string_view agent, std::string_view host, TimeUs time) {
  auto found = table_.find(about);
  if (found == table_.end()) {
    if (table_.size() >= kContributorsMax) make_room();
    found = table_.try_emplace(about).first;
  }
  std::vector<Contributor>& all = found->second;
  auto place = std::find_if(all.begin(), all.end(),
                            [&](const Contributor& one) { return one.agent == agent; });
  if (place == all.end()) {
    if (all.size() < kContributorAgentsMax) {
      place = all.insert(all.end(), Contributor{});
    } else {
      place = std::min_element(all.begin(), all.end(),
                               [](const auto& a, const auto& b) { return a.newest < b.newest; });
      *place = Contributor{};
    }
    place->agent = agent.substr(0, kFleetTextBytes);
  }
  if (time < place->newest) return;
  place->newest = time;
  place->host = host.substr(0, kFleetTextBytes);
}

std::vector<Contributor> Contributors::of(Hash128 about, TimeUs since) const {
  std::vector<Contributor> out;
  const auto found = table_.find(about);
  if (found == table_.end()) return out;
  std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(out),
               [&](const Contributor& one) { return one.newest >= since; });
  std::sort(out.begin(), out.end(), [](const Contributor& a, const Contributor& b) {
    return a.newest != b.newest ? a.newest > b.newest : a.agent < b.agent;
  });
  return out;
}

void Contributors::make_room() {
  struct Rank {
    bool several;
    TimeUs newest;
    Hash128 about;
  };
  std::vector<Rank> ranks;
  ranks.reserve(table_.size());
  for (const auto& [about, all] : table_) ranks.push_back({all.size() > 1, newest_of(all), about});
  // By what is known alone, so that every run forgets the same.
  std::sort(ranks.begin(), ranks.end(), [](const Rank& a, const Rank& b) {
    if (a.several != b.several) return b.several;
    return a.newest != b.newest ? a.newest < b.newest : before(a.about, b.about);
  });
  for (std::size_t i = 0; i < ranks.size() / 4; ++i) table_.erase(ranks[i].about);
}

void Contributors::save(StateWriter& out) const {
  std::vector<Hash128> keys;
  keys.reserve(table_.size());
  for (const auto& [about, all] : table_) keys.push_back(about);
  std::sort(keys.begin(), keys.end(), before);
  out(static_cast<std::uint32_t>(keys.size()));
  for (const Hash128 about : keys) {
    const std::vector<Contributor>& all = table_.at(about);
    out(about, static_cast<std::uint8_t>(all.size()));
    for (const Contributor& one : all) out(one.agent, one.host, one.newest);
  }
}

void Contributors::load(StateReader& in) {
  std::uint32_t count = 0;
  in(count);
  if (count > kContributorsMax) in.fail();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Hash128 about;
    std::uint8_t agents = 0;
    in(about);
    in.between(agents, std::uint8_t{1}, static_cast<std::uint8_t>(kContributorAgentsMax));
    for (std::uint8_t k = 0; k < agents && in.ok(); ++k) {
      const std::string agent(in.text(kFleetTextBytes));
      const std::string host(in.text(kFleetTextBytes));
      TimeUs time = 0;
      in.between(time, -kSavedTimeMax, kSavedTimeMax);
      if (in.ok()) note(about, agent, host, time);
    }
  }
  if (!in.ok()) table_.clear();
}

}  // namespace doorward
