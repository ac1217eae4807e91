#include "proto/additions_codec.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>

#include "proto/leb128.h"
#include "sketch/histograms.h"

namespace doorward {
namespace {

using Entry = Additions::Entry;
using Kind = Additions::Kind;

constexpr std::uint8_t kPlain = 1;
constexpr std::uint8_t kZstd = 2;
constexpr int kCompressionLevel = 3;
constexpr std::uint32_t kFingerprintMax = (1U << 24U) - 1;
constexpr unsigned kFingerprintBytes = 3;

std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U ^ (~(value & 1U) + 1));
}

void put_fixed(PackWriter& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out.byte(static_cast<std::uint8_t>(value >> (8 * i)));
}
std::uint64_t get_fixed(PackReader& in, unsigned bytes) {
  const auto from = in.bytes(bytes);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < from.size(); ++i) value |= std::uint64_t{from[i]} << (8 * i);
  return value;
}

Error bad(std::string what) {
  return Error{"additions", std::move(what)};
}

// --- packing ---

/// A column of ascending keys: the bytes of the largest gap, then the gaps.
void put_keys(PackWriter& out, std::span<const std::uint64_t> keys) {
  std::uint64_t largest = 0;
  std::uint64_t before = 0;
  for (const std::uint64_t key : keys) {
    largest = std::max(largest, key - before);
    before = key;
  }
  unsigned width = 1;
  while (width < 8 && largest >> (8 * width) != 0) ++width;
  out.byte(static_cast<std::uint8_t>(width));
  before = 0;
  for (const std::uint64_t key : keys) {
    put_fixed(out, key - before, width);
    before = key;
  }
}

/// Entries of one kind, space and epoch, in order.
void put_group(PackWriter& out, std::span<const Entry> group) {
  std::vector<std::uint64_t> keys;
  std::vector<std::uint64_t> counts;
  if (group.front().kind() != Kind::distinct) {
    for (const Entry& entry : group) {
      keys.push_back(entry.key);
      counts.push_back(entry.n);
    }
  } else {
    for (const Entry& entry : group) {
      if (keys.empty() || keys.back() != entry.key) {
        keys.push_back(entry.key);
        counts.push_back(0);
      }
      ++counts.back();
    }
  }
  out.number(keys.size());
  put_keys(out, keys);
  for (const std::uint64_t count : counts) out.number(count);
  if (group.front().kind() != Kind::distinct) return;
  for (const Entry& entry : group) put_fixed(out, entry.fingerprint(), kFingerprintBytes);
}

void put_bins(PackWriter& out, const Additions::Bins& bins) {
  put_fixed(out, bins.name.low, 8);
  put_fixed(out, bins.name.high, 8);
  out.number(zigzag(bins.epoch));
  const auto used = bins.counts.size() - static_cast<std::size_t>(std::count(
                                             bins.counts.begin(), bins.counts.end(), 0U));
  out.number(used);
  std::size_t next = 0;
  for (std::size_t i = 0; i < bins.counts.size(); ++i) {
    if (bins.counts[i] == 0) continue;
    out.number(i - next);
    out.number(bins.counts[i]);
    next = i + 1;
  }
}

std::vector<std::uint8_t> pack(const Additions& additions) {
  const std::span<const std::int64_t> epochs = additions.epochs();
  // Epochs ascend in the bytes, in whatever order they came.
  std::vector<std::int64_t> sorted(epochs.begin(), epochs.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<Entry> entries = additions.sorted();
  std::erase_if(entries, [](const Entry& entry) { return entry.n == 0; });
  const auto epoch_of = [&](const Entry& entry) { return epochs[entry.epoch()]; };
  std::stable_sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    if (a.kind() != b.kind()) return a.kind() < b.kind();
    if (a.space() != b.space()) return a.space() < b.space();
    return epoch_of(a) < epoch_of(b);
  });
  PackWriter out;
  out.number(sorted.size());
  for (const std::int64_t epoch : sorted) out.number(zigzag(epoch));
  PackWriter groups;
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < entries.size();) {
    const Entry& first = entries[begin];
    std::size_t end = begin;
    while (end < entries.size() && (entries[end].what & 0xFFU) == (first.what & 0xFFU)) ++end;
    const auto epoch = static_cast<unsigned>(
        std::lower_bound(sorted.begin(), sorted.end(), epoch_of(first)) - sorted.begin());
    groups.byte(static_cast<std::uint8_t>(static_cast<unsigned>(first.kind()) |
                                          static_cast<unsigned>(first.space()) << 2U |
                                          epoch << 3U));
    put_group(groups, std::span(entries).subspan(begin, end - begin));
    ++count;
    begin = end;
  }
  out.number(count);
  out.bytes(groups.take());
  std::vector<const Additions::Bins*> bins;
  for (const Additions::Bins& one : additions.bins()) {
    if (std::any_of(one.counts.begin(), one.counts.end(), [](auto n) { return n != 0; })) {
      bins.push_back(&one);
    }
  }
  std::sort(bins.begin(), bins.end(), [](const auto* a, const auto* b) {
    return std::tie(a->epoch, a->name.high, a->name.low) <
           std::tie(b->epoch, b->name.high, b->name.low);
  });
  out.number(bins.size());
  for (const Additions::Bins* one : bins) put_bins(out, *one);
  return out.take();
}

