// The FlatBuffers tables within entries of the log (entries.fbs).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "entries_generated.h"
#include "server/store/ordered_log.h"

namespace doorward {

/// The table of an entry, verified; null when the bytes are none. Lives as long as the entry.
template <class Table>
const Table* entry_table(const LogEntry& entry) {
  flatbuffers::Verifier verifier(entry.data.data(), entry.data.size());
  if (entry.data.empty() || !verifier.VerifyBuffer<Table>(nullptr)) return nullptr;
  return flatbuffers::GetRoot<Table>(entry.data.data());
}

/// The bytes of a table, from its object form (log::DeltaT and so on).
template <class Object>
std::vector<std::uint8_t> entry_bytes(const Object& object) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(Object::TableType::Pack(builder, &object));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
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
