// The sections of a baseline file before compression: from sketches to bytes and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sketch/distinct_table.h"
#include "sketch/histograms.h"
#include "sketch/result.h"

namespace doorward {

/// Numbers are LEB128: seven bits a byte, lowest first, the top bit says that more follow. There is
/// one way to write a number: a last byte of 0 is refused, except for 0 itself.
///
/// Units (the cells of a count-min, one or four bytes each), sparse: for each unit that is not
/// zero, in order: the number of zero units before it since the last one, then its value (one byte,
/// or LEB128 for four). Dense: all units, little-endian.
///
/// Partitions: 8 numbers (per slot, 2^64 - 1 minus the least hash that lost an addition), 2^64 - 1
/// minus the bar, the number of partitions, and each in the order of hashes: hash minus the one
/// before; then
///     sparse: 2 * number of values; per value its fingerprint minus the one before, and its epoch
///     mask dense:  1 + 2 * epoch mask; 64 bytes of registers per epoch, by slot
///
/// Histograms: number of ignored events, number of names; names in order of (high, low), each 16
/// bytes and its 8 x 128 counters as: number of counters that are not zero, then gap and value
/// each.
///
/// What unpacking refuses, with a sentence that says where: bytes that end too early or too late,
/// places outside the sketch, order not ascending, values of zero, partitions beyond the table's
/// bounds. What it leaves to the caller: slots outside the ring (only_slots() tells), except for
/// partitions and histograms, which are given the mask.

/// Sparse form; stops and returns nothing useful (size >= the dense size) when it would not be
/// smaller.
template <class Unit>
std::vector<std::uint8_t> pack_sparse(std::span<const Unit> units);
/// Units must be zero before.
template <class Unit>
Status unpack_sparse(std::span<const std::uint8_t> bytes, std::span<Unit> units);

std::vector<std::uint8_t> pack_partitions(const DistinctTable& table);
/// The table must be empty.
Status unpack_partitions(std::span<const std::uint8_t> bytes, EpochMask ring, DistinctTable& table);
/// The most bytes pack_partitions() can give for a table of this shape.
std::size_t packed_partitions_max(const DistinctTable& table);

std::vector<std::uint8_t> pack_histograms(const Histograms& histograms);
Status unpack_histograms(std::span<const std::uint8_t> bytes, EpochMask ring,
                         Histograms& histograms);
/// The most bytes pack_histograms() can give.
std::size_t packed_histograms_max();

}  // namespace doorward