// --- unpacking ---

class Unpacker {
 public:
  Unpacker(std::span<const std::uint8_t> bytes, const AdditionsLimits& limits)
      : in_(bytes), limits_(limits), out_(most_in(bytes.size(), limits.entries)) {}

  Result<Additions> run() {
    if (!epochs() || !groups() || !bins() || in_.failed()) {
      return bad(why_.empty() ? "they end too early or hold a malformed number" : why_);
    }
    if (!in_.at_end()) return bad("bytes are left over");
    return std::move(out_);
  }

 private:
  /// An entry takes two bytes at the least: small additions need no table for many.
  static std::size_t most_in(std::size_t bytes, std::size_t entries_max) {
    return std::max<std::size_t>(1, std::min(entries_max, bytes / 2));
  }

  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }

  bool epochs() {
    const std::uint64_t count = in_.number();
    if (count > Additions::kEpochsMax) return fail("more than 8 epochs");
    for (std::uint64_t i = 0; i < count && !in_.failed(); ++i) {
      const std::int64_t epoch = unzigzag(in_.number());
      if (epoch == kNoEpoch || (!epochs_.empty() && epoch <= epochs_.back())) {
        return fail("epochs are not in order");
      }
      epochs_.push_back(epoch);
    }
    return !in_.failed();
  }

  bool groups() {
    const std::uint64_t count = in_.number();
    int before = -1;
    for (std::uint64_t i = 0; i < count; ++i) {
      const unsigned tag = in_.byte();
      const unsigned kind = tag & 3U;
      const unsigned epoch = tag >> 3U;
      if (in_.failed()) return false;
      // Kind, then space, then epoch: the order of packing.
      const auto order = static_cast<int>(kind << 4U | (tag >> 2U & 1U) << 3U | epoch);
      if (kind > 2 || epoch >= epochs_.size()) return fail("a group of an unknown kind or epoch");
      if (order <= before) return fail("groups are not in order");
      before = order;
      if (!group(static_cast<Kind>(kind), static_cast<Space>(tag >> 2U & 1U), epochs_[epoch])) {
        return false;
      }
    }
    return true;
  }

  bool group(Kind kind, Space space, std::int64_t epoch) {
    const std::uint64_t count = in_.number();
    if (count == 0 || count > limits_.entries) return fail("a group of too many entries, or none");
    const unsigned width = in_.byte();
    if (width < 1 || width > 8) return in_.failed() ? false : fail("keys of an impossible width");
    const auto gaps = in_.bytes(count * width);
    if (in_.failed()) return false;
    std::vector<std::uint64_t>& keys = keys_;
    keys.resize(count);
    std::uint64_t key = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t gap = 0;
      for (std::size_t k = 0; k < width; ++k) {
        gap |= std::uint64_t{gaps[i * width + k]} << (8 * k);
      }
      if ((gap == 0 && i != 0) || gap > std::numeric_limits<std::uint64_t>::max() - key) {
        return fail("keys are not in order");
      }
      key += gap;
      keys[i] = key;
    }
    std::uint64_t sum = 0;
    std::vector<std::uint64_t>& counts = counts_;
    counts.resize(count);
    for (std::uint64_t& n : counts) {
      n = in_.number();
      if (in_.failed()) return false;
      if (n == 0 || n > std::numeric_limits<std::uint32_t>::max()) {
        return fail("a number out of range");
      }
      sum += n;
    }
    total_ += kind == Kind::distinct ? sum : count;
    if (total_ > limits_.entries) {
      return fail("more than " + std::to_string(limits_.entries) + " entries");
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto n = static_cast<std::uint32_t>(counts[i]);
      if (kind == Kind::pair) out_.pair(space, keys[i], epoch, n);
      if (kind == Kind::total) out_.total(space, keys[i], epoch, n);
      if (kind == Kind::distinct && !fingerprints(space, keys[i], n, epoch)) return false;
    }
    return true;
  }

  bool fingerprints(Space space, std::uint64_t key, std::uint32_t count, std::int64_t epoch) {
    std::uint64_t before = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint64_t fingerprint = get_fixed(in_, kFingerprintBytes);
      if (in_.failed()) return false;
      if (i != 0 && fingerprint <= before) return fail("fingerprints are not in order");
      before = fingerprint;
      static_assert(kFingerprintMax >> 8 * kFingerprintBytes == 0);
      out_.distinct(space, key, static_cast<std::uint32_t>(fingerprint), epoch);
    }
    return true;
  }

  bool bins() {
    const std::uint64_t count = in_.number();
    if (count > Additions::kBinsMax) return fail("too many histograms");
    for (std::uint64_t i = 0; i < count; ++i) {
      Hash128 name;
      name.low = get_fixed(in_, 8);
      name.high = get_fixed(in_, 8);
      const std::int64_t epoch = unzigzag(in_.number());
      const std::uint64_t used = in_.number();
      if (in_.failed()) return false;
      if (name.none() || used == 0 || used > Histograms::kBins) {
        return fail("a histogram without name or counts");
      }
      std::uint64_t place = 0;
      for (std::uint64_t k = 0; k < used; ++k) {
        const std::uint64_t gap = in_.number();
        const std::uint64_t n = in_.number();
        if (in_.failed()) return false;
        if (gap >= Histograms::kBins - place || n == 0 ||
            n > std::numeric_limits<std::uint32_t>::max()) {
          return fail("a histogram's place or count out of range");
        }
        place += gap;
        out_.bin(name, static_cast<unsigned>(place), epoch, static_cast<std::uint32_t>(n));
        ++place;
        if (place == Histograms::kBins && k + 1 < used) return fail("a histogram's place");
      }
    }
    return true;
  }

  PackReader in_;
  const AdditionsLimits& limits_;
  Additions out_;
  std::vector<std::int64_t> epochs_;
  std::vector<std::uint64_t> keys_, counts_;  // of one group
  std::uint64_t total_ = 0;
  std::string why_;
};

