#include "server/authority/authority.h"

#include <algorithm>
#include <filesystem>

#include "plugins/clock.h"
#include "proto/openssl_parts.h"
#include "server/authority/certificates.h"

namespace doorward {
namespace {

constexpr TimeUs kDayUs = TimeUs{24} * 3600 * 1'000'000;

TimeUs or_clock(TimeUs now) {
  if (now != 0) return now;
  return clock_now();
}

/// In seconds, as certificates count; never after the authority itself.
Result<TimeUs> end_of(TimeUs now, int days, const Certificate& authority) {
  const Result<TimeUs> last = not_after(authority.get());
  if (!last) return last.error();
  if (last.value() <= now) return Error{kAuthorityCertificateFile, "the authority has ended"};
  return std::min(now + days * kDayUs, last.value());
}

CertificatePlan server_plan(TimeUs now, TimeUs until, const PrivateKey& key,
                            const Certificate& authority, const PrivateKey& authority_key) {
  CertificatePlan plan;
  plan.common_name = kServerName;
  plan.from = now - kBackdatedUs;
  plan.until = until;
  plan.subject_key = key.get();
  plan.issuer = authority.get();
  plan.issuer_key = authority_key.get();
  plan.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                     {NID_key_usage, "critical,digitalSignature"},
                     {NID_ext_key_usage, "serverAuth"}};
  return plan;
}

Status write_server_certificate(const std::string& path, const Certificate& certificate,
                                const Certificate& authority) {
  const Certificate* const chain[] = {&certificate, &authority};
  return write_certificates(path, chain);
}

}  // namespace

Result<Authority> Authority::make(const std::string& folder, const std::vector<std::string>& names,
                                  TimeUs now) {
  now = or_clock(now);
  const auto path = [&folder](const char* file) { return folder + "/" + file; };
  std::error_code ignored;
  if (std::filesystem::exists(path(kAuthorityKeyFile), ignored)) {
    return Error{path(kAuthorityKeyFile), "there is an authority already"};
  }
  const Result<std::string> all_names = server_names(names);
  if (!all_names) return all_names.error();
  Authority out;
  for (PrivateKey* key : {&out.authority_key_, &out.key_}) {
    Result<PrivateKey> made = make_key();
    if (!made) return made.error();
    *key = std::move(made).value();
  }

  CertificatePlan plan;
  plan.common_name = "Doorward fleet";
  plan.from = now - kBackdatedUs;
  plan.until = now + kAuthorityDays * kDayUs;
  plan.subject_key = plan.issuer_key = out.authority_key_.get();
  plan.extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                     {NID_key_usage, "critical,keyCertSign,cRLSign"}};
  Result<Certificate> authority = make_certificate(plan);
  if (!authority) return authority.error();
  out.authority_ = std::move(authority).value();

  CertificatePlan server =
      server_plan(now, now + kServerDays * kDayUs, out.key_, out.authority_, out.authority_key_);
  server.extensions.emplace_back(NID_subject_alt_name, all_names.value());
  Result<Certificate> certificate = make_certificate(server);
  if (!certificate) return certificate.error();
  out.certificate_ = std::move(certificate).value();

  const Certificate* const alone[] = {&out.authority_};
  Status status = write_private_key(path(kServerKeyFile), out.key_);
  if (status) {
    status =
        write_server_certificate(path(kServerCertificateFile), out.certificate_, out.authority_);
  }
  if (status) status = write_certificates(path(kAuthorityCertificateFile), alone);
  if (status) status = write_private_key(path(kAuthorityKeyFile), out.authority_key_);
  if (!status) return status.error();
  return out;
}

Result<Authority> Authority::open(const std::string& folder, TimeUs now) {
  now = or_clock(now);
  const auto path = [&folder](const char* file) { return folder + "/" + file; };
  Authority out;
  struct Pair {
    PrivateKey& key;
    Certificate& certificate;
    const char* key_file;
    const char* certificate_file;
  };
  for (const Pair& pair :
       {Pair{out.authority_key_, out.authority_, kAuthorityKeyFile, kAuthorityCertificateFile},
        Pair{out.key_, out.certificate_, kServerKeyFile, kServerCertificateFile}}) {
    Result<PrivateKey> key = read_private_key(path(pair.key_file));
    if (!key) return key.error();
    Result<Certificate> certificate = read_certificate(path(pair.certificate_file));
    if (!certificate) return certificate.error();
    if (X509_check_private_key(certificate.value().get(), key.value().get()) != 1) {
      (void)openssl_words();
      return Error{path(pair.certificate_file),
                   std::string("it is not of the key in ") + pair.key_file};
    }
    pair.key = std::move(key).value();
    pair.certificate = std::move(certificate).value();
  }
  if (X509_verify(out.certificate_.get(), out.authority_key_.get()) != 1) {
    (void)openssl_words();
    return Error{path(kServerCertificateFile), "it is not signed by this authority"};
  }

  const Result<TimeUs> begins = not_before(out.certificate_.get());
  const Result<TimeUs> ends = not_after(out.certificate_.get());
  if (!begins) return begins.error();
  if (!ends) return ends.error();
  if (ends.value() - now >= (ends.value() - begins.value()) / 3) return out;
  const Result<TimeUs> until = end_of(now, kServerDays, out.authority_);
  if (!until) return until.error();
  CertificatePlan plan =
      server_plan(now, until.value(), out.key_, out.authority_, out.authority_key_);
  plan.names_of = out.certificate_.get();
  Result<Certificate> renewed = make_certificate(plan);
  if (!renewed) return renewed.error();
  const Status written =
      write_server_certificate(path(kServerCertificateFile), renewed.value(), out.authority_);
  if (!written) return written.error();
  out.certificate_ = std::move(renewed).value();
  out.renewed_ = true;
  return out;
}

Result<Certificate> Authority::issue(std::span<const std::uint8_t> request, std::string_view agent,
                                     int days, TimeUs now) const {
  if (!is_agent_id(agent)) return Error{"agent", "not an id of 32 hexadecimal digits"};
  if (days < 1 || days > kAgentDaysMax) {
    return Error{"days", "1 to " + std::to_string(kAgentDaysMax) + " are allowed"};
  }
  if (request.empty() || request.size() > kRequestBytesMax) {
    return Error{"request", "it has " + std::to_string(request.size()) + " bytes"};
  }
  const unsigned char* at = request.data();
  const RequestPtr parsed(d2i_X509_REQ(nullptr, &at, static_cast<long>(request.size())));
  if (!parsed) return openssl_error("request", "no PKCS#10");
  if (at != request.data() + request.size()) return Error{"request", "bytes follow it"};
  EVP_PKEY* key = X509_REQ_get0_pubkey(parsed.get());
  if (key == nullptr || EVP_PKEY_base_id(key) != EVP_PKEY_ED25519) {
    (void)openssl_words();
    return Error{"request", "its key is not Ed25519"};
  }
  if (X509_REQ_verify(parsed.get(), key) != 1) {
    (void)openssl_words();
    return Error{"request", "it is not signed by its own key"};
  }
  const Result<TimeUs> until = end_of(now, days, authority_);
  if (!until) return until.error();
  CertificatePlan plan;
  plan.common_name = agent;
  plan.from = now - kBackdatedUs;
  plan.until = until.value();
  plan.subject_key = key;
  plan.issuer = authority_.get();
  plan.issuer_key = authority_key_.get();
  plan.extensions = {
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, "clientAuth"},
      {NID_subject_alt_name, "URI:" + std::string(kAgentUriPrefix) + std::string(agent)}};
  return make_certificate(plan);
}

}  // namespace doorward
