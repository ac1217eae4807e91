// The fleet's certificate authority: who is the server and who is an agent.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/event.h"
#include "proto/identity.h"
#include "sketch/result.h"

namespace doorward {

/// Files in the authority's folder. The key of the authority is written last: where it is, all are.
inline constexpr const char* kAuthorityCertificateFile = "authority.crt";
inline constexpr const char* kAuthorityKeyFile = "authority.key";
inline constexpr const char* kServerCertificateFile = "server.crt";
inline constexpr const char* kServerKeyFile = "server.key";

inline constexpr int kAuthorityDays = 3650;
inline constexpr int kServerDays = 365;
/// Longest that an agent's certificate may be good.
inline constexpr int kAgentDaysMax = 365;
/// Certificates are good from a little before now: clocks differ.
inline constexpr TimeUs kBackdatedUs = TimeUs{5} * 60 * 1'000'000;
/// Longest PKCS#10 request that is looked at.
inline constexpr std::size_t kRequestBytesMax = 4096;
/// Most names of a server's certificate.
inline constexpr std::size_t kServerNamesMax = 64;

/// Not thread-safe but for const functions.
class Authority {
 public:
  /// Makes the authority and the server's certificate in a folder that is there (keys 0600, the
  /// files belong to the owner of the folder). `names`: DNS names and addresses by which people
  /// reach the API; kServerName, localhost, 127.0.0.1 and ::1 are added. An Error when there is one
  /// already, or a name is none. `now` 0: the clock's.
  static Result<Authority> make(const std::string& folder, const std::vector<std::string>& names,
                                TimeUs now = 0);
  /// Reads what make() made. A server's certificate of which less than a third is left, or that has
  /// ended, is renewed under the same names and key.
  static Result<Authority> open(const std::string& folder, TimeUs now = 0);

  /// Signs an agent's request (PKCS#10, DER), which must be signed by its own Ed25519 key. Nothing
  /// else in it counts: the certificate says who the agent is by `agent` (32 hexadecimal digits),
  /// is good for `days` (1..kAgentDaysMax), at most as long as the authority's, and only for
  /// clients.
  [[nodiscard]] Result<Certificate> issue(std::span<const std::uint8_t> request,
                                          std::string_view agent, int days, TimeUs now) const;

  [[nodiscard]] const Certificate& authority() const { return authority_; }
  /// The server's.
  [[nodiscard]] const Certificate& certificate() const { return certificate_; }
  [[nodiscard]] const PrivateKey& key() const { return key_; }
  /// open() has renewed the server's certificate.
  [[nodiscard]] bool renewed() const { return renewed_; }

 private:
  Authority() = default;

  Certificate authority_;
  PrivateKey authority_key_;
  Certificate certificate_;
  PrivateKey key_;
  bool renewed_ = false;
};

}  // namespace doorward
