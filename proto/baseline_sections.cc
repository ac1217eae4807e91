#include "proto/baseline_sections.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>

#include "proto/leb128.h"

namespace doorward {
namespace {

Error bad(const char* what) {
  return Error{"baseline", what};
}

Status finish(const PackReader& in, const char* section) {
  if (in.failed()) return bad("a section ends too early or holds a malformed number");
  if (!in.at_end())
    return Error{"baseline", std::string("bytes are left over after the ") + section};
  return {};
}

void put_value(PackWriter& out, std::uint8_t value) {
  out.byte(value);
}
void put_value(PackWriter& out, std::uint32_t value) {
  out.number(value);
}
std::uint64_t get_value(PackReader& in, std::uint8_t /*kind*/) {
  return in.byte();
}
std::uint64_t get_value(PackReader& in, std::uint32_t /*kind*/) {
  return in.number();
}

// One unit at its gap; false when place or value are impossible.
template <class Unit>
bool get_unit(PackReader& in, std::span<Unit> units, std::size_t& place) {
  const std::uint64_t gap = in.number();
  const std::uint64_t value = get_value(in, Unit{});
  if (in.failed() || gap >= units.size() - place) return false;
  if (value == 0 || value > std::numeric_limits<Unit>::max()) return false;
  place += gap;
  units[place++] = static_cast<Unit>(value);
  return true;
}

}  // namespace

template <class Unit>
std::vector<std::uint8_t> pack_sparse(std::span<const Unit> units) {
  PackWriter out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < units.size() && out.size() < units.size_bytes(); ++i) {
    if (units[i] == 0) continue;
    out.number(i - next);
    put_value(out, units[i]);
    next = i + 1;
  }
  return out.take();
}

template <class Unit>
Status unpack_sparse(std::span<const std::uint8_t> bytes, std::span<Unit> units) {
  PackReader in(bytes);
  for (std::size_t place = 0; !in.at_end();) {
    if (!get_unit(in, units, place)) {
      return bad("a counter lies outside its sketch or has an impossible value");
    }
  }
  return finish(in, "counters");
}

template std::vector<std::uint8_t> pack_sparse(std::span<const std::uint8_t>);
template std::vector<std::uint8_t> pack_sparse(std::span<const std::uint32_t>);
template Status unpack_sparse(std::span<const std::uint8_t>, std::span<std::uint8_t>);
template Status unpack_sparse(std::span<const std::uint8_t>, std::span<std::uint32_t>);

// --- partitions ---

std::vector<std::uint8_t> pack_partitions(const DistinctTable& table) {
  PackWriter out;
  for (const std::uint64_t lost : table.lost()) out.number(DistinctTable::kNothingLost - lost);
  out.number(DistinctTable::kNothingLost - table.bar());
  out.number(table.partitions());
  std::uint64_t before = 0;
  table.for_each_partition([&](const DistinctTable::Partition& partition) {
    out.number(partition.hash - before);
    before = partition.hash;
    if (partition.dense) {
      out.number(1 + 2 * static_cast<std::uint64_t>(partition.epochs));
      for (const Block* registers : partition.registers) {
        if (registers != nullptr) out.bytes(registers->bytes());
      }
      return;
    }
    out.number(2 * partition.entries.size());
    std::uint32_t last = 0;
    for (const std::uint32_t entry : partition.entries) {
      out.number((entry >> 8) - last);
      out.byte(static_cast<std::uint8_t>(entry & 0xFF));
      last = entry >> 8;
    }
  });
  return out.take();
}

std::size_t packed_partitions_max(const DistinctTable& table) {
  // 15 values of at most 5 bytes are more than the 64 bytes of registers in a block.
  return (kEpochSlots + 2) * kVarintMax + table.partitions_limit() * (kVarintMax + 2) +
         std::size_t{table.blocks_limit()} * 15 * 5;
}

namespace {

// Registers of one dense partition, copied so that they are aligned.
struct DensePart {
  std::array<Block, kEpochSlots> blocks;
};

bool read_dense(PackReader& in, std::uint64_t epochs, DensePart& copy,
                DistinctTable::Partition& partition) {
  if (epochs == 0 || epochs > 0xFF) return false;
  partition.dense = true;
  partition.epochs = static_cast<EpochMask>(epochs);
  for (unsigned slot = 0; slot < kEpochSlots; ++slot) {
    if (((epochs >> slot) & 1U) == 0) continue;
    const auto registers = in.bytes(DistinctTable::kRegisterBytes);
    // An epoch without any value has no registers.
    if (std::ranges::all_of(registers, [](std::uint8_t byte) { return byte == 0; })) return false;
    std::memcpy(&copy.blocks[slot], registers.data(), registers.size());
    partition.registers[slot] = &copy.blocks[slot];
  }
  return true;
}

bool read_entries(PackReader& in, std::uint64_t count, EpochMask ring,
                  std::array<std::uint32_t, DistinctTable::kSparseMax>& entries,
                  DistinctTable::Partition& partition) {
  if (count == 0 || count > entries.size()) return false;
  std::uint64_t fingerprint = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t step = in.number();
    const std::uint8_t epochs = in.byte();
    if (in.failed() || step >= (1U << 24) || (step == 0 && i > 0)) return false;
    fingerprint += step;
    if (fingerprint >= (1U << 24) || epochs == 0 || (epochs & ~ring) != 0) return false;
    entries[i] = static_cast<std::uint32_t>(fingerprint << 8 | epochs);
  }
  partition.entries = std::span(entries).first(count);
  return true;
}

}  // namespace