/// One a thread: making one anew costs more than unpacking a delta. Null: no memory.
ZSTD_DCtx* decompressor() {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  static thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  return context.get();
}

}  // namespace

std::vector<std::uint8_t> encode_additions(const Additions& additions) {
  const std::vector<std::uint8_t> raw = pack(additions);
  std::vector<std::uint8_t> out(1 + ZSTD_compressBound(raw.size()));
  const std::size_t size =
      ZSTD_compress(out.data() + 1, out.size() - 1, raw.data(), raw.size(), kCompressionLevel);
  if (ZSTD_isError(size) == 0 && size < raw.size()) {
    out.resize(1 + size);
    out[0] = kZstd;
    return out;
  }
  out.assign(1, kPlain);
  out.insert(out.end(), raw.begin(), raw.end());
  return out;
}

Result<Additions> decode_additions(std::span<const std::uint8_t> bytes,
                                   const AdditionsLimits& limits) {
  if (bytes.empty()) return bad("there are none");
  const std::span<const std::uint8_t> data = bytes.subspan(1);
  if (bytes[0] == kPlain) {
    if (data.size() > limits.raw_bytes()) return bad("they are too long");
    return Unpacker(data, limits).run();
  }
  if (bytes[0] != kZstd) return bad("they are of an unknown form");
  const unsigned long long raw_bytes = ZSTD_getFrameContentSize(data.data(), data.size());
  if (raw_bytes > limits.raw_bytes()) return bad("they do not say their size, or are too long");
  std::vector<std::uint8_t> raw(static_cast<std::size_t>(raw_bytes));
  ZSTD_DCtx* const context = decompressor();
  if (context == nullptr) return bad("there is no memory to unpack them");
  const std::size_t size =
      ZSTD_decompressDCtx(context, raw.data(), raw.size(), data.data(), data.size());
  if (ZSTD_isError(size) != 0 || size != raw.size()) return bad("zstd cannot read them");
  return Unpacker(raw, limits).run();
}

}  // namespace doorward
