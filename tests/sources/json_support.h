// Running JSON records through the sources that read them, for tests.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/ecs_document.h"
#include "plugins/sources/source.h"
#include "tests/support/files.h"

namespace doorward {

extern const SourcePlugin kSourceCloudtrail;
extern const SourcePlugin kSourceEntra;
extern const SourcePlugin kSourceM365;
extern const SourcePlugin kSourceSuricata;
extern const SourcePlugin kSourceAlerts;

namespace testing_json {

inline constexpr std::array<const SourcePlugin*, 5> kJsonSources = {
    &kSourceCloudtrail, &kSourceEntra, &kSourceM365, &kSourceSuricata, &kSourceAlerts};

/// Name of a file of hand-written records.
inline std::string data_file(const SourcePlugin& plugin, const std::string& end = ".ndjson") {
  return DOORWARD_SOURCE_DIR "/tests/data/cloud/" + std::string(plugin.name) + end;
}

/// The objects of a text that lie `depth` deep (1: not in another object).
inline std::vector<std::string> records_of(std::string_view text, int depth = 1) {
  std::vector<std::string> records;
  int deep = 0;
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted) {
      if (text[i] == '\\') ++i;
      if (text[i] == '"') quoted = false;
    } else if (text[i] == '"') {
      quoted = true;
    } else if (text[i] == '{' && ++deep == depth) {
      begin = i;
    } else if (text[i] == '}' && deep-- == depth) {
      records.emplace_back(text.substr(begin, i + 1 - begin));
    }
  }
  return records;
}

/// What a source says of records: documents without event.original, and that apart.
class JsonFeeder : public EventSink {
 public:
  explicit JsonFeeder(const SourcePlugin& plugin) : source_(plugin.make({})) {}

  JsonFeeder& feed(std::string_view record) {
    // A buffer of its own, so that sanitizers see every read past the end.
    const std::vector<char> bytes(record.begin(), record.end());
    const std::string_view line(bytes.data(), bytes.size());
    source_->feed(line, source_->stamp(line, input_), *this);
    return *this;
  }
  JsonFeeder& feed_all(const std::vector<std::string>& records) {
    for (const std::string& record : records) feed(record);
    return *this;
  }

  void on_event(const Event& event) override {
    originals.emplace_back(event[Field::original]);
    Event bare = event;
    bare[Field::original] = {};
    append_event_document(bare, documents.emplace_back());
  }

  [[nodiscard]] const SourceCounters& counters() const { return source_->counters(); }

  std::vector<std::string> documents;
  std::vector<std::string> originals;

 private:
  std::unique_ptr<Source> source_;
  InputState input_;
};

}  // namespace testing_json
}  // namespace doorward
