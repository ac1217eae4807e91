#include "bench/server/load_identities.h"

#include <openssl/pem.h>

#include <filesystem>

#include "proto/openssl_parts.h"
#include "proto/whole_file.h"

namespace doorward {
namespace {

constexpr std::size_t kAgentsFileMax = std::size_t{256} << 20U;

}  // namespace

Result<LoadIdentities> read_identities(const std::string& folder) {
  LoadIdentities out;
  const std::string path = folder + "/agents.pem";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return out;
  Result<Certificate> authority = read_certificate(folder + "/authority.crt");
  if (!authority) return authority.error();
  out.authority = std::move(authority).value();
  const auto text = read_whole_file(path, kAgentsFileMax, "identities");
  if (!text) return text.error();
  const BioPtr bio(BIO_new_mem_buf(text.value().data(), static_cast<int>(text.value().size())));
  for (;;) {
    LoadIdentity one;
    one.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (!one.key) break;
    one.certificate.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!one.certificate) return openssl_error(path, "a key without its certificate");
    out.agents.push_back(std::move(one));
  }
  (void)openssl_words();  // "no start line": the end
  return out;
}

Status write_identities(const std::string& folder, const LoadIdentities& identities) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const Certificate* const authority[] = {&identities.authority};
  const Status status = write_certificates(folder + "/authority.crt", authority);
  if (!status) return status;
  const BioPtr bio(BIO_new(BIO_s_mem()));
  for (const LoadIdentity& one : identities.agents) {
    if (PEM_write_bio_PrivateKey(bio.get(), one.key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
            1 ||
        PEM_write_bio_X509(bio.get(), one.certificate.get()) != 1) {
      return openssl_error(folder, "cannot encode an identity");
    }
  }
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return write_whole_file(folder + "/agents.pem", {reinterpret_cast<const std::uint8_t*>(data),
                                                   static_cast<std::size_t>(size)});
}

}  // namespace doorward