Status unpack_partitions(std::span<const std::uint8_t> bytes, EpochMask ring,
                         DistinctTable& table) {
  PackReader in(bytes);
  DistinctTable::Lost lost;
  for (unsigned slot = 0; slot < kEpochSlots; ++slot) {
    lost[slot] = DistinctTable::kNothingLost - in.number();
    const bool in_ring = ((ring >> slot) & 1U) != 0;
    if (lost[slot] == 0 || (!in_ring && lost[slot] != DistinctTable::kNothingLost)) {
      return bad("the bounds of a distinct table are impossible");
    }
  }
  const std::uint64_t bar = DistinctTable::kNothingLost - in.number();
  if (bar == 0 || bar < *std::ranges::min_element(lost)) {
    return bad("the bounds of a distinct table are impossible");
  }
  table.restore_bounds(lost, bar);
  const std::uint64_t count = in.number();
  if (in.failed() || count > table.partitions_limit()) {
    return bad("a distinct table has more partitions than there is room for");
  }
  DensePart dense{};
  std::array<std::uint32_t, DistinctTable::kSparseMax> entries{};
  std::uint64_t hash = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t step = in.number();
    if (in.failed() || step == 0 || step > ~hash) {
      return bad("the partitions of a distinct table are not in order");
    }
    hash += step;
    DistinctTable::Partition partition{hash, false, {}, 0, {}};
    const std::uint64_t form = in.number();
    const bool readable = (form & 1U) != 0 ? read_dense(in, form >> 1, dense, partition)
                                           : read_entries(in, form >> 1, ring, entries, partition);
    if (!readable || (partition.epochs & ~ring) != 0) {
      return bad("a partition of a distinct table is malformed");
    }
    if (!table.restore(partition)) {
      return bad("the partitions of a distinct table do not fit into it");
    }
  }
  return finish(in, "partitions");
}

// --- histograms ---

std::vector<std::uint8_t> pack_histograms(const Histograms& histograms) {
  std::vector<unsigned> order;
  for (unsigned i = 0; i < Histograms::kNames; ++i) {
    if (!histograms.names()[i].none()) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](unsigned i) {
    return std::tuple(histograms.names()[i].high, histograms.names()[i].low);
  });
  PackWriter out;
  out.number(histograms.ignored());
  out.number(order.size());
  for (const unsigned i : order) {
    const Hash128 name = histograms.names()[i];
    std::array<std::uint8_t, sizeof(Hash128)> raw;
    std::memcpy(raw.data(), &name, raw.size());
    out.bytes(raw);
    const auto counts = histograms.counts(i);
    out.number(counts.size() - static_cast<std::size_t>(std::ranges::count(counts, 0U)));
    const auto packed = [&] {
      PackWriter units;
      std::size_t next = 0;
      for (std::size_t at = 0; at < counts.size(); ++at) {
        if (counts[at] == 0) continue;
        units.number(at - next);
        units.number(counts[at]);
        next = at + 1;
      }
      return units.take();
    }();
    out.bytes(packed);
  }
  return out.take();
}

std::size_t packed_histograms_max() {
  return 2 * kVarintMax + Histograms::kNames * (sizeof(Hash128) + 2) + Histograms::kCounters * 7;
}

Status unpack_histograms(std::span<const std::uint8_t> bytes, EpochMask ring,
                         Histograms& histograms) {
  PackReader in(bytes);
  const std::uint64_t ignored = in.number();
  const std::uint64_t count = in.number();
  if (in.failed() || count > Histograms::kNames) return bad("there are too many histograms");
  std::array<Hash128, Histograms::kNames> names{};
  for (unsigned i = 0; i < count; ++i) {
    const auto raw = in.bytes(sizeof(Hash128));
    if (raw.empty()) break;
    std::memcpy(&names[i], raw.data(), raw.size());
    const auto order = [](Hash128 name) { return std::tuple(name.high, name.low); };
    if (names[i].none() || (i > 0 && order(names[i - 1]) >= order(names[i]))) {
      return bad("the histograms are not in the order of their names");
    }
    const auto counts = histograms.counts(i);
    std::size_t place = 0;
    for (std::uint64_t left = in.number(); left != 0; --left) {
      if (!get_unit(in, counts, place)) {
        return bad("a histogram has a counter outside its bins or an impossible value");
      }
      if (((ring >> ((place - 1) / Histograms::kBins)) & 1U) == 0) {
        return bad("a histogram has counts in an epoch outside the ring");
      }
    }
  }
  histograms.restore(names, ignored);
  return finish(in, "histograms");
}

}  // namespace doorward
