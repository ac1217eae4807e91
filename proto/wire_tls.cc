#include "proto/wire_tls.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace doorward {
namespace {

constexpr unsigned char kSessionContext[] = "doorward-wire";

// --- the socket, as OpenSSL's BIO ---

WireSocket& socket_of(BIO* bio) {
  return *static_cast<WireSocket*>(BIO_get_data(bio));
}

int socket_write(BIO* bio, const char* data, int size) {
  WireSocket& socket = socket_of(bio);
  BIO_clear_retry_flags(bio);
  const ssize_t sent =
      ::send(socket.descriptor, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent >= 0) {
    socket.sent += static_cast<std::uint64_t>(sent);
  } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    BIO_set_retry_write(bio);
  } else {
    socket.error = errno;
  }
  return static_cast<int>(sent);
}

int socket_read(BIO* bio, char* data, int size) {
  WireSocket& socket = socket_of(bio);
  BIO_clear_retry_flags(bio);
  if (std::exchange(socket.drained, false)) {
    // Asking the kernel again would mostly give nothing; what came since wakes whoever waits.
    BIO_set_retry_read(bio);
    return -1;
  }
  const ssize_t got = ::recv(socket.descriptor, data, static_cast<std::size_t>(size), 0);
  if (got > 0) {
    socket.received += static_cast<std::uint64_t>(got);
    socket.drained = got < size;
  } else if (got == 0) {
    socket.ended = true;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    BIO_set_retry_read(bio);
  } else {
    socket.error = errno;
  }
  return static_cast<int>(got);
}

