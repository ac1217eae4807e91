// The FlatBuffers tables within entries of the log (entries.fbs).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "entries_generated.h"
#include "server/store/ordered_log.h"

namespace doorward {

/// The table in an entry's data, verified; null when the bytes are none. Lives as long as the
/// bytes.
template <class Table>
const Table* entry_table(std::span<const std::uint8_t> data) {
  flatbuffers::Verifier verifier(data.data(), data.size());
  if (data.empty() || !verifier.VerifyBuffer<Table>(nullptr)) return nullptr;
  return flatbuffers::GetRoot<Table>(data.data());
}
template <class Table>
const Table* entry_table(const LogEntry& entry) {
  return entry_table<Table>(std::span<const std::uint8_t>(entry.data));
}

/// The bytes of a table, from its object form (log::DeltaT and so on).
template <class Object>
std::vector<std::uint8_t> entry_bytes(const Object& object) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(Object::TableType::Pack(builder, &object));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

/// An entry with a table, in its object form, as its data. `at` 0: the core's clock.
template <class Object>
LogEntry packed_entry(EntryKind kind, std::string subject, std::uint64_t number, TimeUs at,
                      const Object& object) {
  LogEntry entry;
  entry.kind = kind;
  entry.subject = std::move(subject);
  entry.number = number;
  entry.at = at;
  entry.data = entry_bytes(object);
  return entry;
}

/// The number of an alert's entry, by log::Alert.kind: that of an update (2) says how many events
/// it stands for, so that each comes once; others are alone under their id.
constexpr std::uint64_t alert_number(std::uint8_t kind, std::uint32_t occurrences) {
  return kind == 2 ? occurrences : 0;
}

/// A vector of bytes; empty when the field is absent.
inline std::span<const std::uint8_t> bytes_of(const flatbuffers::Vector<std::uint8_t>* field) {
  if (field == nullptr) return {};
  return {field->data(), field->size()};
}

/// A text; empty when the field is absent.
inline std::string text_of(const flatbuffers::String* field) {
  return field == nullptr ? std::string() : field->str();
}

}  // namespace doorward
