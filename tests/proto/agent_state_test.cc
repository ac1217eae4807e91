// State files: what is written is read; whatever is damaged is refused with a sentence and set
// aside.
#include <agent_state_generated.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <random>
#include <set>

#include "proto/agent_state_file.h"
#include "proto/checksum.h"
#include "tests/sketch/additions.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

using Bytes = std::vector<std::uint8_t>;

constexpr std::int64_t kNow = 1'795'176'900'000'000;  // 2026-11-20T12:15:00Z

Bytes noise(std::size_t size) {
  std::mt19937 random(3);
  Bytes out(size);
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

Bytes encode(const std::vector<StatePiece>& pieces) {
  auto bytes = encode_agent_state(pieces, kNow);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message();
  return std::move(bytes).value();
}

/// Two small sections, one of them compressed.
Bytes small_state() {
  const Bytes zeros(200);
  const Bytes few = {1, 2, 3};
  return encode({{"pipeline", zeros}, {"source:authlog", few}});
}

std::string refusal(std::span<const std::uint8_t> bytes, std::size_t most = agent_state_max()) {
  const auto state = decode_agent_state(bytes, most);
  return state ? "" : state.error().message();
}

TEST(AgentState, GivesEverySectionBack) {
  const Bytes zeros(100'000);
  const Bytes random = noise(5'000);
  const Bytes bytes = encode({{"baseline", random}, {"zeros", zeros}, {"empty", {}}});
  EXPECT_LT(bytes.size(), 6'000U) << "zeros take no room";
  const auto state = decode_agent_state(bytes);
  ASSERT_TRUE(state.ok()) << state.error().message();
  EXPECT_EQ(state.value().saved_at_us, kNow);
  ASSERT_EQ(state.value().sections.size(), 3U);
  EXPECT_EQ(state.value().find("baseline")->bytes, random);
  EXPECT_EQ(state.value().find("baseline")->stored, random.size()) << "not compressed in vain";
  EXPECT_EQ(state.value().find("zeros")->bytes, zeros);
  EXPECT_TRUE(state.value().find("empty")->bytes.empty());
  EXPECT_EQ(state.value().find("other"), nullptr);
  // Where it lies in memory does not matter.
  Bytes shifted(bytes.size() + 1);
  std::copy(bytes.begin(), bytes.end(), shifted.begin() + 1);
  EXPECT_TRUE(decode_agent_state(std::span<const std::uint8_t>(shifted).subspan(1)).ok());
  EXPECT_TRUE(decode_agent_state(encode({})).ok());
}

TEST(AgentState, NamesAndNumberHaveLimits) {
  const Bytes one = {1};
  const std::string longest(kStateNameBytesMax, 'x');
  EXPECT_TRUE(encode_agent_state(std::vector<StatePiece>{{longest, one}}, kNow).ok());
  for (const std::string& name : {longest + "x", std::string(), std::string("a b"),
                                  std::string("a\n"), std::string("caf\xC3\xA9")}) {
    EXPECT_FALSE(encode_agent_state(std::vector<StatePiece>{{name, one}}, kNow).ok()) << name;
  }
  EXPECT_FALSE(encode_agent_state(std::vector<StatePiece>{{"a", one}, {"a", one}}, kNow).ok());
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= kStateSectionsMax; ++i) names.push_back(std::to_string(i));
  std::vector<StatePiece> pieces;
  for (const std::string& name : names) pieces.push_back({name, one});
  EXPECT_FALSE(encode_agent_state(pieces, kNow).ok());
  pieces.pop_back();
  EXPECT_TRUE(encode_agent_state(pieces, kNow).ok());
}

TEST(AgentState, EveryTruncationIsRefused) {
  const Bytes good = small_state();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(refusal(std::span(good).first(size)).empty()) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(refusal(longer).empty());
}

TEST(AgentState, EveryChangedByteIsRefused) {
  const Bytes good = small_state();
  std::set<std::string> sentences;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (unsigned change = 1; change < 256; ++change) {
      Bytes bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ change);
      const std::string why = refusal(bad);
      ASSERT_FALSE(why.empty()) << at << " ^ " << change;
      sentences.insert(why);
    }
  }
  EXPECT_GE(sentences.size(), 4U);
}

/// Builds a file whose checksum is right, as somebody would who forges one.
Bytes forged(std::uint16_t version,
             const std::function<std::vector<flatbuffers::Offset<fb::StateSection>>(
                 flatbuffers::FlatBufferBuilder&)>& make) {
  flatbuffers::FlatBufferBuilder builder;
  const auto sections = builder.CreateVector(make(builder));
  const fb::Checksum zeros;
  fb::FinishAgentStateFileBuffer(
      builder, fb::CreateAgentStateFile(builder, version, &zeros, kNow, sections));
  Bytes bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  const auto* checksum = fb::GetAgentStateFile(bytes.data())->checksum();
  write_checksum(bytes, place_in(bytes, checksum));
  return bytes;
}

TEST(AgentState, ForgeriesAreRefusedWithTheirReason) {
  using Builder = flatbuffers::FlatBufferBuilder;
  using Sections = std::vector<flatbuffers::Offset<fb::StateSection>>;
  const Bytes data = {1, 2, 3};
  const auto one = [&](const std::string& name, fb::StatePacking packing, std::uint64_t raw) {
    return [=](Builder& b) -> Sections {
      return {fb::CreateStateSection(b, b.CreateString(name), packing, raw, b.CreateVector(data))};
    };
  };
  using Packing = fb::StatePacking;
  const auto why = [&](const Bytes& bytes) { return refusal(bytes); };
  EXPECT_EQ(why(forged(1, one("a", Packing::plain, 3))), "");
  EXPECT_NE(why(forged(0, one("a", Packing::plain, 3))).find("format version 0"),
            std::string::npos);
  EXPECT_NE(
      why(forged(2, one("a", Packing::plain, 3))).find("format version 2, this program reads 1"),
      std::string::npos);
  EXPECT_NE(why(forged(1, one("a", Packing::plain, 4))).find("another size"), std::string::npos);
  EXPECT_NE(why(forged(1, one("a", Packing::zstd, 3))).find("does not agree"), std::string::npos);
  EXPECT_NE(why(forged(1, one("a", Packing::plain, UINT64_MAX))).find("are possible"),
            std::string::npos);
  EXPECT_NE(why(forged(1, one("a b", Packing::plain, 3))).find("impossible name"),
            std::string::npos);
  EXPECT_NE(why(forged(1, one("a", static_cast<Packing>(7), 3))).find("unknown way"),
            std::string::npos);
  EXPECT_NE(why(forged(1,
                       [&](Builder& b) {
                         Sections twice = one("a", Packing::plain, 3)(b);
                         twice.push_back(one("a", Packing::plain, 3)(b).front());
                         return twice;
                       }))
                .find("twice"),
            std::string::npos);
  EXPECT_FALSE(why(forged(1, [&](Builder& b) {
                 Sections many;
                 for (int i = 0; i < 70; ++i) {
                   many.push_back(one(std::to_string(i), Packing::plain, 3)(b).front());
                 }
                 return many;
               })).empty());
}

TEST(AgentState, SizesAreBounded) {
  const Bytes zeros(std::size_t{1} << 20);
  const Bytes bytes = encode({{"a", zeros}, {"b", zeros}});
  EXPECT_LT(bytes.size(), 10'000U);
  EXPECT_NE(refusal(bytes, zeros.size() + 1000).find("are possible"), std::string::npos)
      << "both together are too much";
  EXPECT_NE(refusal(bytes, 100).find("too long"), std::string::npos);
  EXPECT_EQ(refusal(bytes, 2 * zeros.size()), "");
}

TEST(AgentState, IsWrittenPrivatelyAndRead) {
  const TemporaryFolder folder;
  const std::string path = folder.path("agent.state");
  EXPECT_EQ(read_state_file(path).is, StateFileIs::missing);
  const Bytes few = {1, 2, 3};
  for (int round = 0; round < 2; ++round) {
    const Status written = write_state_file(path, std::vector<StatePiece>{{"few", few}}, kNow);
    ASSERT_TRUE(written.ok()) << written.error().message();
  }
  struct stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.dir()), fs::directory_iterator()), 1);
  const StateFileRead read = read_state_file(path);
  ASSERT_EQ(read.is, StateFileIs::good) << read.error.message();
  EXPECT_EQ(read.state.find("few")->bytes, few);
  EXPECT_EQ(read_state_file(folder.dir()).is, StateFileIs::unreadable);
  EXPECT_EQ(read_state_file(path, 10).is, StateFileIs::unreadable) << "too long, perhaps whole";
}

