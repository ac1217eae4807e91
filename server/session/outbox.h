// What goes out to agents unasked: policies, verdicts, patches. One at a time to each, and so much
// at a time to all, so that ten thousand agents that need the same megabyte do not cost ten
// gigabytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "server/session/limits.h"

namespace doorward {

class Session;
struct FleetView;
struct SessionContext;

/// What one agent has, and what is on its way to it. The core's thread.
struct OutboxPlace {
  std::uint64_t policy = 0;          ///< version it has
  std::uint64_t policy_refused = 0;  ///< version it could not take
  bool policy_unsure = false;        ///< its version may be another group's
  std::uint64_t verdicts = 0;        ///< place of the last one it has
  std::uint64_t generation = 0;
  std::uint64_t key_name = 0;
  bool waits = false;     ///< in the queue
  bool on_way = false;    ///< a message is
  std::size_t bytes = 0;  ///< of that
  bool whole = false;     ///< that is a whole baseline
};

/// For the core's thread.
class Outbox {
 public:
  /// The agent may need something.
  void wake(const std::shared_ptr<Session>& session);
  /// The session is over, or what was on its way has gone.
  void release(Session& session);
  /// Sends what there is room for.
  void pump(const std::shared_ptr<SessionContext>& context, FleetView& view);
  void clear() {
    waiting_.clear();
    for_whole_.clear();
  }

 private:
  bool send_next(const std::shared_ptr<SessionContext>& context,
                 const std::shared_ptr<Session>& session, FleetView& view);

  std::deque<std::shared_ptr<Session>> waiting_;
  std::deque<std::shared_ptr<Session>> for_whole_;  // those that need a whole baseline
  std::size_t bytes_ = 0;                           // on their way
  std::size_t wholes_ = 0;                          // on their way
};

}  // namespace doorward