long socket_control(BIO* /*bio*/, int command, long /*number*/, void* /*data*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "doorward-wire");
    if (method != nullptr) {
      BIO_meth_set_write(method, socket_write);
      BIO_meth_set_read(method, socket_read);
      BIO_meth_set_ctrl(method, socket_control);
    }
    return method;
  }();
  return kMethod;
}

// --- who is trusted ---

/// A certificate that has ended is let in, so that its owner can be told; nothing else is.
int let_expired_in(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  if (X509_STORE_CTX_get_error(store) != X509_V_ERR_CERT_HAS_EXPIRED ||
      X509_STORE_CTX_get_error_depth(store) != 0) {
    return 0;
  }
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

/// The chain is verified as always, but the one certificate of the right fingerprint in it is what
/// is trusted.
int verify_by_fingerprint(X509_STORE_CTX* store, void* argument) {
  const auto& context = *static_cast<const WireTlsContext*>(argument);
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(store);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    if (fingerprint_of(certificate) != context.fingerprint()) continue;
    STACK_OF(X509)* trusted = sk_X509_new_null();
    if (trusted == nullptr || sk_X509_push(trusted, certificate) <= 0) {
      sk_X509_free(trusted);
      X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
      return 0;
    }
    X509_STORE_CTX_set0_trusted_stack(store, trusted);
    const int verdict = X509_verify_cert(store);
    sk_X509_free(trusted);
    return verdict > 0 ? 1 : 0;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
  return 0;
}

int new_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<WireTlsContext*>(SSL_get_app_data(ssl))->keep(session);
  return 1;  // it is ours now
}

}  // namespace

void SslFree::operator()(SSL* ssl) const {
  // Else OpenSSL takes a connection that was cut for an attack and the session is lost.
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
}

Status WireTlsContext::set_up(const Certificate* authority, const Certificate* certificate,
                              const PrivateKey* key) {
  const bool server = end_ == End::server;
  context_.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* context = context_.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1) {
    return openssl_error("TLS", "cannot set it up");
  }
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // A record's header and body in one read, and what follows it; the buffer goes when it is empty.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_timeout(context, kTlsSessionSeconds);
  if (authority != nullptr &&
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority->get()) != 1) {
    return openssl_error("authority", "cannot take its certificate");
  }
  if (certificate != nullptr && (SSL_CTX_use_certificate(context, certificate->get()) != 1 ||
                                 SSL_CTX_use_PrivateKey(context, key->get()) != 1)) {
    return openssl_error("certificate", "cannot take it with its key");
  }
  if (server) {
    // Strangers know only the fingerprint of the authority, so its certificate is sent as well.
    if (SSL_CTX_add1_chain_cert(context, authority->get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority->get()) != 1 ||
        SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1) != 1 ||
        SSL_CTX_set_num_tickets(context, 1) != 1) {
      return openssl_error("TLS", "cannot set it up");
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // all is in the tickets
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, let_expired_in);
  } else {
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, new_session);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  return {};
}

void WireTlsContext::trust_only(const Fingerprint& authority) {
  fingerprint_ = authority;
  SSL_CTX_set_cert_verify_callback(context_.get(), verify_by_fingerprint, this);
}

Status WireTlsContext::share(const WireTlsContext& other, const Certificate& certificate,
                             const PrivateKey& key) {
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return openssl_error("certificate", "cannot take it with its key");
  }
  SSL_CTX_up_ref(other.context_.get());
  context_.reset(other.context_.get());
  X509_up_ref(certificate.get());
  certificate_.reset(certificate.get());
  EVP_PKEY_up_ref(key.get());
  key_.reset(key.get());
  return {};
}

SslPtr WireTlsContext::over(WireSocket& socket) {
  ERR_clear_error();
  SslPtr ssl(SSL_new(context_.get()));
  BIO_METHOD* method = socket_method();
  BIO* bio = ssl && method != nullptr ? BIO_new(method) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  if (end_ == End::server) {
    SSL_set_accept_state(ssl.get());
    return ssl;
  }
  SSL_set_connect_state(ssl.get());
  SSL_set_app_data(ssl.get(), this);
  if (certificate_ && (SSL_use_certificate(ssl.get(), certificate_.get()) != 1 ||
                       SSL_use_PrivateKey(ssl.get(), key_.get()) != 1)) {
    return nullptr;
  }
  SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (SSL_set1_host(ssl.get(), kServerName) != 1 ||
      SSL_set_tlsext_host_name(ssl.get(), kServerName) != 1) {
    return nullptr;
  }
  const std::lock_guard lock(mutex_);
  // One that OpenSSL does not like any more is simply not offered.
  if (session_) SSL_set_session(ssl.get(), session_.get());
  ERR_clear_error();
  return ssl;
}

void WireTlsContext::keep(SSL_SESSION* session) {
  const std::lock_guard lock(mutex_);
  session_.reset(session);
}

std::string tls_failure(SSL* ssl, int ssl_error, const WireSocket& socket) {
  const unsigned long code = ERR_peek_last_error();
  if (ssl_error == SSL_ERROR_SYSCALL || code == 0) {
    ERR_clear_error();
    if (socket.error != 0) return std::generic_category().message(socket.error);
    return "cut off by the other end";
  }
  const long verdict = SSL_get_verify_result(ssl);
  std::string out = openssl_words();
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
    out += std::string(": ") + X509_verify_cert_error_string(verdict);
  }
  return out;
}

Result<std::shared_ptr<WireTls>> WireTls::server(const Certificate& authority,
                                                 const Certificate& certificate,
                                                 const PrivateKey& key) {
  auto made = std::make_shared<WireTlsContext>(WireTlsContext::End::server);
  const Status status = made->set_up(&authority, &certificate, &key);
  if (!status) return status.error();
  return std::shared_ptr<WireTls>(std::move(made));
}

Result<std::shared_ptr<WireTls>> WireTls::agent(const Certificate& authority,
                                                const Certificate& certificate,
                                                const PrivateKey& key) {
  auto made = std::make_shared<WireTlsContext>(WireTlsContext::End::client);
  const Status status = made->set_up(&authority, &certificate, &key);
  if (!status) return status.error();
  return std::shared_ptr<WireTls>(std::move(made));
}

Result<std::shared_ptr<WireTls>> WireTls::agent_beside(const WireTls& other,
                                                       const Certificate& certificate,
                                                       const PrivateKey& key) {
  auto made = std::make_shared<WireTlsContext>(WireTlsContext::End::client);
  const Status status = made->share(static_cast<const WireTlsContext&>(other), certificate, key);
  if (!status) return status.error();
  return std::shared_ptr<WireTls>(std::move(made));
}

Result<std::shared_ptr<WireTls>> WireTls::stranger(const Fingerprint& authority) {
  auto made = std::make_shared<WireTlsContext>(WireTlsContext::End::client);
  const Status status = made->set_up(nullptr, nullptr, nullptr);
  if (!status) return status.error();
  made->trust_only(authority);
  return std::shared_ptr<WireTls>(std::move(made));
}

}  // namespace doorward
