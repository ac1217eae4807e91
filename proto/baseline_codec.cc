#include "proto/baseline_codec.h"

#include <baseline_generated.h>
#include <zstd.h>

#include <cstring>
#include <new>
#include <string>

#include "proto/baseline_sections.h"
#include "proto/checksum.h"

namespace doorward {
namespace {

using Kind = fb::SectionKind;

constexpr int kCompressionLevel = 3;
constexpr std::size_t kSections = static_cast<std::size_t>(Kind::MAX) + 1;
constexpr unsigned kDepthMax = 4;
constexpr unsigned kTablesMax = 2 + kSections;
// Epochs beyond this are nonsense, and sums with them might overflow.
constexpr std::int64_t kEpochMax = std::int64_t{1} << 60;

Error bad(const std::string& what) {
  return Error{"baseline", what};
}

Space space_of(Kind kind) {
  return kind < Kind::pairs_failures ? Space::successes : Space::failures;
}

std::size_t checksum_place(std::span<const std::uint8_t> buffer) {
  static_assert(sizeof(fb::Checksum) == kChecksumBytes);
  return place_in(buffer, fb::GetBaselineFile(buffer.data())->checksum());
}

// --- encoding ---

class Encoder {
 public:
  explicit Encoder(const Baseline& baseline)
      : baseline_(baseline), builder_(std::size_t{64} * 1024) {}

  std::vector<std::uint8_t> encode() {
    for (std::size_t i = 0; i < kSections; ++i) add(static_cast<Kind>(i));
    const fb::Checksum zeros;
    const BaselineOptions& options = baseline_.options();
    const auto sections = builder_.CreateVector(sections_);
    fb::FinishBaselineFileBuffer(
        builder_, fb::CreateBaselineFile(builder_, kBaselineVersion, &zeros, key_name(options.key),
                                         options.bytes, static_cast<std::uint8_t>(options.epochs),
                                         options.epoch_us, baseline_.newest(), sections));
    const std::span<std::uint8_t> buffer(builder_.GetBufferPointer(), builder_.GetSize());
    write_checksum(buffer, checksum_place(buffer));
    return {buffer.begin(), buffer.end()};
  }

 private:
  void add(Kind kind) {
    const Space space = space_of(kind);
    switch (kind) {
      case Kind::pairs_successes:
      case Kind::pairs_failures:
        return add_units(kind, baseline_.pairs(space).raw());
      case Kind::totals_successes:
      case Kind::totals_failures:
        return add_units(kind, baseline_.totals(space).raw());
      case Kind::overflow_successes:
      case Kind::overflow_failures:
        return add_units(kind, baseline_.distinct(space).overflow().raw());
      case Kind::distinct_successes:
      case Kind::distinct_failures:
        return compress(kind, fb::Packing::partitions, pack_partitions(baseline_.distinct(space)));
      case Kind::histograms:
        return compress(kind, fb::Packing::named, pack_histograms(baseline_.histograms()));
    }
  }

  template <class Unit>
  void add_units(Kind kind, std::span<const Unit> units) {
    const auto sparse = pack_sparse(units);
    if (sparse.size() < units.size_bytes()) return compress(kind, fb::Packing::sparse, sparse);
    compress(kind, fb::Packing::dense,
             {reinterpret_cast<const std::uint8_t*>(units.data()), units.size_bytes()});
  }

  void compress(Kind kind, fb::Packing packing, std::span<const std::uint8_t> raw) {
    std::vector<std::uint8_t> data(ZSTD_compressBound(raw.size()));
    const std::size_t size =
        ZSTD_compress(data.data(), data.size(), raw.data(), raw.size(), kCompressionLevel);
    if (ZSTD_isError(size) != 0)
      throw std::bad_alloc();  // with room enough, memory is all it can lack
    const auto vector = builder_.CreateVector(data.data(), size);
    sections_.push_back(fb::CreateSection(builder_, kind, packing, raw.size(), vector));
  }

