// What goes through the spool: finished documents and what the delivery has to know of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/event.h"

namespace doorward {

/// What a document tells. The numbers are on disk.
enum class DocumentKind : std::uint8_t { alert = 1, update = 2, summary = 3 };

/// "alert", "update", "summary".
constexpr std::string_view kind_name(DocumentKind kind) {
  return kind == DocumentKind::alert    ? "alert"
         : kind == DocumentKind::update ? "update"
                                        : "summary";
}

/// A document on its way into the spool. Views live for the call.
struct Record {
  DocumentKind kind = DocumentKind::alert;
  double score = 0;               ///< 0..100: the lowest go first when the spool is full
  std::string_view id;            ///< event.id
  std::uint32_t occurrences = 1;  ///< with the id: what makes the document the same one again
  std::string_view document;      ///< one line of JSON, without a newline
};

/// A document on its way out.
struct Document {
  std::uint64_t sequence = 0;  ///< its place in the spool, ascending
  DocumentKind kind = DocumentKind::alert;
  double score = 0;
  TimeUs appended = 0;  ///< wall clock when it came into the spool
  std::string id;
  std::uint32_t occurrences = 1;
  std::string text;
};

/// The name under which a document is the same one again: the id of an alert or a summary, and
/// "ID-OCCURRENCES" of an update.
inline std::string document_key(DocumentKind kind, std::string_view id, std::uint32_t occurrences) {
  std::string key(id);
  if (kind == DocumentKind::update) key += "-" + std::to_string(occurrences);
  return key;
}

}  // namespace doorward
