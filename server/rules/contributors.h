// Which agents told of a user or an address, for each rule: what a single agent can see, it has
// told itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/state_archive.h"
#include "server/rules/limits.h"
#include "sketch/hash.h"

namespace doorward {

/// One agent's part.
struct Contributor {
  std::string agent;
  std::string host;  ///< host.name of its newest event
  TimeUs newest = kNoTime;
};

/// Bounded (kContributorsMax, kContributorAgentsMax). One thread.
class Contributors {
 public:
  /// `about`: hash of rule and entity.
  void note(Hash128 about, std::string_view agent, std::string_view host, TimeUs time);

  /// Those who told of it at `since` or later; newest first. Empty: nothing is known.
  [[nodiscard]] std::vector<Contributor> of(Hash128 about, TimeUs since) const;

  [[nodiscard]] std::size_t size() const { return table_.size(); }

  void save(StateWriter& out) const;
  void load(StateReader& in);

 private:
  struct Hash {
    std::size_t operator()(Hash128 hash) const { return static_cast<std::size_t>(hash.low); }
  };
  void make_room();

  std::unordered_map<Hash128, std::vector<Contributor>, Hash> table_;
};

}  // namespace doorward
