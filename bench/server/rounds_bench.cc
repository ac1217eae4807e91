// What the core's thread pays for deltas and rounds, without network and disk:
//
//   rounds-bench [AGENTS [DELTAS [ENTRIES]]]
//
// Judges and folds DELTAS deltas (20,000) of ENTRIES additions (60) from AGENTS agents (10,000),
// closes the round, folds it, looks up every agent's patch, and does so four times; then the
// snapshot. Prints milliseconds, and microseconds a delta.
#include <entries_generated.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/server/load_messages.h"
#include "plugins/clock.h"
#include "proto/wire.h"
#include "server/fleet/baselines.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

std::string agent_id(std::size_t number) {
  return "3f2504e04f8911d39a0c0305e82c" + std::to_string(1000 + number);
}

/// The delta of a message of the load program, as an entry.
LogEntry delta_entry(LoadRandom& random, std::size_t agent, std::uint64_t sequence,
                     std::uint64_t key, std::size_t entries) {
  const Frame frame =
      load_delta(load_additions(random, agent, clock_now(), entries), sequence, key);
  FrameReader reader(kFrameMax);
  reader.feed(frame);
  const auto envelope = reader.next();
  if (!envelope || envelope.value() == nullptr) std::abort();
  const wire::Delta* delta = envelope.value()->message_as_DeltaBatch()->deltas()->Get(0);
  log::DeltaT table;
  table.group = "default";
  table.key_name = key;
  table.additions.assign(delta->additions()->begin(), delta->additions()->end());
  LogEntry out;
  out.kind = EntryKind::delta;
  out.subject = agent_id(agent);
  out.number = sequence;
  out.at = clock_now();
  out.data = entry_bytes(table);
  return out;
}

int run(std::size_t agents, std::size_t deltas, std::size_t additions) {
  Baselines baselines({});
  LoadRandom random(1);
  std::uint64_t place = 0;
  HashKey hash_key;
  hash_key.bytes.fill(7);
  LogEntry key;
  key.kind = EntryKind::fleet_key;
  key.number = 1;
  key.place = ++place;
  key.data.assign(hash_key.bytes.begin(), hash_key.bytes.end());
  baselines.fold(key);
  std::vector<std::uint64_t> sequences(agents);
  for (int n = 0; n < 4; ++n) {
    std::vector<LogEntry> entries;
    for (std::size_t i = 0; i < deltas; ++i) {
      const std::size_t agent = i % agents;
      entries.push_back(
          delta_entry(random, agent, ++sequences[agent], key_name(hash_key), additions));
      entries.back().place = ++place;
    }
    auto begin = Clock::now();
    for (const LogEntry& entry : entries) {
      const auto* table = flatbuffers::GetRoot<log::Delta>(entry.data.data());
      if (!baselines.check(entry.subject, bytes_of(table->additions()), table->key_name(),
                           entry.at)) {
        std::abort();
      }
    }
    const double checking = ms_since(begin);
    begin = Clock::now();
    for (const LogEntry& entry : entries) baselines.fold(entry);
    const double folding = ms_since(begin);
    const std::uint64_t waiting = baselines.status().front().entries_waiting;
    begin = Clock::now();
    std::optional<LogEntry> round = baselines.close_round("default", clock_now());
    const double closing = ms_since(begin);
    if (!round) std::abort();
    round->place = ++place;
    begin = Clock::now();
    baselines.fold(*round);
    const double applying = ms_since(begin);
    begin = Clock::now();
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < agents; ++i) {
      const auto patch =
          baselines.patch("default", agent_id(i), round->number - 1, key_name(hash_key));
      if (patch) bytes += patch->bytes->size();
    }
    std::printf(
        "check %.1f us, fold %.1f us a delta; round of %llu entries, %.2f MB: made in %.0f ms, "
        "folded in %.0f ms; patches of all (%.0f MB) looked up in %.1f ms\n",
        checking * 1e3 / static_cast<double>(deltas), folding * 1e3 / static_cast<double>(deltas),
        static_cast<unsigned long long>(waiting), static_cast<double>(round->data.size()) / 1e6,
        closing, applying, static_cast<double>(bytes) / 1e6, ms_since(begin));
  }
  auto begin = Clock::now();
  const std::vector<std::uint8_t> saved = baselines.save();
  std::printf("snapshot of %.1f MB in %.0f ms\n", static_cast<double>(saved.size()) / 1e6,
              ms_since(begin));
  begin = Clock::now();
  (void)baselines.status();
  const double first = ms_since(begin);
  begin = Clock::now();
  (void)baselines.status();
  std::printf("status in %.2f ms, and again in %.2f ms\n", first, ms_since(begin));
  return 0;
}

}  // namespace
}  // namespace doorward

int main(int argc, char** argv) {
  const auto argument = [&](int i, unsigned long fallback) {
    return argc > i ? std::strtoul(argv[i], nullptr, 10) : fallback;
  };
  return doorward::run(argument(1, 10'000), argument(2, 20'000), argument(3, 60));
}
