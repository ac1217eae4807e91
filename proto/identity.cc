#include "proto/identity.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "proto/openssl_parts.h"
#include "proto/whole_file.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

constexpr std::string_view kTokenPrefix = "dw1.";

/// Never asks at the terminal for the passphrase of a key that has one.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
  return -1;
}

BioPtr bio_over(std::span<const std::uint8_t> bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::span<const std::uint8_t> bytes_of(BIO* bio) {
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

Result<std::int64_t> microseconds(const ASN1_TIME* time, const char* field) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    return Error{field, "no time in the certificate"};
  }
  return std::int64_t{timegm(&parts)} * 1'000'000;
}

std::string base64url(std::span<const std::uint8_t> bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string out(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), kVariant);
  out.pop_back();  // the terminating zero
  return out;
}

bool from_base64url(std::string_view text, std::span<std::uint8_t> out) {
  std::size_t size = 0;
  return sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size,
                           nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
         size == out.size();
}

std::array<std::uint8_t, 32> blake2b(std::span<const std::uint8_t> bytes) {
  std::array<std::uint8_t, 32> out{};
  crypto_generichash(out.data(), out.size(), bytes.data(), bytes.size(), nullptr, 0);
  return out;
}

}  // namespace

void KeyDeleter::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}
void CertificateDeleter::operator()(x509_st* certificate) const {
  X509_free(certificate);
}

std::string openssl_words() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string out = reason == nullptr ? "unknown cause" : reason;
  ERR_clear_error();
  return out;
}

Error openssl_error(const std::string& where, const std::string& what) {
  return {where, what + ": " + openssl_words()};
}

Result<PrivateKey> make_key() {
  const OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &key) != 1) {
    return openssl_error("", "cannot make a key");
  }
  return PrivateKey(key);
}

Result<PrivateKey> read_private_key(const std::string& path) {
  constexpr unsigned kBeyond0600 = 0177;
  Result<std::vector<std::uint8_t>> text =
      read_whole_file(path, kPemBytesMax, "a private key", kBeyond0600);
  if (!text) return text.error();
  const BioPtr bio = bio_over(text.value());
  PrivateKey key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)
                     : nullptr);
  OPENSSL_cleanse(text.value().data(), text.value().size());
  if (!key) return openssl_error(path, "no private key in it");
  if (EVP_PKEY_base_id(key.get()) != EVP_PKEY_ED25519) return Error{path, "not an Ed25519 key"};
  return key;
}

Status write_private_key(const std::string& path, const PrivateKey& key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio ||
      PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_error(path, "cannot encode the key");
  }
  return write_whole_file(path, bytes_of(bio.get()), Owner::folder);
}

Result<Der> make_request(const PrivateKey& key) {
  const RequestPtr request(X509_REQ_new());
  // Ed25519 hashes by itself: no digest.
  if (!request || X509_REQ_set_version(request.get(), 0) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), nullptr) <= 0) {
    return openssl_error("", "cannot make a request for a certificate");
  }
  const int size = i2d_X509_REQ(request.get(), nullptr);
  if (size <= 0) return openssl_error("", "cannot encode the request");
  Der out(static_cast<std::size_t>(size));
  unsigned char* end = out.data();
  i2d_X509_REQ(request.get(), &end);
  return out;
}

Result<Certificate> certificate_from(std::span<const std::uint8_t> der) {
  if (der.empty() || der.size() > kCertificateBytesMax) {
    return Error{"certificate", "it has " + std::to_string(der.size()) + " bytes"};
  }
  const unsigned char* at = der.data();
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate) return openssl_error("certificate", "no X.509 certificate");
  if (at != der.data() + der.size()) return Error{"certificate", "bytes follow it"};
  return certificate;
}

Result<Der> der_of(const Certificate& certificate) {
  const int size = i2d_X509(certificate.get(), nullptr);
  if (size <= 0) return openssl_error("certificate", "cannot encode it");
  Der out(static_cast<std::size_t>(size));
  unsigned char* end = out.data();
  i2d_X509(certificate.get(), &end);
  return out;
}

Result<Certificate> read_certificate(const std::string& path) {
  const Result<std::vector<std::uint8_t>> text =
      read_whole_file(path, kPemBytesMax, "a certificate");
  if (!text) return text.error();
  const BioPtr bio = bio_over(text.value());
  Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)
                              : nullptr);
  if (!certificate) return openssl_error(path, "no certificate in it");
  return certificate;
}

Status write_certificates(const std::string& path, std::span<const Certificate* const> chain) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  for (const Certificate* certificate : chain) {
    if (!bio || PEM_write_bio_X509(bio.get(), certificate->get()) != 1) {
      return openssl_error(path, "cannot encode the certificate");
    }
  }
  const Status written = write_whole_file(path, bytes_of(bio.get()), Owner::folder);
  if (!written) return written;
  if (::chmod(path.c_str(), 0644) != 0) return system_error(path, "cannot set the mode");
  return {};
}

Fingerprint fingerprint_of(const Certificate& certificate) {
  return fingerprint_of(certificate.get());
}

Fingerprint fingerprint_of(const x509_st* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  const Fingerprint out = blake2b({der, size > 0 ? static_cast<std::size_t>(size) : 0});
  OPENSSL_free(der);
  return out;
}

std::string hex_of(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 15U]);
  }
  return out;
}

std::string make_agent_id() {
  std::array<std::uint8_t, kAgentIdDigits / 2> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return hex_of(bytes);
}

bool is_agent_id(std::string_view text) {
  return text.size() == kAgentIdDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string agent_id_of(const x509_st* certificate) {
  if (certificate == nullptr) return {};
  const OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string found;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                                static_cast<std::size_t>(ASN1_STRING_length(uri)));
    if (!text.starts_with(kAgentUriPrefix)) continue;
    const std::string_view id = text.substr(std::strlen(kAgentUriPrefix));
    if (!is_agent_id(id) || !found.empty()) return {};  // no id, or two: nobody's
    found = id;
  }
  return found;
}

Result<std::int64_t> not_after(const x509_st* certificate) {
  return microseconds(X509_get0_notAfter(certificate), "notAfter");
}

Result<std::int64_t> not_before(const x509_st* certificate) {
  return microseconds(X509_get0_notBefore(certificate), "notBefore");
}

std::string serial_of(const x509_st* certificate) {
  const OpensslPtr<BIGNUM, BN_free> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  Der bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return hex_of(bytes);
}

std::string JoinToken::text() const {
  return std::string(kTokenPrefix) + base64url(secret) + "." + base64url(authority);
}

Result<JoinToken> JoinToken::parse(std::string_view text) {
  const Error bad{"token", "not a token: it must read dw1.SECRET.FINGERPRINT, in one word"};
  if (text.size() > kTokenTextMax || !text.starts_with(kTokenPrefix)) return bad;
  text.remove_prefix(kTokenPrefix.size());
  const std::size_t dot = text.find('.');
  JoinToken token;
  if (dot == std::string_view::npos || !from_base64url(text.substr(0, dot), token.secret) ||
      !from_base64url(text.substr(dot + 1), token.authority)) {
    return bad;
  }
  return token;
}

std::array<std::uint8_t, 32> token_digest(const JoinToken& token) {
  return blake2b(token.secret);
}

std::string token_name(const JoinToken& token) {
  return hex_of(token_digest(token)).substr(0, 8);
}

}  // namespace doorward
