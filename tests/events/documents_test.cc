// ECS documents and text from hostile names.
#include <gtest/gtest.h>

#include "plugins/ecs_document.h"
#include "plugins/json_writer.h"
#include "plugins/printable.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

Event example() {
  Event event;
  event.time = *parse_time("2026-11-20T08:15:00.5Z");
  event.outcome = Outcome::success;
  event.told = Told::authlog | Told::auditd;
  event.pid = 42;
  event.port = 4711;
  event[Field::user_name] = "alice";
  event[Field::host_name] = "web-01";
  event[Field::process_name] = "sshd";
  event[Field::event_action] = "ssh_login";
  event[Field::event_dataset] = "system.auth";
  event[Field::method] = "publickey";
  event[Field::key_fingerprint] = "SHA256:abc";
  event[Field::source_address] = "2001:DB8:0:0::1";
  event.ip = *IpAddress::parse("2001:DB8:0:0::1");
  event[Field::original] = "line";
  return event;
}

TEST(EventDocument, HasTheFieldsOfTheContract) {
  std::string out;
  append_event_document(example(), out);
  EXPECT_EQ(
      out, R"({"@timestamp":"2026-11-20T08:15:00.500000Z","event":{"category":["authentication"],)"
           R"("action":"ssh_login","outcome":"success","dataset":"system.auth","original":"line"},)"
           R"("user":{"name":"alice"},"source":{"address":"2001:DB8:0:0::1","ip":"2001:db8::1",)"
           R"("port":4711},"host":{"name":"web-01"},"process":{"name":"sshd","pid":42},)"
           R"("doorward":{"method":"publickey","key_fingerprint":"SHA256:abc",)"
           R"("sources":["authlog","auditd"]}})");
}

TEST(EventDocument, LeavesOutWhatTheLogDidNotTell) {
  Event event;
  event.outcome = Outcome::failure;
  event[Field::user_effective_name] = "root";
  std::string out;
  append_event_document(event, out);
  EXPECT_EQ(out, R"({"event":{"category":["authentication"],"outcome":"failure"},)"
                 R"("user":{"effective":{"name":"root"}},"doorward":{"sources":[]}})");
}

TEST(JsonWriter, EscapesWhatNamesMayHold) {
  std::string out;
  JsonWriter(out).open().text("k", std::string_view("\"\\\n\x1b\x7f\0é\xFF", 9)).close();
  EXPECT_EQ(out, "{\"k\":\"\\\"\\\\\\u000a\\u001b\\u007f\\u0000é\xEF\xBF\xBD\"}");
}

// Every byte at every place of a text around the eight that are looked at together.
TEST(JsonWriter, EscapesEachByteWhereverItStands) {
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        if (at + 1 < size) text[at + 1] = ' ';  // the least that is plain
        std::string out;
        JsonWriter json(out);
        json.open().text("k", text).close();
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(byte));
        const std::string written = byte == '"'                   ? "\\\""
                                    : byte == '\\'                ? "\\\\"
                                    : byte < 0x20 || byte == 0x7F ? escape
                                    : byte >= 0x80                ? "\xEF\xBF\xBD"
                                                   : std::string(1, static_cast<char>(byte));
        const std::string expected =
            "{\"k\":\"" + text.substr(0, at) + written + text.substr(at + 1) + "\"}";
        ASSERT_EQ(out, expected) << size << " " << at << " " << byte;
      }
    }
  }
}

TEST(JsonWriter, KnowsWellFormedUtf8) {
  EXPECT_EQ(utf8_sequence("a"), 1U);
  EXPECT_EQ(utf8_sequence("\xC3\xA9"), 2U);
  EXPECT_EQ(utf8_sequence("\xF0\x9F\x98\x80"), 4U);
  for (const char* bad : {"\x80", "\xC0\xAF", "\xC1\x81", "\xE0\x80\xAF", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xC3", "\xE2\x82"}) {
    EXPECT_EQ(utf8_sequence(bad), 0U) << std::hex << static_cast<int>(bad[0] & 0xFF);
  }
}

TEST(Printable, KeepsTextAndDisarmsTerminals) {
  EXPECT_EQ(printable("alice é 漢"), "alice é 漢");
  EXPECT_EQ(printable("\x1b[2Jx\r\n\t\x7f"), "?[2Jx????");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "?31m")
      << "CSI as one C1 control";
  EXPECT_EQ(printable("\xFF\xC0"), "??");
}

TEST(AlertId, IsOfTheEventAndTheRuleAlone) {
  Rule rule;
  rule.id = "unusual_logon";
  Rule other;
  other.id = "rare_user";
  const std::string id = alert_id(example(), rule);
  EXPECT_EQ(id.size(), 32U);
  Event told_by_one = example();
  told_by_one.told = Told::auditd;
  told_by_one[Field::original] = "another line";
  EXPECT_EQ(alert_id(told_by_one, rule), id) << "whichever log told of it";
  EXPECT_NE(alert_id(example(), other), id);
  Event later = example();
  later.time += 1;
  EXPECT_NE(alert_id(later, rule), id);
  Event shifted = example();
  shifted[Field::user_name] = "alic";
  shifted[Field::user_effective_name] = "e";
  EXPECT_NE(alert_id(shifted, rule), id) << "fields do not run into each other";
}

}  // namespace
}  // namespace doorward
