// Any bytes as the data of entries of every kind: folded, or left out and counted.
#include <cstdint>
#include <cstdlib>

#include "server/fleet/fleet_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace doorward;
  FleetState state;
  LogEntry entry;
  entry.data.assign(data, data + size);
  // Twice: the second time what the entries name is there.
  for (int round = 0; round < 2; ++round) {
    for (int kind = 0; kind < 24; ++kind) {
      entry.kind = static_cast<EntryKind>(kind);
      entry.subject = "x";
      entry.number = static_cast<std::uint64_t>(round) + 1;
      ++entry.place;
      state.fold(entry);
    }
  }
  if (state.folded() != entry.place || state.damaged() > entry.place) std::abort();
  (void)state.verdicts_after("x", 0, 10);
  return 0;
}
