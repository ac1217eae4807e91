// Keys, requests and certificates: what both ends need of X.509 (RFC 5280) and PKCS#10 (RFC 2986).
// Keys are Ed25519 (RFC 8032).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sketch/result.h"

struct evp_pkey_st;  // OpenSSL's
struct x509_st;

namespace doorward {

/// BLAKE2b-256 of a certificate's DER.
using Fingerprint = std::array<std::uint8_t, 32>;

struct KeyDeleter {
  void operator()(evp_pkey_st* key) const;
};
struct CertificateDeleter {
  void operator()(x509_st* certificate) const;
};
/// A private key.
using PrivateKey = std::unique_ptr<evp_pkey_st, KeyDeleter>;
using Certificate = std::unique_ptr<x509_st, CertificateDeleter>;
using Der = std::vector<std::uint8_t>;

/// Names that certificates of a fleet bear as subjectAltName, so that a server may change its
/// address and an agent cannot pass for a server.
inline constexpr const char* kServerName = "server.doorward.internal";
/// Followed by the agent's id.
inline constexpr const char* kAgentUriPrefix = "urn:doorward:agent:";
/// Digits of an agent's id, hexadecimal in lower case.
inline constexpr std::size_t kAgentIdDigits = 32;

/// Longest file with a key or certificates, certificate or request in DER, and token; a longer one
/// is refused unread.
inline constexpr std::size_t kPemBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kCertificateBytesMax = std::size_t{8} << 10;
inline constexpr std::size_t kTokenTextMax = 128;

Result<PrivateKey> make_key();
Result<PrivateKey> read_private_key(const std::string& path);  ///< PEM; refuses modes beyond 0600
/// PEM, 0600, whole or not at all.
Status write_private_key(const std::string& path, const PrivateKey& key);

Result<Der> make_request(const PrivateKey& key);

Result<Certificate> certificate_from(std::span<const std::uint8_t> der);
Result<Der> der_of(const Certificate& certificate);
Result<Certificate> read_certificate(const std::string& path);  ///< PEM, the first in the file
/// One or more, PEM, 0644, whole or not at all.
Status write_certificates(const std::string& path, std::span<const Certificate* const> chain);

Fingerprint fingerprint_of(const Certificate& certificate);
Fingerprint fingerprint_of(const x509_st* certificate);
std::string hex_of(std::span<const std::uint8_t> bytes);

/// A new agent's id: 128 random bits.
std::string make_agent_id();
bool is_agent_id(std::string_view text);
/// The agent's id in the certificate's names; empty when it is none of an agent.
std::string agent_id_of(const x509_st* certificate);
/// Microseconds since 1970; the Error names the field.
Result<std::int64_t> not_after(const x509_st* certificate);
Result<std::int64_t> not_before(const x509_st* certificate);
/// Serial number in hexadecimal.
std::string serial_of(const x509_st* certificate);

/// What `token create` prints: one word with everything that an agent needs to trust the server and
/// to be trusted by it. "dw1.SECRET.FINGERPRINT", both base64url (RFC 4648) without padding.
struct JoinToken {
  std::array<std::uint8_t, 24> secret{};
  Fingerprint authority{};

  [[nodiscard]] std::string text() const;
  static Result<JoinToken> parse(std::string_view text);
};
/// What the server keeps of a token (BLAKE2b-256): enough to know it again, not to use it.
std::array<std::uint8_t, 32> token_digest(const JoinToken& token);
/// First 8 hexadecimal digits of the digest: names a token in lists and logs.
std::string token_name(const JoinToken& token);

}  // namespace doorward
