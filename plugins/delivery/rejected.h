// rejected.ndjson beside the spool: documents that a receiver will never take, for a person.
#pragma once

#include <string>
#include <string_view>

#include "plugins/delivery/record.h"
#include "sketch/result.h"

namespace doorward {

class RejectedFile {
 public:
  /// Nothing is opened before the first document.
  explicit RejectedFile(std::string folder) : path_(std::move(folder) + "/rejected.ndjson") {}

  /// Appends {"output": ..., "reason": ..., "document": ...}. At kRejectedBytesMax the file becomes
  /// rejected.ndjson.1.
  Status append(std::string_view output, std::string_view reason, const Document& document) const;

 private:
  std::string path_;
};

}  // namespace doorward
