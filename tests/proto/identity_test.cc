// Keys, requests, certificates and tokens, and the authority that signs: through files and back.
#include "proto/identity.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <set>
#include <string>

#include "proto/openssl_parts.h"
#include "server/authority/authority.h"
#include "tests/support/files.h"

namespace doorward {
namespace {

constexpr TimeUs kDay = TimeUs{24} * 3600 * 1'000'000;
constexpr TimeUs kNow = TimeUs{1'790'000'000} * 1'000'000;
const std::string kAgent = "0123456789abcdef0123456789abcdef";

unsigned mode_of(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 ? about.st_mode & 07777U : 0;
}

Authority authority_in(const TemporaryFolder& folder, TimeUs now = kNow) {
  Result<Authority> made = Authority::make(folder.dir(), {"soc.example.com", "192.0.2.7"}, now);
  EXPECT_TRUE(made) << (made ? "" : made.error().message());
  return std::move(made).value();
}

Der request_of(const PrivateKey& key) {
  Result<Der> request = make_request(key);
  EXPECT_TRUE(request);
  return std::move(request).value();
}

/// As text, all of its extensions included.
std::string text_of(const Certificate& certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_print(bio.get(), certificate.get());
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

TEST(Identity, KeyComesBackFromItsFile) {
  const TemporaryFolder folder;
  const PrivateKey key = std::move(make_key()).value();
  const std::string path = folder.path("agent.key");
  ASSERT_TRUE(write_private_key(path, key));
  EXPECT_EQ(mode_of(path), 0600U);
  const Result<PrivateKey> back = read_private_key(path);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(EVP_PKEY_eq(key.get(), back.value().get()), 1);
}

TEST(Identity, KeyThatOthersMayReadIsRefused) {
  const TemporaryFolder folder;
  const PrivateKey key = std::move(make_key()).value();
  const std::string path = folder.path("agent.key");
  ASSERT_TRUE(write_private_key(path, key));
  for (const mode_t mode : {0640U, 0604U, 0620U, 0700U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const Result<PrivateKey> back = read_private_key(path);
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().message(),
              path + ": others than its owner may read or write it: chmod 600");
  }
}

TEST(Identity, FilesThatAreNone) {
  const TemporaryFolder folder;
  const std::string path = folder.write("x.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(read_private_key(path).error().where, path);
  EXPECT_EQ(read_certificate(path).error().where, path);
  EXPECT_EQ(read_certificate(folder.path("none")).error().what,
            "cannot open: No such file or directory");
}

TEST(Identity, KeyWithAPassphraseIsRefusedWithoutAsking) {
  const TemporaryFolder folder;
  const PrivateKey key = std::move(make_key()).value();
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char phrase[] = "secret";
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_256_cbc(), phrase, 6,
                                          nullptr, nullptr),
            1);
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  const std::string path = folder.write("k.pem", {data, static_cast<std::size_t>(size)});
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_FALSE(read_private_key(path));
}

TEST(Identity, AgentsCertificateSaysWhoItIs) {
  const TemporaryFolder folder;
  const Authority authority = authority_in(folder);
  const PrivateKey key = std::move(make_key()).value();
  const Result<Certificate> issued = authority.issue(request_of(key), kAgent, 30, kNow);
  ASSERT_TRUE(issued) << issued.error().message();
  const Certificate& certificate = issued.value();
  EXPECT_EQ(agent_id_of(certificate.get()), kAgent);
  EXPECT_EQ(not_before(certificate.get()).value(), kNow - kBackdatedUs);
  EXPECT_EQ(not_after(certificate.get()).value(), kNow + 30 * kDay);
  EXPECT_EQ(serial_of(certificate.get()).size(), 32U);
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(authority.authority().get())), 1);
  EXPECT_EQ(X509_check_private_key(certificate.get(), key.get()), 1);
  const std::string text = text_of(certificate);
  EXPECT_NE(text.find("Subject: CN=" + kAgent), std::string::npos) << text;
  EXPECT_NE(text.find("URI:urn:doorward:agent:" + kAgent), std::string::npos) << text;
  EXPECT_NE(text.find("TLS Web Client Authentication"), std::string::npos) << text;
  EXPECT_EQ(text.find("TLS Web Server Authentication"), std::string::npos) << text;
  EXPECT_NE(text.find("CA:FALSE"), std::string::npos) << text;

