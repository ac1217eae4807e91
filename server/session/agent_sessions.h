// The server's end of every agent's connection (docs/protocol.md).
//
//     auto sessions = AgentSessions::make(core, terms);     // registers with the core
//     core.start();
//     sessions->open(tls, options);                         // listens
//     ...
//     sessions->close();  core.stop();
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugins/event.h"
#include "proto/wire_link.h"
#include "server/core/core.h"
#include "sketch/result.h"

namespace doorward {

/// A certificate that was issued.
struct IssuedCertificate {
  std::vector<std::uint8_t> der;
  std::string serial;
  TimeUs ends = 0;
};

/// What the sessions need of the authority and the settings.
struct SessionTerms {
  /// Issues a certificate for a request (DER). The Error says what is wrong with the request.
  /// Core's thread.
  std::function<Result<IssuedCertificate>(std::span<const std::uint8_t> request,
                                          const std::string& agent, TimeUs now)>
      issue;
  std::vector<std::uint8_t> authority;  ///< the authority's certificate, DER
  std::string server;                   ///< name, in Welcome
  std::int64_t certificate_days = 30;
  std::int64_t delta_interval_s = 60;
  std::int64_t heartbeat_s = 30;
  std::uint64_t baseline_bytes = std::uint64_t{8} << 20;
  std::vector<std::string> fleet_rules;  ///< ids of the rules that the server judges
};

/// Takes `issue` and `authority` of nobody: the caller sets them.
SessionTerms session_terms(const ServerSettings& settings);

class AgentSessions {
 public:
  /// Before Core::start(). The core outlives what is made; it may be destroyed once the core's
  /// thread has ended.
  static std::unique_ptr<AgentSessions> make(Core& core, SessionTerms terms);
  virtual ~AgentSessions() = default;

  /// Listens, on threads of its own.
  virtual Status open(std::shared_ptr<WireTls> tls, WireListener::Options options) = 0;
  /// Tells everyone to come back a little later, gives them time to hear it, ends all connections.
  /// While the core still runs.
  virtual void close() = 0;

  /// The handlers of a new connection (open() does so for each; tests bring their own links).
  virtual WireLink::Handlers accept(std::shared_ptr<WireLink> link) = 0;
  /// Port in use; 0: does not listen.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
};

}  // namespace doorward
