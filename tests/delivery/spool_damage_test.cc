// Torn ends, flipped bits and garbage: what is whole is kept, nothing stops.
#include <gtest/gtest.h>

#include "plugins/delivery/segment.h"
#include "tests/delivery/spool_world.h"

namespace doorward {
namespace {

constexpr std::uint64_t kDocuments = 5;

/// A spool with documents 1 to kDocuments, as its one segment's bytes.
std::string segment_bytes(std::vector<std::size_t>* ends = nullptr) {
  std::string bytes;
  append_segment_head(1, bytes);
  if (ends != nullptr) ends->push_back(bytes.size());
  for (std::uint64_t i = 1; i <= kDocuments; ++i) {
    const std::string id = "id-" + std::to_string(i);
    append_record(i, 1'800'000'000'000'000, {DocumentKind::alert, 50, id, 1, document_of(i)},
                  bytes);
    if (ends != nullptr) ends->push_back(bytes.size());
  }
  return bytes;
}

std::string segment_path(const std::string& folder) {
  return folder + "/0000000000000001.seg";
}

void write_file(const std::string& path, std::string_view bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(SpoolDamage, TheFormatOnDiskStays) {
  std::string bytes;
  append_segment_head(7, bytes);
  append_record(7, 1'800'000'000'000'000, {DocumentKind::update, 89.5, "abc", 4, "{}"}, bytes);
  std::string hex;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned char>(c) >> 4U];
    hex += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  EXPECT_EQ(hex,
            "445753504f4f4c01"  // DWSPOOL, version 1
            "0700000000000000"  // first sequence
            "0000000000000000"
            "00000000"  // reserved
            "216f0e5d"  // checksum
            "44574352"
            "05000000"
            "8540fae6"          // DWCR, length, checksum
            "0700000000000000"  // sequence
            "0080982817650600"  // appended
            "0000b342"
            "04000000"
            "02"
            "03"
            "0000"  // score, occurrences, kind, id's length
            "616263"
            "7b7d");
  EXPECT_EQ(segment_head(bytes), 7U);
  const auto record = record_at(std::string_view(bytes).substr(kSegmentHeadBytes));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->sequence, 7U);
  EXPECT_EQ(record->record.score, 89.5);
  EXPECT_EQ(record->record.occurrences, 4U);
  EXPECT_EQ(record->record.id, "abc");
  EXPECT_EQ(record->record.document, "{}");
}

TEST(SpoolDamage, ASegmentCutAnywhereKeepsItsWholeRecordsAndGoesOn) {
  std::vector<std::size_t> ends;
  const std::string whole = segment_bytes(&ends);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    TemporaryFolder folder;
    World world;
    const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a"}};
    write_file(segment_path(options.folder), whole.substr(0, cut));
    std::uint64_t complete = 0;
    while (complete < kDocuments && ends[complete + 1] <= cut) ++complete;
    std::uint64_t after = 0;
    {
      const auto spool = open_spool(world, options);
      ASSERT_EQ(ids_of(read_all(*spool)), ids(1, complete)) << "cut at " << cut;
      EXPECT_EQ(spool->status().damaged_places, 0U) << "cut at " << cut;
      const bool at_an_end = cut == 0 || cut == ends[complete];
      EXPECT_EQ(spool->status().torn_bytes > 0, !at_an_end) << "cut at " << cut;
      after = spool->head();
      EXPECT_EQ(after, complete + 1) << "cut at " << cut;
      ASSERT_EQ(append(*spool, 100), Spool::Appended::stored);
      ASSERT_TRUE(spool->sync().ok());
    }
    const auto spool = open_spool(world, options);
    std::vector<std::string> want = ids(1, complete);
    want.emplace_back("id-100");
    ASSERT_EQ(ids_of(read_all(*spool)), want) << "cut at " << cut;
    EXPECT_EQ(spool->status().torn_bytes, 0U);
  }
}

TEST(SpoolDamage, ZerosOfAPowerCutAreCutOff) {
  TemporaryFolder folder;
  World world;
  const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a"}};
  write_file(segment_path(options.folder), segment_bytes() + std::string(5000, '\0'));
  const auto spool = open_spool(world, options);
  EXPECT_EQ(ids_of(read_all(*spool)), ids(1, kDocuments));
  EXPECT_EQ(spool->status().torn_bytes, 5000U);
  EXPECT_EQ(std::filesystem::file_size(segment_path(options.folder)), segment_bytes().size());
}

// One byte changed anywhere: at most the record that it is in is lost, and told.
TEST(SpoolDamage, AFlippedByteCostsItsOwnRecordOnly) {
  std::vector<std::size_t> ends;
  const std::string whole = segment_bytes(&ends);
  Random random(5);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    TemporaryFolder folder;
    World world;
    const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a"}};
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1U << (random() % 8)));
    write_file(segment_path(options.folder), bytes);
    std::vector<std::string> want;
    for (std::uint64_t i = 1; i <= kDocuments; ++i) {
      if (at < ends[i - 1] || at >= ends[i]) want.push_back("id-" + std::to_string(i));
    }
    const auto spool = open_spool(world, options);
    ASSERT_EQ(ids_of(read_all(*spool)), want) << "byte " << at;
    const SpoolStatus status = spool->status();
    EXPECT_TRUE(status.damaged_places > 0 || status.torn_bytes > 0) << "byte " << at;
    EXPECT_EQ(segments_in(options.folder, ".damaged").size(), status.damaged_places > 0 ? 1U : 0U);
    ASSERT_EQ(append(*spool, 100), Spool::Appended::stored);
    EXPECT_EQ(ids_of(read_all(*spool)).back(), "id-100");
  }
}

