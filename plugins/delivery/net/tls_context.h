// The inside of TlsContext, for the few files that include Asio's TLS.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "plugins/delivery/net/tls.h"

namespace doorward {

class TlsContext {
 public:
  TlsContext() : context(boost::asio::ssl::context::tls_client) {}

  boost::asio::ssl::context context;
  bool verify = true;
};

}  // namespace doorward