// A file cut at any byte, as after a power cut on a disk that lies: damaged, never anything else.
TEST(AgentState, ACutFileIsDamagedAndSetAside) {
  const TemporaryFolder folder;
  const Bytes good = small_state();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string path =
        folder.write("agent.state", {reinterpret_cast<const char*>(good.data()), size});
    const StateFileRead read = read_state_file(path);
    ASSERT_EQ(read.is, StateFileIs::damaged) << size;
    ASSERT_EQ(read.error.where, path);
  }
  const std::string path = folder.path("agent.state");
  const Error said = set_aside(path, "damaged: the checksum does not match", kNow);
  EXPECT_EQ(said.where, path);
  EXPECT_EQ(said.what, "damaged: the checksum does not match; set aside as " + path +
                           ".damaged-20261120T121500, and begun anew");
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists(path + ".damaged-20261120T121500"));
}

TEST(AgentState, OnlyTheNewestDamagedFilesAreKept) {
  const TemporaryFolder folder;
  const std::string path = folder.path("agent.state");
  folder.write("agent.state.damaged-notes.txt", "somebody's");
  folder.write("agent.state.damaged-20200101T000000.txt", "somebody's");
  for (int i = 0; i < 5; ++i) {
    folder.write("agent.state", std::to_string(i));
    set_aside(path, "why", kNow + (i < 3 ? 0 : std::int64_t{i} * 3'600'000'000));
  }
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder.dir())) {
    left.insert(entry.path().filename().string());
  }
  EXPECT_EQ(left,
            (std::set<std::string>{
                "agent.state.damaged-notes.txt", "agent.state.damaged-20200101T000000.txt",
                "agent.state.damaged-20261120T121500.3", "agent.state.damaged-20261120T151500",
                "agent.state.damaged-20261120T161500"}));
  EXPECT_EQ(read_file(path + ".damaged-20261120T121500.3"), "2");
  const Error missing = set_aside(path, "why", kNow);
  EXPECT_NE(missing.what.find("cannot be set aside"), std::string::npos) << missing.what;
}

