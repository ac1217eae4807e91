// Delivers what is in the spool to every configured output, at each one's own pace.
//
//     Delivery delivery(io, *spool, std::move(outputs), env);
//     delivery.start();
//     spool->append(...); delivery.wake();          // on the io_context's thread
//     delivery.stop(4s, [&] { io.stop(); });
//
// Each output reads the spool oldest first, in batches; one batch is on its way at a time, and its
// position advances when the receiver has accepted it: every document arrives at least once. A
// failure makes this output wait, with exponential back-off and full jitter, and no other.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/delivery/backoff.h"
#include "plugins/delivery/env.h"
#include "plugins/delivery/settings.h"
#include "plugins/delivery/sink.h"
#include "plugins/delivery/spool.h"

namespace doorward {

struct OutputStatus {
  std::string name;
  std::string type;
  std::string target;
  std::uint64_t delivered = 0;  ///< documents accepted
  std::uint64_t refused = 0;    ///< documents the receiver will never take
  std::uint64_t failures = 0;   ///< tries that failed
  std::string last_error;       ///< of the last failed try; empty once a later one succeeded
  ReaderStatus behind;
};

class Delivery {
 public:
  struct Options {
    Backoff::Limits backoff;
    /// How often the spool is given the time (Spool::tick).
    std::chrono::milliseconds tick{1000};
  };

  /// The io_context and the spool, whose readers are the outputs in their order (asserted), outlive
  /// this. Everything runs on the io_context's one thread, this object's calls included.
  Delivery(boost::asio::io_context& io, Spool& spool, const std::vector<OutputSettings>& outputs,
           DeliveryEnv env, Options options);
  Delivery(boost::asio::io_context& io, Spool& spool, const std::vector<OutputSettings>& outputs,
           DeliveryEnv env);
  /// Not from within a callback. Ends at once; what is on its way may arrive, and arrives again
  /// after the next start.
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  /// Says the warnings of the outputs and begins.
  void start();
  /// There is something new in the spool. Cheap.
  void wake();
  /// Goes on until everything is delivered or the time is over, then saves the positions and calls
  /// `done` (once, never from within stop()). Outputs that wait after a failure are tried once
  /// more; one that fails now is given up.
  void stop(std::chrono::milliseconds time, std::function<void()> done);

  [[nodiscard]] std::vector<OutputStatus> status() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace doorward
