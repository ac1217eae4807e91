// What the tests of the spool share: a world that is told what time it is, and documents.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "plugins/delivery/spool.h"
#include "tests/support/files.h"

namespace doorward {

/// Random numbers that are the same in every run.
using Random = std::mt19937_64;

struct World {
  TimeUs now = 1'800'000'000'000'000;
  std::vector<std::string> said;
  std::uint64_t random = 1;

  DeliveryEnv env() {
    DeliveryEnv out;
    out.now = [this] { return now; };
    out.random = [this] {
      random = random * 6364136223846793005U + 1442695040888963407U;
      return random >> 11U;
    };
    out.say = [this](Loudness, std::string_view text) { said.emplace_back(text); };
    return out;
  }
  [[nodiscard]] std::size_t said_with(std::string_view part) const {
    std::size_t count = 0;
    for (const std::string& text : said) count += text.find(part) != std::string::npos ? 1U : 0U;
    return count;
  }
};

/// Nothing here cuts the power: a disk in memory serves, where fsync costs nothing.
inline const bool kInMemory = std::filesystem::is_directory("/dev/shm") &&
                              ::access("/dev/shm", W_OK) == 0 &&
                              ::setenv("TMPDIR", "/dev/shm", 0) == 0;

/// Opens, and fails the test when that fails.
inline std::unique_ptr<Spool> open_spool(World& world, const SpoolOptions& options) {
  Result<std::unique_ptr<Spool>> spool = Spool::open(options, world.env());
  if (!spool) {
    ADD_FAILURE() << spool.error().message();
    return nullptr;
  }
  return std::move(spool).value();
}

inline std::string document_of(std::uint64_t number, std::size_t bytes = 0) {
  std::string text = R"({"event":{"id":"id-)" + std::to_string(number) + R"("},"pad":")";
  if (text.size() + 2 < bytes) text.append(bytes - text.size() - 2, 'x');
  return text + "\"}";
}

inline Spool::Appended append(Spool& spool, std::uint64_t number, double score = 50,
                              std::size_t bytes = 0) {
  const std::string id = "id-" + std::to_string(number);
  return spool.append({DocumentKind::alert, score, id, 1, document_of(number, bytes)});
}

/// Everything that a reader has before it.
inline std::vector<Document> read_all(Spool& spool, std::size_t reader = 0) {
  std::uint64_t passed = 0;
  return spool.read(reader, spool.reader_status(reader, 0).position, 0, SIZE_MAX, SIZE_MAX, passed);
}

inline std::vector<std::string> ids_of(const std::vector<Document>& documents) {
  std::vector<std::string> out;
  for (const Document& document : documents) out.push_back(document.id);
  return out;
}

/// "id-3", "id-4", ... "id-7".
inline std::vector<std::string> ids(std::uint64_t first, std::uint64_t last) {
  std::vector<std::string> out;
  for (std::uint64_t i = first; i <= last; ++i) out.push_back("id-" + std::to_string(i));
  return out;
}

inline std::vector<std::string> segments_in(const std::string& folder,
                                            std::string_view suffix = ".seg") {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().string().ends_with(suffix)) out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline std::uint64_t bytes_in(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const std::string& path : segments_in(folder)) bytes += std::filesystem::file_size(path);
  return bytes;
}

inline constexpr std::uint64_t kSmallSpool = std::uint64_t{1024} * 1024;

}  // namespace doorward
