// The data of log entries, packed: for server/manage/*.cc, which include what flatc generates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "entries_generated.h"
#include "server/store/ordered_log.h"

namespace doorward {

/// An entry with a table of entries.fbs as its data.
template <class Native>
LogEntry packed_entry(EntryKind kind, std::string subject, std::uint64_t number, TimeUs at,
                      const Native& table) {
  flatbuffers::FlatBufferBuilder builder(256);
  builder.Finish(Native::TableType::Pack(builder, &table));
  LogEntry entry;
  entry.kind = kind;
  entry.subject = std::move(subject);
  entry.number = number;
  entry.at = at;
  entry.data.assign(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  return entry;
}

}  // namespace doorward
