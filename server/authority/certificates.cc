#include "server/authority/certificates.h"

#include <arpa/inet.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "proto/openssl_parts.h"
#include "server/authority/authority.h"

namespace doorward {
namespace {

bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7FU) | 0x40U);  // positive, never short
  const OpensslPtr<BIGNUM, BN_free> number(
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_times(X509* certificate, TimeUs from, TimeUs until) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from / 1'000'000) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), until / 1'000'000) != nullptr;
}

bool set_name(X509* certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& text) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, text.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool copy_names(X509* certificate, const X509* from) {
  const int at = X509_get_ext_by_NID(from, NID_subject_alt_name, -1);
  return at >= 0 && X509_add_ext(certificate, X509_get_ext(from, at), -1) == 1;
}

bool is_dns_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

}  // namespace

Result<Certificate> make_certificate(const CertificatePlan& plan) {
  const Error failed{"certificate", "cannot make it"};
  Certificate made(X509_new());
  X509* certificate = made.get();
  if (certificate == nullptr || X509_set_version(certificate, 2) != 1 || !set_serial(certificate) ||
      !set_times(certificate, plan.from, plan.until) || !set_name(certificate, plan.common_name) ||
      X509_set_pubkey(certificate, plan.subject_key) != 1) {
    return openssl_error(failed.where, failed.what);
  }
  // OpenSSL asks for it as if it would change it, and does not.
  X509* issuer = plan.issuer == nullptr ? certificate : const_cast<X509*>(plan.issuer);
  if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1) {
    return openssl_error(failed.where, failed.what);
  }
  if (!add_extension(certificate, issuer, NID_subject_key_identifier, "hash") ||
      !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always")) {
    return openssl_error(failed.where, "cannot add the key identifiers");
  }
  for (const auto& [kind, text] : plan.extensions) {
    if (!add_extension(certificate, issuer, kind, text)) {
      return openssl_error(failed.where, "cannot add \"" + text + "\"");
    }
  }
  if (plan.names_of != nullptr && !copy_names(certificate, plan.names_of)) {
    return openssl_error(failed.where, "cannot take over the names");
  }
  if (X509_sign(certificate, plan.issuer_key, nullptr) <= 0) {
    return openssl_error(failed.where, "cannot sign it");
  }
  return made;
}

Result<std::string> server_names(const std::vector<std::string>& names) {
  if (names.size() > kServerNamesMax) {
    return Error{"names", "more than " + std::to_string(kServerNamesMax)};
  }
  std::vector<std::string> all = {std::string("DNS:") + kServerName, "DNS:localhost",
                                  "IP:127.0.0.1", "IP:::1"};
  for (const std::string& name : names) {
    if (!is_address(name) && !is_dns_name(name)) {
      return Error{"names", "\"" + name + "\" is neither a DNS name nor an address"};
    }
    std::string entry = (is_address(name) ? "IP:" : "DNS:") + name;
    if (std::find(all.begin(), all.end(), entry) == all.end()) all.push_back(std::move(entry));
  }
  std::string out;
  for (const std::string& entry : all) out += (out.empty() ? "" : ",") + entry;
  return out;
}

}  // namespace doorward
