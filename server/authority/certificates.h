// Making X.509 certificates (RFC 5280), for authority.cc.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/event.h"
#include "proto/identity.h"
#include "sketch/result.h"

namespace doorward {

struct CertificatePlan {
  std::string common_name;
  TimeUs from = 0;
  TimeUs until = 0;
  evp_pkey_st* subject_key = nullptr;
  /// Null: signed by itself.
  const x509_st* issuer = nullptr;
  evp_pkey_st* issuer_key = nullptr;
  /// OpenSSL's number of the extension and its text, in its configuration's language.
  std::vector<std::pair<int, std::string>> extensions;
  /// The extension is taken as it is from this certificate (subjectAltName when it is renewed).
  const x509_st* names_of = nullptr;
};

/// Version 3, a random serial number of 127 bits, key identifiers added.
Result<Certificate> make_certificate(const CertificatePlan& plan);

/// subjectAltName in OpenSSL's language: "DNS:a,IP:192.0.2.1". The Error names what is no name.
Result<std::string> server_names(const std::vector<std::string>& names);

}  // namespace doorward
