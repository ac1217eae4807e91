// Entries of the log as tests need them.
#pragma once

#include <entries_generated.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/json_writer.h"
#include "plugins/time_text.h"
#include "server/store/ordered_log.h"

namespace doorward {

template <class Table>
std::vector<std::uint8_t> packed(const Table& table) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(Table::TableType::Pack(builder, &table));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

inline LogEntry log_entry(EntryKind kind, std::string subject, std::uint64_t number,
                          std::vector<std::uint8_t> data = {}, TimeUs at = 1000) {
  LogEntry out;
  out.kind = kind;
  out.subject = std::move(subject);
  out.number = number;
  out.at = at;
  out.data = std::move(data);
  return out;
}

/// What an alert says, and its document, in the form that agents send.
struct SampleAlert {
  std::string id = "a1";
  std::string agent = "agent-1";
  std::uint8_t kind = 1;
  double score = 61.5;
  std::uint32_t occurrences = 1;
  std::string time = "2026-11-20T08:15:00.000000Z";
  std::string rule = "rare_user";
  std::string severity = "low";
  std::string user = "alice";
  std::string address = "192.0.2.7";
  std::string host = "web-01";
  std::string message = "alice was never seen before";
  TimeUs at = 1000;

  [[nodiscard]] std::string document() const {
    std::string out;
    JsonWriter json(out);
    json.open().text_if("@timestamp", time).text_if("message", message);
    json.open("event").text("kind", "alert").text("id", id).number("severity", 21).close();
    json.open("rule").text_if("id", rule).close();
    json.open("user").text_if("name", user).close();
    json.open("source").text_if("address", address).text_if("ip", address).close();
    json.open("host").text_if("name", host).close();
    json.open("doorward").real("score", score).text_if("severity", severity);
    json.number("occurrences", occurrences).close().close();
    return out;
  }
  [[nodiscard]] LogEntry entry() const { return entry(document()); }
  [[nodiscard]] LogEntry entry(std::string text) const {
    log::AlertT table;
    table.agent = agent;
    table.kind = kind;
    table.score = score;
    table.occurrences = occurrences;
    table.document = std::move(text);
    return log_entry(EntryKind::alert, id, kind == 1 ? 0 : occurrences, packed(table), at);
  }
};

inline LogEntry verdict_entry(const std::string& id, std::uint64_t number, std::uint8_t verdict,
                              const std::string& by = "ann", const std::string& comment = "",
                              TimeUs at = 2000) {
  log::VerdictT table;
  table.verdict = verdict;
  table.by = by;
  table.comment = comment;
  return log_entry(EntryKind::verdict, id, number, packed(table), at);
}

}  // namespace doorward