  const Result<Der> der = der_of(certificate);
  ASSERT_TRUE(der);
  const Result<Certificate> back = certificate_from(der.value());
  ASSERT_TRUE(back);
  EXPECT_EQ(fingerprint_of(back.value()), fingerprint_of(certificate));

  const std::string path = folder.path("agent.crt");
  const Certificate* const chain[] = {&certificate, &authority.authority()};
  ASSERT_TRUE(write_certificates(path, chain));
  EXPECT_EQ(mode_of(path), 0644U);
  EXPECT_EQ(fingerprint_of(read_certificate(path).value()), fingerprint_of(certificate));
}

TEST(Identity, SerialsAndIdsDiffer) {
  const TemporaryFolder folder;
  const Authority authority = authority_in(folder);
  const Der request = request_of(std::move(make_key()).value());
  std::set<std::string> serials;
  std::set<std::string> ids;
  for (int i = 0; i < 50; ++i) {
    serials.insert(serial_of(authority.issue(request, kAgent, 1, kNow).value().get()));
    ids.insert(make_agent_id());
    EXPECT_TRUE(is_agent_id(*ids.begin()));
  }
  EXPECT_EQ(serials.size(), 50U);
  EXPECT_EQ(ids.size(), 50U);
}

TEST(Identity, RequestsThatAreNotSigned) {
  const TemporaryFolder folder;
  const Authority authority = authority_in(folder);
  const auto why = [&](const Der& request, std::string_view id = kAgent, int days = 30) {
    return authority.issue(request, id, days, kNow).error().message();
  };
  Der request = request_of(std::move(make_key()).value());
  EXPECT_EQ(why(request, "server"), "agent: not an id of 32 hexadecimal digits");
  EXPECT_EQ(why(request, "0123456789ABCDEF0123456789ABCDEF"),
            "agent: not an id of 32 hexadecimal digits");
  EXPECT_EQ(why(request, kAgent, 0), "days: 1 to 365 are allowed");
  EXPECT_EQ(why({}), "request: it has 0 bytes");
  EXPECT_EQ(why(Der(kRequestBytesMax + 1)), "request: it has 4097 bytes");
  EXPECT_TRUE(why(Der(100, 0x30)).starts_with("request: no PKCS#10"));
  Der longer = request;
  longer.push_back(0);
  EXPECT_EQ(why(longer), "request: bytes follow it");
  request.back() ^= 1;
  EXPECT_EQ(why(request), "request: it is not signed by its own key");
  // Every other byte changed: a certificate never comes of it, but of the same key.
  request.back() ^= 1;
  for (std::size_t i = 0; i < request.size(); ++i) {
    Der changed = request;
    changed[i] ^= 0x55;
    EXPECT_FALSE(authority.issue(changed, kAgent, 30, kNow)) << i;
  }
}

TEST(Identity, RsaIsRefused) {
  const TemporaryFolder folder;
  const Authority authority = authority_in(folder);
  EVP_PKEY* made = EVP_RSA_gen(2048);
  const PrivateKey rsa(made);
  const RequestPtr request(X509_REQ_new());
  X509_REQ_set_pubkey(request.get(), rsa.get());
  ASSERT_GT(X509_REQ_sign(request.get(), rsa.get(), EVP_sha256()), 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  const Der bytes(der, der + size);
  OPENSSL_free(der);
  EXPECT_EQ(authority.issue(bytes, kAgent, 30, kNow).error().message(),
            "request: its key is not Ed25519");
}

TEST(Identity, AgentsCertificateEndsWithItsAuthority) {
  const TemporaryFolder folder;
  const Authority authority = authority_in(folder);
  const Der request = request_of(std::move(make_key()).value());
  const TimeUs end = not_after(authority.authority().get()).value();
  EXPECT_EQ(end, kNow + kAuthorityDays * kDay);
  EXPECT_EQ(not_after(authority.issue(request, kAgent, 30, end - kDay).value().get()).value(), end);
  EXPECT_EQ(authority.issue(request, kAgent, 30, end).error().what, "the authority has ended");
}

TEST(Identity, CertificatesThatAreNone) {
  EXPECT_EQ(certificate_from({}).error().message(), "certificate: it has 0 bytes");
  EXPECT_FALSE(certificate_from(Der(100, 0x30)));
  EXPECT_EQ(certificate_from(Der(kCertificateBytesMax + 1)).error().message(),
            "certificate: it has 8193 bytes");
}

TEST(Authority, OpensWhatItMade) {
  const TemporaryFolder folder;
  const Authority made = authority_in(folder);
  EXPECT_EQ(mode_of(folder.path(kAuthorityKeyFile)), 0600U);
  EXPECT_EQ(mode_of(folder.path(kServerKeyFile)), 0600U);
  EXPECT_EQ(mode_of(folder.path(kServerCertificateFile)), 0644U);
  const Result<Authority> opened = Authority::open(folder.dir(), kNow);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_FALSE(opened.value().renewed());
  EXPECT_EQ(fingerprint_of(opened.value().authority()), fingerprint_of(made.authority()));
  EXPECT_EQ(fingerprint_of(opened.value().certificate()), fingerprint_of(made.certificate()));
  const std::string text = text_of(made.certificate());
  EXPECT_NE(text.find("DNS:server.doorward.internal, DNS:localhost, IP Address:127.0.0.1, IP "
                      "Address:0:0:0:0:0:0:0:1, DNS:soc.example.com, IP Address:192.0.2.7"),
            std::string::npos)
      << text;
  EXPECT_EQ(Authority::make(folder.dir(), {}, kNow).error().what, "there is an authority already");
}

TEST(Authority, RenewsTheServersCertificateInItsLastThird) {
  const TemporaryFolder folder;
  const Authority made = authority_in(folder);
  EXPECT_FALSE(Authority::open(folder.dir(), kNow + 240 * kDay).value().renewed());
  const TimeUs later = kNow + 245 * kDay;
  const Result<Authority> opened = Authority::open(folder.dir(), later);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_TRUE(opened.value().renewed());
  EXPECT_EQ(not_after(opened.value().certificate().get()).value(), later + kServerDays * kDay);
  const std::string text = text_of(opened.value().certificate());
  EXPECT_NE(text.find("IP Address:192.0.2.7"), std::string::npos) << text;
  EXPECT_FALSE(Authority::open(folder.dir(), later).value().renewed());
}

TEST(Authority, NamesThatAreNone) {
  const TemporaryFolder folder;
  for (const char* name : {"", "a b", "x,IP:1.2.3.4", "-x", "h\xc3\xa4"}) {
    EXPECT_EQ(Authority::make(folder.dir(), {name}, kNow).error().message(),
              std::string("names: \"") + name + "\" is neither a DNS name nor an address");
  }
}

TEST(Authority, KeyOfAnother) {
  const TemporaryFolder folder;
  const TemporaryFolder other;
  const Authority made = authority_in(folder);
  const Authority another = authority_in(other);
  std::filesystem::copy_file(other.path(kServerKeyFile), folder.path(kServerKeyFile),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(Authority::open(folder.dir(), kNow).error().what, "it is not of the key in server.key");
  std::filesystem::copy_file(other.path(kServerCertificateFile),
                             folder.path(kServerCertificateFile),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(Authority::open(folder.dir(), kNow).error().what, "it is not signed by this authority");
}

TEST(JoinToken, ComesBackFromItsText) {
  JoinToken token;
  for (std::size_t i = 0; i < token.secret.size(); ++i)
    token.secret[i] = static_cast<std::uint8_t>(i * 11);
  for (std::size_t i = 0; i < token.authority.size(); ++i)
    token.authority[i] = static_cast<std::uint8_t>(255 - i);
  const std::string text = token.text();
  EXPECT_EQ(text,
            "dw1.AAsWISw3Qk1YY255hI-apbC7xtHc5_L9._"
            "_79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA");
  const Result<JoinToken> back = JoinToken::parse(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(back.value().secret, token.secret);
  EXPECT_EQ(back.value().authority, token.authority);
  EXPECT_EQ(token_digest(back.value()), token_digest(token));
  EXPECT_EQ(token_name(token), hex_of(token_digest(token)).substr(0, 8));
  JoinToken other = token;
  other.secret[0] = 1;
  EXPECT_NE(token_digest(other), token_digest(token));
}

TEST(JoinToken, TextsThatAreNone) {
  const std::string good = JoinToken{}.text();
  EXPECT_TRUE(JoinToken::parse(good));
  for (const std::string& text :
       {std::string(), std::string("dw1."), std::string("dw2") + good.substr(3),
        good.substr(0, good.size() - 1), good + "A", good + " ", std::string(500, 'A'),
        good.substr(0, 10) + "." + good.substr(11), good.substr(0, 10) + "=" + good.substr(11)}) {
    EXPECT_EQ(JoinToken::parse(text).error().message(),
              "token: not a token: it must read dw1.SECRET.FINGERPRINT, in one word")
        << text;
  }
}

}  // namespace
}  // namespace doorward
