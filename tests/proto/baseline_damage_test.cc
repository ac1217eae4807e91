// Damaged and forged baselines: refused with a sentence, or what they say; never a crash.
#include <baseline_generated.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <cstring>
#include <random>
#include <set>

#include "proto/baseline_codec.h"
#include "proto/baseline_sections.h"
#include "tests/sketch/additions.h"

namespace doorward {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes sample() {
  return encode_baseline(testing::baseline_of(testing::random_log(
      {.additions = 4000, .partitions = 60, .values = 20, .first_epoch = 2, .last_epoch = 8}, 6)));
}

Bytes mutated(const Bytes& bytes, std::mt19937_64& random) {
  Bytes out = bytes;
  const auto place = [&] { return static_cast<std::ptrdiff_t>(random() % out.size()); };
  switch (random() % 6) {
    case 0:
      out[static_cast<std::size_t>(place())] ^= static_cast<std::uint8_t>(1U << (random() % 8));
      break;
    case 1:
      out[static_cast<std::size_t>(place())] = static_cast<std::uint8_t>(random());
      break;
    case 2:
      out.resize(random() % out.size());
      break;
    case 3:
      out.insert(out.begin() + place(), static_cast<std::uint8_t>(random()));
      break;
    case 4:
      out.erase(out.begin() + place());
      break;
    default: {
      const auto from = place();
      std::fill(out.begin() + from,
                out.begin() + std::min(from + 16, static_cast<std::ptrdiff_t>(out.size())),
                random() % 2 == 0 ? std::uint8_t{0} : std::uint8_t{0xFF});
    }
  }
  return out;
}

TEST(BaselineDamage, EveryMutationIsRefused) {
  const Bytes good = sample();
  std::mt19937_64 random(1);
  for (int i = 0; i < 6000; ++i) {
    const Bytes bad = mutated(good, random);
    if (bad == good) continue;
    const auto decoded = decode_baseline(bad, HashKey{});
    ASSERT_FALSE(decoded.ok()) << "mutation " << i;
    ASSERT_FALSE(decoded.error().message().empty());
  }
}

TEST(BaselineDamage, EveryTruncationIsRefused) {
  const Bytes good = sample();
  for (std::size_t size = 0; size < good.size(); size += size < 200 ? 1 : 37) {
    ASSERT_FALSE(decode_baseline(std::span(good).first(size), HashKey{}).ok()) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(decode_baseline(longer, HashKey{}).ok());
}

// Makes the checksum right again, as somebody would who forges a file.
bool sign(Bytes& bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (bytes.size() < 16 || !fb::VerifyBaselineFileBuffer(verifier)) return false;
  auto* place = const_cast<fb::Checksum*>(fb::GetBaselineFile(bytes.data())->checksum());
  std::memset(static_cast<void*>(place), 0, sizeof(*place));
  std::array<std::uint8_t, 16> digest;
  crypto_generichash(digest.data(), digest.size(), bytes.data(), bytes.size(), nullptr, 0);
  std::memcpy(static_cast<void*>(place), digest.data(), digest.size());
  return true;
}

TEST(BaselineDamage, SignHelperSignsAsTheCodecDoes) {
  Bytes bytes = sample();
  const Bytes good = bytes;
  ASSERT_TRUE(sign(bytes));
  EXPECT_EQ(bytes, good);
}

// Past the checksum everything is still checked: what is accepted can be written and read again.
TEST(BaselineDamage, ForgeriesAreRefusedOrRead) {
  const Bytes good = sample();
  std::mt19937_64 random(2);
  std::set<std::string> sentences;
  int accepted = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes bad = mutated(good, random);
    if (random() % 2 == 0) bad = mutated(bad, random);
    if (!sign(bad)) continue;
    const auto decoded = decode_baseline(bad, HashKey{}, std::size_t{1} << 20);
    if (!decoded) {
      sentences.insert(decoded.error().message());
      continue;
    }
    ++accepted;
    const Bytes again = encode_baseline(decoded.value());
    const auto back = decode_baseline(again, HashKey{});
    ASSERT_TRUE(back.ok()) << back.error().message();
    ASSERT_EQ(encode_baseline(back.value()), again);
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GE(sentences.size(), 6U) << "the mutations do not reach the checks";
}

// What an unpacking accepts is exactly what packing writes: there is one encoding of every content.
template <class Make, class Pack, class Unpack>
void expect_one_encoding(const Bytes& good, Make make, Pack pack, Unpack unpack, unsigned seed) {
  {
    auto sketch = make();
    const Status status = unpack(good, sketch);
    ASSERT_TRUE(status.ok()) << status.error().message();
    ASSERT_EQ(pack(sketch), good);
  }
  std::mt19937_64 random(seed);
  int accepted = 0;
  for (int i = 0; i < 2000; ++i) {
    const Bytes bad = mutated(good, random);
    auto sketch = make();
    if (!unpack(bad, sketch)) continue;
    ++accepted;
    ASSERT_EQ(pack(sketch), bad) << "mutation " << i;
  }
  EXPECT_GT(accepted, 0);
}

constexpr DistinctTable::Sizes kSizes = {2048, 16'384, 2048};

TEST(BaselineDamage, PartitionsHaveOneEncoding) {
  const EpochRing ring{9, 8};
  const auto make = [&] {
    DistinctTable table(kSizes);
    table.set_ring(ring);
    return table;
  };
  DistinctTable table = make();
  for (const auto& a : testing::random_log(
           {.additions = 5000, .partitions = 50, .values = 12, .first_epoch = 2, .last_epoch = 9},
           3)) {
    table.add(a.partition_hash(), a.value_hash(), a.epoch);
  }
  expect_one_encoding(
      pack_partitions(table), make, [](const auto& t) { return pack_partitions(t); },
      [&](const Bytes& bytes, auto& t) { return unpack_partitions(bytes, ring.slots(), t); }, 4);
  EXPECT_LE(pack_partitions(table).size(), packed_partitions_max(table));
}

TEST(BaselineDamage, HistogramsHaveOneEncoding) {
  const EpochRing ring{9, 8};
  Histograms histograms;
  histograms.set_ring(ring);
  std::mt19937_64 random(5);
  for (int i = 0; i < 300; ++i) {
    histograms.add(testing::hash_number(random() % 5), static_cast<unsigned>(random() % 128),
                   2 + static_cast<std::int64_t>(random() % 8));
  }
  Histograms sorted;  // packing sorts by name, so the first round may reorder
  ASSERT_TRUE(unpack_histograms(pack_histograms(histograms), ring.slots(), sorted).ok());
  expect_one_encoding(
      pack_histograms(sorted), [] { return Histograms(); },
      [](const auto& h) { return pack_histograms(h); },
      [&](const Bytes& bytes, auto& h) { return unpack_histograms(bytes, ring.slots(), h); }, 6);
}

TEST(BaselineDamage, CountersHaveOneEncoding) {
  std::vector<std::uint32_t> units(3000);
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; ++i)
    units[random() % units.size()] = static_cast<std::uint32_t>(random());
  expect_one_encoding(
      pack_sparse(std::span<const std::uint32_t>(units)),
      [] { return std::vector<std::uint32_t>(3000); },
      [](const auto& u) { return pack_sparse(std::span<const std::uint32_t>(u)); },
      [](const Bytes& bytes, auto& u) { return unpack_sparse(bytes, std::span(u)); }, 8);
}

TEST(BaselineDamage, CountsOutsideTheRingAreRefused) {
  Baseline baseline = testing::make_baseline(kBaselineBytesMin, 3);
  baseline.advance(10);
  baseline.totals(Space::successes).raw()[EpochRing::slot_of(7)] = 1;  // not one of 8, 9, 10
  const auto decoded = decode_baseline(encode_baseline(baseline), HashKey{});
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message().find("outside the ring"), std::string::npos);
}

}  // namespace
}  // namespace doorward
