#include "plugins/delivery/net/tls.h"

#include <sys/stat.h>

#include "plugins/delivery/net/tls_context.h"

namespace doorward {

Result<std::shared_ptr<TlsContext>> make_tls(const TlsSettings& settings) {
  namespace ssl = boost::asio::ssl;
  try {
    auto made = std::make_shared<TlsContext>();
    ssl::context& context = made->context;
    boost::system::error_code error;
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    if (settings.ca_file.empty()) {
      context.set_default_verify_paths(error);
      if (error) return Error{"", "cannot read the system's certificates: " + error.message()};
    } else {
      context.load_verify_file(settings.ca_file, error);
      if (error) return Error{settings.ca_file, "no certificates in it: " + error.message()};
    }
    if (!settings.cert_file.empty()) {
      context.use_certificate_chain_file(settings.cert_file, error);
      if (error) return Error{settings.cert_file, "no certificate in it: " + error.message()};
      context.use_private_key_file(settings.key_file, ssl::context::pem, error);
      if (error) {
        return Error{settings.key_file, "no private key of that certificate: " + error.message()};
      }
    }
    made->verify = settings.verify;
    context.set_verify_mode(settings.verify ? ssl::verify_peer : ssl::verify_none);
    return made;
  } catch (const std::exception& error) {
    return Error{"", std::string("cannot set up TLS: ") + error.what()};
  }
}

std::shared_ptr<TlsContext> read_tls(Params& table, std::vector<std::string>& warnings) {
  TlsSettings settings;
  settings.ca_file = table.text("ca_file");
  settings.cert_file = table.text("cert_file");
  settings.key_file = table.text("key_file");
  settings.verify = !table.boolean("insecure_skip_verify", false);
  if (settings.cert_file.empty() != settings.key_file.empty()) {
    table.mistake(settings.cert_file.empty() ? "key_file" : "cert_file",
                  "cert_file and key_file go together");
    return nullptr;
  }
  struct stat about {};
  if (!settings.key_file.empty() && ::stat(settings.key_file.c_str(), &about) == 0 &&
      (about.st_mode & S_IRWXO) != 0) {
    table.mistake("key_file", "others may read " + settings.key_file + "; chmod 0640 or 0600");
    return nullptr;
  }
  if (!settings.verify) {
    if (!settings.ca_file.empty()) {
      table.mistake("insecure_skip_verify", "with a ca_file there is no need for it");
    }
    warnings.emplace_back(
        "insecure_skip_verify = true: WHOEVER IS ON THE WAY TO THE RECEIVER CAN READ, CHANGE AND "
        "SWALLOW THE ALERTS, AND TAKE THE TOKEN. Set ca_file instead");
  }
  Result<std::shared_ptr<TlsContext>> made = make_tls(settings);
  if (made) return std::move(made).value();
  const char* key = made.error().where == settings.cert_file  ? "cert_file"
                    : made.error().where == settings.key_file ? "key_file"
                                                              : "ca_file";
  table.mistake(key, made.error().message());
  return nullptr;
}

}  // namespace doorward
