// The least of a server: enrols whoever comes, welcomes, acknowledges at once. To try server-load.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sketch/result.h"

namespace doorward {

class FakeServer {
 public:
  /// Makes its authority in a folder that is there; runs on a thread of its own.
  static Result<std::unique_ptr<FakeServer>> start(const std::string& folder);
  virtual ~FakeServer() = default;
  [[nodiscard]] virtual std::string address() const = 0;
  [[nodiscard]] virtual std::string token() const = 0;
};

}  // namespace doorward
