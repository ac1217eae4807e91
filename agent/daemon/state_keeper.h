// The state of a running agent on disk: one folder, one agent, one file that is replaced whole.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/daemon/engine.h"
#include "sketch/baseline.h"
#include "sketch/hash.h"
#include "sketch/result.h"

namespace doorward {

class StateKeeper {
 public:
  /// Makes the folder (0700) when it is not there, and locks it. Errors: cannot be made, belongs to
  /// somebody else and cannot be written to, another agent runs on it.
  static Result<std::unique_ptr<StateKeeper>> open(const std::string& folder);
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  /// The secret under which this host's names are hashed; made at the first start.
  [[nodiscard]] Result<HashKey> key() const;

  struct Loaded {
    Baseline baseline;
    StateSections sections;
    bool fresh = true;     ///< there was no state to go on from
    bool resized = false;  ///< the baseline begins empty, in another size
    std::uint64_t spool_head = 0;
    std::vector<std::string> warnings;  ///< of a state that was set aside
  };
  /// What was saved last, or an empty baseline of that size. A damaged file is set aside. Errors:
  /// the file cannot be read or moved; then nothing must be started, since that would lose it.
  [[nodiscard]] Result<Loaded> load(const HashKey& key, std::size_t baseline_bytes) const;

  /// Writes everything anew; gives the bytes written. One call at a time, on any thread. The
  /// baseline is gone as soon as it is encoded, before anything is written.
  [[nodiscard]] Result<std::uint64_t> save(Baseline baseline, StateSections sections,
                                           std::uint64_t spool_head) const;

  [[nodiscard]] std::string file() const;

 private:
  explicit StateKeeper(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}

  std::string folder_;
  int lock_;
};

}  // namespace doorward