TEST(AgentState, ABaselineIsReadFromEither) {
  const TemporaryFolder folder;
  const Baseline baseline = testing::baseline_of(testing::random_log({}, 1));
  const Bytes encoded = encode_baseline(baseline);
  const std::string state = folder.path(std::string(kStateFileName));
  ASSERT_TRUE(
      write_state_file(state, std::vector<StatePiece>{{kBaselineSection, encoded}}, kNow).ok());
  ASSERT_TRUE(write_whole_file(folder.path("b.dwbl"), encoded).ok());
  for (const std::string& path : {state, folder.dir(), folder.path("b.dwbl")}) {
    const auto back = read_any_baseline(path, HashKey{});
    ASSERT_TRUE(back.ok()) << back.error().message();
    EXPECT_EQ(encode_baseline(back.value()), encoded);
  }
  HashKey key;
  key.bytes[0] = 1;
  EXPECT_NE(read_any_baseline(state, key).error().what.find("another fleet key"),
            std::string::npos);
  const Bytes none;
  ASSERT_TRUE(write_state_file(state, std::vector<StatePiece>{{"pipeline", none}}, kNow).ok());
  EXPECT_NE(read_any_baseline(state, HashKey{}).error().what.find("has no baseline"),
            std::string::npos);
}

}  // namespace
}  // namespace doorward