TEST(SpoolDamage, RandomDamageNeverStopsItAndNeverMakesUpDocuments) {
  const std::string whole = segment_bytes();
  for (unsigned seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    TemporaryFolder folder;
    World world;
    const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a"}};
    std::string bytes = whole;
    for (std::uint64_t i = random() % 6; i > 0; --i) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, random() % 200);
          break;
        case 2:
          bytes.insert(at, whole.substr(random() % whole.size(), random() % 300));
          break;
        default:
          bytes.insert(at, std::string(random() % 100, static_cast<char>(random())));
          break;
      }
      if (bytes.empty()) bytes = "x";
    }
    write_file(segment_path(options.folder), bytes);
    write_file(options.folder + "/0000000000000100.seg", bytes.substr(0, random() % bytes.size()));
    write_file(options.folder + "/positions", bytes.substr(0, random() % 60));
    {
      const auto spool = open_spool(world, options);
      for (const Document& document : read_all(*spool)) {
        const std::string number = document.id.substr(3);
        ASSERT_EQ(document.text, document_of(std::stoull(number))) << "seed " << seed;
      }
      ASSERT_EQ(append(*spool, 1000), Spool::Appended::stored);
    }
    const auto spool = open_spool(world, options);
    EXPECT_EQ(ids_of(read_all(*spool)).back(), "id-1000");
    EXPECT_LE(segments_in(options.folder, ".damaged").size(), kDamagedKept + 1);
  }
}

TEST(SpoolDamage, DamageThatComesWhileItRunsIsPassedOver) {
  TemporaryFolder folder;
  World world;
  const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a"}};
  const auto spool = open_spool(world, options);
  for (std::uint64_t i = 1; i <= kDocuments; ++i) append(*spool, i);
  std::string bytes = read_file(segment_path(options.folder));
  const std::size_t at = bytes.find("\"id-3\"");
  {
    std::fstream file(segment_path(options.folder),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << 'X';
  }
  std::vector<std::string> want = ids(1, kDocuments);
  want.erase(want.begin() + 2);
  EXPECT_EQ(ids_of(read_all(*spool)), want);
  EXPECT_EQ(spool->status().damaged_places, 1U);
  EXPECT_EQ(world.said_with("damaged"), 1U);
  EXPECT_EQ(ids_of(read_all(*spool)), want);
  EXPECT_EQ(spool->status().damaged_places, 1U) << "told once";
}

TEST(SpoolDamage, ARewriteThatWasCutOffLosesNothing) {
  TemporaryFolder folder;
  World world;
  const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a"}};
  // The damaged one is set aside, its successor not yet in its place.
  write_file(segment_path(options.folder) + ".damaged", "damaged");
  write_file(segment_path(options.folder) + ".tmp", segment_bytes());
  // Its successor is half written, it is still there.
  write_file(options.folder + "/0000000000000100.seg.tmp", "half");
  std::string second;
  append_segment_head(256, second);
  write_file(options.folder + "/0000000000000100.seg", second);
  const auto spool = open_spool(world, options);
  EXPECT_EQ(ids_of(read_all(*spool)), ids(1, kDocuments));
  EXPECT_EQ(spool->head(), 256U);
  EXPECT_TRUE(segments_in(options.folder, ".tmp").empty());
}

TEST(SpoolDamage, AtMostThreeDamagedSegmentsAreKept) {
  TemporaryFolder folder;
  World world;
  const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a"}};
  for (int i = 0; i < 6; ++i) {
    write_file(options.folder + "/000000000000100" + std::to_string(i) + ".seg",
               "garbage garbage "
               "garbage garbage garbage");
  }
  const auto spool = open_spool(world, options);
  EXPECT_EQ(segments_in(options.folder, ".seg.damaged").size(), 3U);
  EXPECT_EQ(spool->status().damaged_places, 6U);
  EXPECT_TRUE(std::filesystem::exists(options.folder + "/0000000000001005.seg.damaged"));
}

TEST(SpoolDamage, DamagedPositionsMeanFromTheOldestOn) {
  TemporaryFolder folder;
  World world;
  const SpoolOptions options{folder.path("spool"), kSmallSpool, {"a", "b"}};
  {
    const auto spool = open_spool(world, options);
    for (std::uint64_t i = 1; i <= 5; ++i) append(*spool, i);
    spool->advance(0, 5);
    spool->advance(1, 3);
  }
  const std::string path = options.folder + "/positions";
  std::string bytes = read_file(path);
  bytes[20] = static_cast<char>(bytes[20] ^ 1);
  write_file(path, bytes);
  const auto spool = open_spool(world, options);
  EXPECT_EQ(ids_of(read_all(*spool, 0)), ids_of(read_all(*spool, 1)));
  EXPECT_EQ(ids_of(read_all(*spool, 0)).back(), "id-5");
  EXPECT_EQ(world.said_with("positions is damaged"), 1U);
}

}  // namespace
}  // namespace doorward
