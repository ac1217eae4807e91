// The agent's certificate: new ones are asked for before it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/fleet/identity_files.h"
#include "plugins/event.h"
#include "sketch/result.h"

namespace doorward {

class CertificateRenewal {
 public:
  /// `identity` outlives this; a new key and certificate are put into it. `state_dir`: where they
  /// are kept.
  CertificateRenewal(FleetIdentity& identity, std::string state_dir);

  /// When it ends; kNoTime when the certificate does not say.
  [[nodiscard]] TimeUs ends() const { return ends_; }
  /// The request to send now; nothing while none is due (two thirds of the certificate's life have
  /// passed, and none was sent within kRenewRetry).
  [[nodiscard]] std::optional<Der> due(TimeUs now);
  /// The connection is gone, and with it the answer.
  void forget() { asked_ = false; }

  enum class Taken : std::uint8_t { nothing, renewed };
  /// What the server answered. `nothing`: nobody had asked. Errors: it does not fit, or cannot be
  /// kept; the old one stays.
  [[nodiscard]] Result<Taken> take(std::span<const std::uint8_t> certificate);

 private:
  void look();

  FleetIdentity& identity_;
  const std::string state_dir_;
  PrivateKey key_;  // of the request
  bool asked_ = false;
  std::chrono::steady_clock::time_point asked_at_;
  TimeUs ends_ = kNoTime;
  std::int64_t due_at_ = INT64_MAX;
};

}  // namespace doorward
