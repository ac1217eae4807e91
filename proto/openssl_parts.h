// Small parts around OpenSSL that identity.cc, the wire and the authority share. Only for .cc
// files.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "sketch/result.h"

namespace doorward {

/// Frees with the function given: OpensslPtr<BIO, BIO_free>.
template <auto kFree>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <class T, auto kFree>
using OpensslPtr = std::unique_ptr<T, OpensslFree<kFree>>;

using BioPtr = OpensslPtr<BIO, BIO_free>;
using RequestPtr = OpensslPtr<X509_REQ, X509_REQ_free>;
using ExtensionPtr = OpensslPtr<X509_EXTENSION, X509_EXTENSION_free>;

/// What OpenSSL says of its last failure in this thread, which is then forgotten; "unknown cause"
/// when it says nothing.
std::string openssl_words();

/// "cannot do it: what OpenSSL says".
Error openssl_error(const std::string& where, const std::string& what);

}  // namespace doorward
