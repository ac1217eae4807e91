// Each file is taken for what it is, however its records are framed.
#include "plugins/sources/json_sniff.h"

#include <gtest/gtest.h>

#include "plugins/registry.h"
#include "tests/sources/json_support.h"

namespace doorward::testing_json {
namespace {

/// What --source auto takes it for; empty when no source is sure at all.
std::string surest(std::string_view head) {
  const SourcePlugin* best = nullptr;
  int most = 0;
  for (const SourcePlugin* plugin : source_plugins()) {
    const int sure = plugin->sniff(head);
    if (sure > most) {
      most = sure;
      best = plugin;
    }
  }
  return best == nullptr ? "" : std::string(best->name);
}

TEST(JsonSniff, EachRecordAloneAndInAList) {
  for (const SourcePlugin* plugin : kJsonSources) {
    const std::string name(plugin->name);
    const std::string text = read_file(data_file(*plugin));
    EXPECT_EQ(surest(text), name);
    std::string spaced;
    for (const char c : text) spaced += c == ',' ? std::string(",\n  ") : std::string(1, c);
    EXPECT_EQ(surest("\xEF\xBB\xBF\n" + spaced), name) << "over several lines";
    std::string list;
    for (const std::string& record : lines_of(text)) list += (list.empty() ? "" : ",") + record;
    EXPECT_EQ(surest("[" + list + "]"), name);
    if (plugin != &kSourceSuricata) {
      EXPECT_EQ(surest("{\"Records\":[" + list + "]}"), name);
      EXPECT_EQ(surest("{\"value\":[" + list.substr(0, 1500)), name) << "cut short";
    }
  }
}

TEST(JsonSniff, LogsOfLinesAndOtherJsonAreNobodys) {
  const std::string recorded = DOORWARD_SOURCE_DIR "/tests/data/recorded/";
  for (const char* file : {"auth.log", "auth-rfc3339.log", "audit.log"}) {
    const std::string text = read_file(recorded + file).substr(0, 65536);
    ASSERT_FALSE(text.empty());
    for (const SourcePlugin* plugin : kJsonSources) EXPECT_EQ(plugin->sniff(text), 0) << file;
  }
  const std::string cloud = read_file(data_file(kSourceCloudtrail));
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[["), std::string("{\"a\":"),
        std::string("{\"a\\"), std::string(65536, '{'), std::string(65536, '}'),
        std::string(R"({"level":"info","message":"@timestamp","time":1})"),
        std::string(R"({"@timestamp":"2026-11-20T08:15:00Z","message":"started","level":"info"})"),
        std::string(R"({"log":"{\"eventVersion\":1,\"eventSource\":2,\"eventName\":3}"})"),
        std::string(R"({"a":{"b":{"c":{"eventVersion":1,"eventSource":2,"eventName":3}}}})"),
        std::string(R"({"eventVersion":1,"x":{"eventSource":2,"eventName":3}})"),
        "Nov 20 08:15:00 web-1 app[1]: " + cloud}) {
    for (const SourcePlugin* plugin : kJsonSources) {
      EXPECT_EQ(plugin->sniff(text), 0) << plugin->name << ": " << text.substr(0, 80);
    }
  }
}

TEST(JsonSniff, DocumentsAboutAnothersRecordsAreAlerts) {
  EXPECT_EQ(surest(R"({"@timestamp":"2026-11-20T08:15:00Z","event":{"kind":"alert","original":)"
                   R"("{\"timestamp\":\"x\",\"event_type\":\"alert\",\"src_ip\":\"y\"}"},)"
                   R"("suricata":{"eve":{"event_type":"alert","flow_id":"1"}}})"),
            "alerts");
}

}  // namespace
}  // namespace doorward::testing_json
