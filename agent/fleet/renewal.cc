#include "agent/fleet/renewal.h"

#include <utility>

#include "agent/fleet/limits.h"

namespace doorward {

CertificateRenewal::CertificateRenewal(FleetIdentity& identity, std::string state_dir)
    : identity_(identity), state_dir_(std::move(state_dir)) {
  look();
}

void CertificateRenewal::look() {
  const Result<std::int64_t> ends = not_after(identity_.certificate.get());
  const Result<std::int64_t> begins = not_before(identity_.certificate.get());
  if (!ends || !begins) return;
  ends_ = ends.value();
  due_at_ = begins.value() + (ends.value() - begins.value()) / 3 * 2;
}

std::optional<Der> CertificateRenewal::due(TimeUs now) {
  if (now < due_at_) return std::nullopt;
  const auto clock = std::chrono::steady_clock::now();
  if (asked_ && clock - asked_at_ < kRenewRetry) return std::nullopt;
  Result<PrivateKey> key = make_key();
  if (!key) return std::nullopt;
  Result<Der> request = make_request(key.value());
  if (!request) return std::nullopt;
  key_ = std::move(key).value();
  asked_ = true;
  asked_at_ = clock;
  return std::move(request).value();
}

Result<CertificateRenewal::Taken> CertificateRenewal::take(
    std::span<const std::uint8_t> certificate) {
  if (!asked_ || !key_) return Taken::nothing;
  Result<Certificate> read = certificate_from(certificate);
  Status good = read ? check_pair(key_, read.value()) : Status(read.error());
  if (good && agent_id_of(read.value().get()) != identity_.agent) {
    good = Error{"", "it is for another agent"};
  }
  if (good) good = write_agent_pem(state_dir_, key_, read.value());
  // Asked for again, but not before kRenewRetry: the server's next answer would be the same.
  if (!good) return good.error();
  asked_ = false;
  identity_.key = std::move(key_);
  identity_.certificate = std::move(read).value();
  look();
  return Taken::renewed;
}

}  // namespace doorward