  const Baseline& baseline_;
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<flatbuffers::Offset<fb::Section>> sections_;
};

// --- decoding ---

// Decompresses a section that may have at most raw_max bytes.
Result<std::vector<std::uint8_t>> decompress(const fb::Section& section, std::size_t raw_max) {
  const std::span<const std::uint8_t> data(section.data()->data(), section.data()->size());
  if (section.raw_bytes() > raw_max) {
    return bad("a section says it has " + std::to_string(section.raw_bytes()) + " bytes, at most " +
               std::to_string(raw_max) + " are possible");
  }
  if (ZSTD_getFrameContentSize(data.data(), data.size()) != section.raw_bytes()) {
    return bad("the compressed size of a section does not agree with what the section says");
  }
  std::vector<std::uint8_t> raw(section.raw_bytes());
  const std::size_t size = ZSTD_decompress(raw.data(), raw.size(), data.data(), data.size());
  if (ZSTD_isError(size) != 0 || size != raw.size()) {
    return bad("a section cannot be decompressed");
  }
  return raw;
}

template <class Unit>
Status decode_units(const fb::Section& section, std::span<Unit> units) {
  const auto raw = decompress(section, units.size_bytes());
  if (!raw) return raw.error();
  if (section.packing() == fb::Packing::sparse) {
    return unpack_sparse(std::span<const std::uint8_t>(raw.value()), units);
  }
  if (section.packing() != fb::Packing::dense) return bad("a section is packed in an unknown way");
  if (raw.value().size() != units.size_bytes()) return bad("a dense section has the wrong size");
  std::memcpy(units.data(), raw.value().data(), raw.value().size());
  return {};
}

// Cells, which must be zero outside the ring.
template <class Sketch>
Status decode_sketch(const fb::Section& section, EpochMask ring, Sketch& sketch) {
  Status status = decode_units(section, sketch.raw());
  if (status && !sketch.only_slots(ring))
    return bad("a section has counts in an epoch outside the ring");
  return status;
}

Status decode_section(const fb::Section& section, Baseline& baseline) {
  const EpochMask ring = baseline.ring().slots();
  const Space space = space_of(section.kind());
  switch (section.kind()) {
    case Kind::pairs_successes:
    case Kind::pairs_failures:
      return decode_sketch(section, ring, baseline.pairs(space));
    case Kind::totals_successes:
    case Kind::totals_failures:
      return decode_sketch(section, ring, baseline.totals(space));
    case Kind::overflow_successes:
    case Kind::overflow_failures:
      return decode_sketch(section, ring, baseline.distinct(space).overflow());
    case Kind::distinct_successes:
    case Kind::distinct_failures: {
      if (section.packing() != fb::Packing::partitions) break;
      DistinctTable& table = baseline.distinct(space);
      const auto raw = decompress(section, packed_partitions_max(table));
      return raw ? unpack_partitions(raw.value(), ring, table) : Status(raw.error());
    }
    case Kind::histograms: {
      if (section.packing() != fb::Packing::named) break;
      const auto raw = decompress(section, packed_histograms_max());
      return raw ? unpack_histograms(raw.value(), ring, baseline.histograms())
                 : Status(raw.error());
    }
  }
  return bad("a section is packed in an unknown way");
}

// Everything up to the shape: whether these bytes are a whole, undamaged baseline of ours.
Status check_envelope(std::span<const std::uint8_t> bytes, const HashKey& key) {
  if (bytes.size() < 16 || !fb::BaselineFileBufferHasIdentifier(bytes.data())) {
    return bad("not a baseline: the file identifier is missing");
  }
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), kDepthMax, kTablesMax);
  if (!fb::VerifyBaselineFileBuffer(verifier)) return bad("damaged: the structure is not valid");
  const fb::BaselineFile& file = *fb::GetBaselineFile(bytes.data());
  if (file.version() != kBaselineVersion) {
    return bad("has format version " + std::to_string(file.version()) + ", this program reads " +
               std::to_string(kBaselineVersion));
  }
  if (!checksum_is_right(bytes, checksum_place(bytes))) {
    return bad("damaged: the checksum does not match");
  }
  if (file.key_name() != key_name(key)) return bad("was made under another fleet key");
  return {};
}

}  // namespace

std::vector<std::uint8_t> encode_baseline(const Baseline& baseline) {
  return Encoder(baseline).encode();
}

Result<Baseline> decode_baseline(std::span<const std::uint8_t> bytes, const HashKey& key,
                                 std::size_t bytes_max) {
  if (bytes.size() > encoded_baseline_max(bytes_max)) {
    return bad("too long: " + std::to_string(bytes.size()) + " bytes, at most " +
               std::to_string(encoded_baseline_max(bytes_max)) + " are read");
  }
  std::vector<std::uint8_t> aligned;  // FlatBuffers reads words where they lie
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 16 != 0) {
    aligned.assign(bytes.begin(), bytes.end());
    bytes = aligned;
  }
  if (Status status = check_envelope(bytes, key); !status) return status.error();
  const fb::BaselineFile& file = *fb::GetBaselineFile(bytes.data());
  if (file.bytes() > bytes_max) {
    return bad("asks for " + std::to_string(file.bytes()) + " bytes of memory, at most " +
               std::to_string(bytes_max) + " are allowed");
  }
  const bool empty = file.newest() == kNoEpoch;
  if (!empty && (file.newest() < -kEpochMax || file.newest() > kEpochMax)) {
    return bad("the newest epoch is impossible");
  }
  if (file.sections()->size() != kSections) return bad("the number of sections is wrong");
  auto baseline = Baseline::make({file.bytes(), file.epochs(), file.epoch_us(), key});
  if (!baseline) return baseline;
  if (!empty) baseline.value().advance(file.newest());
  for (unsigned i = 0; i < kSections; ++i) {
    const fb::Section& section = *file.sections()->Get(i);
    if (section.kind() != static_cast<Kind>(i)) return bad("the sections are not in their order");
    if (Status status = decode_section(section, baseline.value()); !status) return status.error();
  }
  return baseline;
}

}  // namespace doorward
