// The interface of what delivers finished documents to a receiver: files, syslog, http.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugins/delivery/env.h"
#include "plugins/delivery/record.h"

namespace boost::asio {
class io_context;
}

namespace doorward {

/// What became of one document.
enum class Verdict : std::uint8_t {
  accepted,
  refused,  ///< the receiver will never take it: it is set aside and passed over
  again,    ///< try later
};

struct DeliveryResult {
  /// One a document, in order. Empty: all are to be tried again.
  std::vector<Verdict> verdicts;
  /// What the receiver said of the first one that was refused.
  std::string refusal;
  /// Why some are to be tried again; also set when all were accepted after all.
  std::string error;
  /// The receiver refused the request as a whole, for one document or for its size: try a smaller
  /// one; a single document is refused.
  bool split = false;
  /// How long the receiver wants to be left alone; zero: it did not say.
  std::chrono::milliseconds wait{0};

  static DeliveryResult all(std::size_t documents) {
    DeliveryResult result;
    result.verdicts.assign(documents, Verdict::accepted);
    return result;
  }
  static DeliveryResult failed(std::string why) {
    DeliveryResult result;
    result.error = std::move(why);
    return result;
  }
};

/// One receiver. All calls and all `done` come on the io_context's thread.
class Sink {
 public:
  using Done = std::function<void(DeliveryResult)>;

  virtual ~Sink() = default;
  /// Delivers a batch of at least one document and calls `done` once, never from within deliver().
  /// The batch lives until `done` is called or the sink is destroyed, whichever is first. One batch
  /// at a time. After the destructor `done` is never called.
  virtual void deliver(std::span<const Document> batch, Done done) = 0;
};

/// What a sink is made with. Both outlive it.
struct SinkEnv {
  boost::asio::io_context& io;
  const DeliveryEnv& env;
};

using SinkFactory = std::function<std::unique_ptr<Sink>(const SinkEnv&)>;

/// What was configured for one sink, checked.
struct SinkSetup {
  SinkFactory make;
  std::string target;                 ///< "https://siem:9200/_bulk", for status and log; no secrets
  std::vector<std::string> warnings;  ///< to be said loudly at each start
};

}  // namespace doorward
