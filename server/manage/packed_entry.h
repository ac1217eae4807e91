// Entries of the log from tables: for server/manage/*.cc.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "server/store/entry_data.h"

namespace doorward {

/// An entry with a table of entries.fbs as its data.
template <class Native>
LogEntry packed_entry(EntryKind kind, std::string subject, std::uint64_t number, TimeUs at,
                      const Native& table) {
  LogEntry entry;
  entry.kind = kind;
  entry.subject = std::move(subject);
  entry.number = number;
  entry.at = at;
  entry.data = entry_bytes(table);
  return entry;
}

}  // namespace doorward
