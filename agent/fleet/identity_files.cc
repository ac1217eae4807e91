#include "agent/fleet/identity_files.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "agent/fleet/limits.h"
#include "agent/hash_key.h"
#include "proto/agent_state_file.h"
#include "proto/whole_file.h"
#include "sketch/baseline_layout.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSmallFileMax = 4096;
constexpr std::string_view kBeforeFleet = ".before-fleet-";

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

/// PEM of a key (when there is one) and of a certificate.
Result<std::vector<std::uint8_t>> pem_of(const PrivateKey* key, const Certificate& certificate) {
  const std::unique_ptr<BIO, BioDeleter> bio(BIO_new(BIO_s_mem()));
  if (!bio) return Error{"", "no memory for a certificate"};
  if (key != nullptr &&
      PEM_write_bio_PrivateKey(bio.get(), key->get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Error{"", "cannot write the private key as PEM"};
  }
  if (PEM_write_bio_X509(bio.get(), certificate.get()) != 1) {
    return Error{"", "cannot write the certificate as PEM"};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::vector<std::uint8_t>(data, data + size);
}

Status write_text(const std::string& path, const std::string& text) {
  return write_whole_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
                          Owner::folder);
}

Result<std::string> read_line(const std::string& path) {
  const auto bytes = read_whole_file(path, kSmallFileMax, "a line");
  if (!bytes) return bytes.error();
  std::string text(bytes.value().begin(), bytes.value().end());
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

/// A folder for its owner only; where root makes it, of the owner of the folder it is in.
Status make_folder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return system_error(path, "cannot make the folder");
  }
  struct stat above {};
  if (geteuid() == 0 && (stat(folder_of(path).c_str(), &above) != 0 ||
                         chown(path.c_str(), above.st_uid, above.st_gid) != 0)) {
    return system_error(path, "cannot give it to the owner of the folder above");
  }
  return {};
}

/// The state that was, under another name; older such ones go.
Status set_state_aside(const std::string& state_dir, std::int64_t now_us) {
  const std::string state = state_dir + "/" + std::string(kStateFileName);
  std::error_code failed;
  if (!fs::exists(state, failed)) return {};
  std::string kept = state + std::string(kBeforeFleet) + compact_time(now_us);
  for (int i = 2; fs::exists(kept, failed); ++i) {
    kept = state + std::string(kBeforeFleet) + compact_time(now_us) + "." + std::to_string(i);
  }
  if (std::rename(state.c_str(), kept.c_str()) != 0) {
    return system_error(state, "cannot set it aside");
  }
  std::vector<std::string> all;
  const std::string prefix = std::string(kStateFileName) + std::string(kBeforeFleet);
  for (const auto& entry : fs::directory_iterator(state_dir, failed)) {
    if (entry.path().filename().string().starts_with(prefix)) all.push_back(entry.path().string());
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i + kStatesBeforeFleetKept < all.size(); ++i) fs::remove(all[i], failed);
  return sync_folder(state_dir);
}

}  // namespace

std::string fleet_folder(const std::string& state_dir) {
  return state_dir + "/fleet";
}

bool is_enrolled(const std::string& state_dir) {
  std::error_code failed;
  return fs::exists(fleet_folder(state_dir) + "/agent.pem", failed);
}

Result<std::optional<FleetIdentity>> read_fleet_identity(const std::string& state_dir) {
  if (!is_enrolled(state_dir)) return std::optional<FleetIdentity>();
  const std::string folder = fleet_folder(state_dir);
  FleetIdentity out;
  Result<PrivateKey> key = read_private_key(folder + "/agent.pem");
  if (!key) return key.error();
  out.key = std::move(key).value();
  Result<Certificate> certificate = read_certificate(folder + "/agent.pem");
  if (!certificate) return certificate.error();
  out.certificate = std::move(certificate).value();
  Result<Certificate> authority = read_certificate(folder + "/authority.pem");
  if (!authority) return authority.error();
  out.authority = std::move(authority).value();
  if (const Status fits = check_pair(out.key, out.certificate); !fits) {
    return Error{folder + "/agent.pem", fits.error().what};
  }
  out.agent = agent_id_of(out.certificate.get());
  Result<std::string> server = read_line(folder + "/server");
  if (!server) return server.error();
  out.server = std::move(server).value();
  std::error_code failed;
  if (fs::exists(folder + "/size", failed)) {
    const Result<std::string> size = read_line(folder + "/size");
    if (!size) return size.error();
    const std::string& text = size.value();
    const auto [end, wrong] =
        std::from_chars(text.data(), text.data() + text.size(), out.baseline_bytes);
    if (wrong != std::errc() || end != text.data() + text.size() ||
        out.baseline_bytes < kBaselineBytesMin || out.baseline_bytes > kBaselineBytesMax) {
      return Error{folder + "/size", "expected the bytes of a baseline"};
    }
  }
  return std::optional<FleetIdentity>(std::move(out));
}

Status write_fleet_identity(const std::string& state_dir, const FleetIdentity& identity) {
  const std::string folder = fleet_folder(state_dir);
  for (const std::string& one : {state_dir, folder}) {
    if (Status made = make_folder(one); !made) return made;
  }
  const auto authority = pem_of(nullptr, identity.authority);
  if (!authority) return authority.error();
  Status written = write_whole_file(folder + "/authority.pem", authority.value(), Owner::folder);
  if (written) written = write_text(folder + "/server", identity.server + "\n");
  if (!written) return written;
  return write_agent_pem(state_dir, identity.key, identity.certificate);
}

Status write_agent_pem(const std::string& state_dir, const PrivateKey& key,
                       const Certificate& certificate) {
  auto pem = pem_of(&key, certificate);
  if (!pem) return pem.error();
  Status written =
      write_whole_file(fleet_folder(state_dir) + "/agent.pem", pem.value(), Owner::folder);
  OPENSSL_cleanse(pem.value().data(), pem.value().size());
  return written;
}

Status check_pair(const PrivateKey& key, const Certificate& certificate) {
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Error{"", "the certificate is not for the private key beside it"};
  }
  if (agent_id_of(certificate.get()).empty()) {
    return Error{"", "the certificate does not name an agent"};
  }
  return {};
}

Status take_over(const std::string& state_dir, const FleetTakeover& takeover, std::int64_t now_us) {
  if (takeover.baseline_bytes != 0) {
    const Status written = write_text(fleet_folder(state_dir) + "/size",
                                      std::to_string(takeover.baseline_bytes) + "\n");
    if (!written) return written;
  }
  if (!takeover.anew) return {};
  // First the state: with it gone the old key does no harm, and the server tells the new one again.
  if (Status aside = set_state_aside(state_dir, now_us); !aside) return aside;
  return write_whole_file(state_dir + "/" + kHashKeyFileName, takeover.key.bytes, Owner::folder);
}

}  // namespace doorward
