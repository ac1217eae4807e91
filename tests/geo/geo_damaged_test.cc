// Files cut short and files with wrong bytes: an error or no answer, never a crash.
#include <gtest/gtest.h>

#include <random>

#include "plugins/geo/geo_databases.h"
#include "tests/support/files.h"
#include "tests/support/mmdb_writer.h"

/// libmaxminddb 1.7 keeps 5 KB when it refuses a file for its metadata. A running agent tries each
/// broken file once, so that does not add up; here it would fail the run under LeakSanitizer.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "leak:libmaxminddb";
}

namespace doorward {
namespace {

using V = MmdbValue;

std::string whole_file() {
  MmdbWriter writer({24, 6, "City"});
  for (int i = 0; i < 8; ++i) {
    writer.add("81.2." + std::to_string(16 * i) + ".0/20",
               V::map({{"city", V::map({{"names", V::map({{"en", V::text("London")}})}})},
                       {"country", V::map({{"iso_code", V::text("GB")}})},
                       {"location",
                        V::map({{"latitude", V::real(51.5 + i)}, {"longitude", V::real(-0.1)}})},
                       {"asn", V::text("AS" + std::to_string(64500 + i))},
                       {"org", V::text("Example")}}));
  }
  return writer.file();
}

/// Opens and asks for addresses in and beside the networks. Gives whether the file could be opened.
bool try_file(const std::string& path) {
  std::vector<Error> mistakes;
  GeoDatabases databases({path}, mistakes);
  if (!mistakes.empty()) {
    EXPECT_EQ(mistakes.size(), 1U);
    EXPECT_EQ(mistakes[0].where, path);
    EXPECT_FALSE(mistakes[0].what.empty());
  }
  std::size_t bytes = 0;
  for (const char* ip : {"81.2.0.1", "81.2.69.142", "81.2.127.255", "8.8.8.8", "2a00::1"}) {
    Event event;
    event.ip = *IpAddress::parse(ip);
    databases.fill_in(event);
    for (const std::string_view text : event.text) bytes += text.size();
    // Every byte of what was answered can be read.
    for (const std::string_view text : event.text) bytes += std::string(text).size();
  }
  EXPECT_LE(bytes, 5U * 2 * (2 + 2 * kGeoTextBytesMax + 10));
  return mistakes.empty();
}

TEST(GeoDamaged, CutAnywhere) {
  const TemporaryFolder folder;
  const std::string whole = whole_file();
  const std::size_t metadata = whole.find("MaxMind.com");
  ASSERT_TRUE(try_file(folder.write("whole", whole)));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const bool opened = try_file(folder.write("cut", whole.substr(0, size)));
    EXPECT_TRUE(size >= metadata || !opened) << size;
  }
  // A cut at the front leaves the metadata: what it points to is not there.
  for (std::size_t from = 1; from < metadata; from += 7) {
    try_file(folder.write("cut", whole.substr(from)));
  }
}

TEST(GeoDamaged, WrongBytesAnywhere) {
  const TemporaryFolder folder;
  const std::string whole = whole_file();
  std::mt19937 random(7);
  int opened = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string damaged = whole;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
    }
    opened += try_file(folder.write("damaged", damaged)) ? 1 : 0;
  }
  EXPECT_GT(opened, 1000) << "most damage does not show at once, so look-ups were tried";
}

TEST(GeoDamaged, AMapThatHoldsItself) {
  const TemporaryFolder folder;
  MmdbWriter writer;
  writer.add("81.2.0.0/16", V::map({{"country", V::pointer(0)}, {"city", V::pointer(0)}}));
  EXPECT_TRUE(try_file(folder.write("loop", writer.file())));
}

}  // namespace
}  // namespace doorward
