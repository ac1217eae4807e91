// The API over TLS and over the local socket.
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <thread>

#include "server/api/http.h"
#include "server/api/limits.h"
#include "tests/server/api_world.h"
#include "tests/support/wait.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Response = http::response<http::string_body>;
using Request = http::request<http::string_body>;
using Tls = asio::ssl::stream<asio::ip::tcp::socket>;

/// A certificate that signs itself.
std::pair<Certificate, PrivateKey> self_signed() {
  PrivateKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  Certificate certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), nullptr);
  return {std::move(certificate), std::move(key)};
}

/// A running server.
class HttpWorld : public ApiWorld {
 public:
  explicit HttpWorld(std::int64_t requests_per_minute = 100'000) {
    settings.requests_per_minute = requests_per_minute;
    core->start();
    const auto [certificate, key] = self_signed();
    auto opened = ApiServer::open(io, *api, *core, settings, {&certificate, &certificate, &key});
    EXPECT_TRUE(opened.ok()) << opened.error().message();
    server = std::move(opened.value());
    for (std::thread& thread : threads) thread = std::thread([this] { io.run(); });
  }
  ~HttpWorld() {
    server->close();
    work.reset();
    core->stop();
    io.stop();
    for (std::thread& thread : threads) thread.join();
  }

  /// A fresh token of this role, by the local socket.
  std::string token(const std::string& name, const std::string& role) {
    const Response made =
        over_socket(request(http::verb::post, "/api/v1/api-tokens", "",
                            R"({"name":")" + name + R"(","role":")" + role + "\"}"));
    EXPECT_EQ(made.result_int(), 200U) << made.body();
    return text_at(json::parse(made.body()).as_object(), "token");
  }

  static Request request(http::verb verb, const std::string& target, const std::string& token = "",
                         const std::string& body = "") {
    Request out(verb, target, 11);
    out.set(http::field::host, "localhost");
    if (!token.empty()) out.set(http::field::authorization, "Bearer " + token);
    out.body() = body;
    out.prepare_payload();
    return out;
  }

  Tls connect() {
    static asio::ssl::context context(asio::ssl::context::tls_client);
    static asio::io_context client;
    Tls stream(client, context);
    stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), server->port()});
    stream.handshake(asio::ssl::stream_base::client);
    return stream;
  }

  template <class Stream>
  static Response exchange(Stream& stream, const Request& message) {
    beast::error_code fault;
    http::write(stream, message, fault);  // one that refuses may close before it has read all
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(std::uint64_t{1} << 30);
    http::read(stream, buffer, parser, fault);
    EXPECT_FALSE(fault) << fault.message();
    return parser.release();
  }

  Response over_tls(const Request& message) {
    Tls stream = connect();
    return exchange(stream, message);
  }
  Response get(const std::string& target, const std::string& token_ = "") {
    return over_tls(request(http::verb::get, target, token_));
  }

  Response over_socket(const Request& message) {
    asio::io_context client;
    asio::local::stream_protocol::socket socket(client);
    socket.connect(asio::local::stream_protocol::endpoint(settings.socket()));
    return exchange(socket, message);
  }

  asio::io_context io;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{
      asio::make_work_guard(io)};
  std::unique_ptr<ApiServer> server;
  std::array<std::thread, 2> threads;
};

TEST(ApiHttp, TokensOpenWhatTheirRoleMay) {
  HttpWorld world;
  EXPECT_EQ(world.get("/healthz").body(), "{\"alive\":true}");
  EXPECT_EQ(world.get("/readyz").result_int(), 200U);
  const Response stranger = world.get("/api/v1/agents");
  EXPECT_EQ(stranger.result_int(), 401U);
  EXPECT_EQ(stranger[http::field::www_authenticate], "Bearer");
  const std::string viewer = world.token("eve", "viewer");
  const Response who = world.get("/api/v1/whoami", viewer);
  EXPECT_EQ(who.body(), R"({"name":"eve","role":"viewer","from":"127.0.0.1"})");
  EXPECT_EQ(who[http::field::cache_control], "no-store");
  EXPECT_EQ(world.get("/api/v1/audit", viewer).result_int(), 403U);
  EXPECT_EQ(world
                .over_tls(HttpWorld::request(http::verb::post, "/api/v1/groups", viewer,
                                             R"({"name":"x"})"))
                .result_int(),
            403U);
  const std::string admin = world.token("root", "admin");
  EXPECT_EQ(world
                .over_tls(HttpWorld::request(http::verb::post, "/api/v1/groups", admin,
                                             R"({"name":"x"})"))
                .result_int(),
            200U);
  EXPECT_EQ(world.get("/api/v1/audit?action=group.make&refused=true", admin).result_int(), 200U);
}

TEST(ApiHttp, ARevokedTokenIsWorthNothingAtOnceThoughItIsRemembered) {
  HttpWorld world;
  const std::string token = world.token("ci", "viewer");
  Tls stream = world.connect();
  const Request ask = HttpWorld::request(http::verb::get, "/api/v1/whoami", token);
  EXPECT_EQ(HttpWorld::exchange(stream, ask).result_int(), 200U);
  EXPECT_EQ(HttpWorld::exchange(stream, ask).result_int(), 200U);  // the connection goes on
  world.over_socket(HttpWorld::request(http::verb::post, "/api/v1/api-tokens/ci/revoke"));
  EXPECT_EQ(HttpWorld::exchange(stream, ask).result_int(), 401U);
  // One of the same name is another token.
  const std::string fresh = world.token("ci", "viewer");
  EXPECT_EQ(world.get("/api/v1/whoami", token).result_int(), 401U);
  EXPECT_EQ(world.get("/api/v1/whoami", fresh).result_int(), 200U);
}

TEST(ApiHttp, ArgonRunsOnceForManyRequestsOfAToken) {
  HttpWorld world;
  const std::string token = world.token("ci", "viewer");
  for (int i = 0; i < 30; ++i) EXPECT_EQ(world.get("/api/v1/whoami", token).result_int(), 200U);
  const std::string page = world.get("/metrics").body();  // from this host without a token
  EXPECT_NE(page.find("doorward_server_api_token_verifications_total 1\n"), std::string::npos)
      << page;
}

TEST(ApiHttp, GuessersAreHeldUp) {
  HttpWorld world;
  const std::string token = world.token("ci", "viewer");
  EXPECT_EQ(world.get("/api/v1/whoami", token).result_int(), 200U);
  unsigned held = 0;
  for (int i = 0; i < 15; ++i) {
    const Response response =
        world.get("/api/v1/whoami", "dwa_ci_" + std::string(30, 'x') + std::to_string(10 + i));
    if (response.result_int() == 429) {
      ++held;
      EXPECT_GE(std::stoi(std::string(response[http::field::retry_after])), 1);
    } else {
      EXPECT_EQ(response.result_int(), 401U);
    }
  }
  EXPECT_GE(held, 3U);  // one more is let in every six seconds
  // Who was known before goes on.
  EXPECT_EQ(world.get("/api/v1/whoami", token).result_int(), 200U);
}

TEST(ApiHttp, AClientBeyondItsRateIsToldWhenToTryAgain) {
  HttpWorld world(30);
  const std::string one = world.token("one", "viewer");
  const std::string two = world.token("two", "viewer");
  unsigned good = 0;
  unsigned held = 0;
  for (int i = 0; i < 60; ++i) {
    const Response response = world.get("/api/v1/whoami", one);
    good += response.result_int() == 200 ? 1 : 0;
    if (response.result_int() != 429) continue;
    ++held;
    EXPECT_FALSE(response[http::field::retry_after].empty());
  }
  EXPECT_GE(good, 30U);
  EXPECT_GE(held, 1U);
  EXPECT_EQ(good + held, 60U);
  EXPECT_EQ(world.get("/api/v1/whoami", two).result_int(), 200U);
  for (int i = 0; i < 100; ++i) {  // this host's admin is not held up
    EXPECT_EQ(world.over_socket(HttpWorld::request(http::verb::get, "/api/v1/whoami")).result_int(),
              200U);
  }
}

TEST(ApiHttp, HeadersAndBodiesBeyondTheirBounds) {
  HttpWorld world;
  const std::string admin = world.token("root", "admin");
  const std::string viewer = world.token("eve", "viewer");
  Request header = HttpWorld::request(http::verb::get, "/healthz");
  header.set("X-Long", std::string(kApiHeaderBytesMax, 'x'));
  EXPECT_EQ(world.over_tls(header).result_int(), 431U);
  const auto post = [&](const std::string& token, std::size_t bytes) {
    return world
        .over_socket(
            HttpWorld::request(http::verb::post, "/api/v1/groups", token, std::string(bytes, ' ')))
        .result_int();
  };
  EXPECT_EQ(post("", kApiBodyBytesMax + 1), 413U);  // the local socket's admin
  Request large =
      HttpWorld::request(http::verb::post, "/api/v1/groups", viewer, std::string(70'000, ' '));
  EXPECT_EQ(world.over_tls(large).result_int(), 413U);
  large = HttpWorld::request(http::verb::post, "/api/v1/groups", "", "{}");
  EXPECT_EQ(world.over_tls(large).result_int(), 401U);  // strangers send nothing
  // Within the bound it is read whole.
  const std::string text(1'000'000, '#');
  Request policy = HttpWorld::request(
      http::verb::post, "/api/v1/policies/default/apply", admin,
      json::serialize(json::object{
          {"files", json::array{json::object{{"name", "policy.toml"}, {"text", text}}}}}));
  EXPECT_EQ(world.over_tls(policy).result_int(), 200U);
  policy.set(http::field::expect, "100-continue");
  Tls stream = world.connect();
  http::request_serializer<http::string_body> writer(policy);
  http::write_header(stream, writer);
  Response go_on;
  beast::flat_buffer buffer;
  http::read(stream, buffer, go_on);
  EXPECT_EQ(go_on.result_int(), 100U);
  http::write(stream, writer);
  Response done;
  http::read(stream, buffer, done);
  EXPECT_EQ(done.result_int(), 200U);
}

TEST(ApiHttp, WhatIsNoHttpIsRefused) {
  HttpWorld world;
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 9), std::string("GET\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string(100, '\0') + "\r\n\r\n",
        std::string("POST /api/v1/groups HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    Tls stream = world.connect();
    asio::write(stream, asio::buffer(bytes));
    Response response;
    beast::flat_buffer buffer;
    beast::error_code fault;
    http::read(stream, buffer, response, fault);
    if (!fault) {
      EXPECT_TRUE(response.result_int() == 400U || response.result_int() == 401U) << bytes;
    }
  }
  EXPECT_EQ(world.get("/api/v1/agents?limit=%zz", world.token("eve", "viewer")).result_int(), 400U);
  EXPECT_EQ(world.get("/healthz").result_int(), 200U);
}

TEST(ApiHttp, OlderTlsIsRefused) {
  HttpWorld world;
  asio::ssl::context old(asio::ssl::context::tls_client);
  SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_2_VERSION);
  asio::io_context client;
  Tls stream(client, old);
  stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), world.server->port()});
  beast::error_code fault;
  stream.handshake(asio::ssl::stream_base::client, fault);
  EXPECT_TRUE(fault.failed());
}

TEST(ApiHttp, ConnectionsOfOneAddressAreBounded) {
  HttpWorld world;
  std::vector<std::unique_ptr<asio::ip::tcp::socket>> many;
  asio::io_context client;
  const asio::ip::tcp::endpoint end{asio::ip::make_address("127.0.0.1"), world.server->port()};
  for (std::size_t i = 0; i < kApiConnectionsOfOneMax; ++i) {
    many.push_back(std::make_unique<asio::ip::tcp::socket>(client));
    many.back()->connect(end);
  }
  // One more is closed before its handshake.
  asio::ssl::context context(asio::ssl::context::tls_client);
  Tls one_more(client, context);
  one_more.next_layer().connect(end);
  beast::error_code fault;
  one_more.handshake(asio::ssl::stream_base::client, fault);
  EXPECT_TRUE(fault.failed());
  many.clear();
  EXPECT_TRUE(wait_until([&] {
    Tls again(client, context);
    again.next_layer().connect(end);
    again.handshake(asio::ssl::stream_base::client, fault);
    return !fault.failed();
  }));
}

TEST(ApiHttp, TheLocalSocketKnowsWhoAsks) {
  HttpWorld world;
  struct stat file {};
  ASSERT_EQ(stat(world.settings.socket().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0660U);
  EXPECT_EQ(world.over_socket(HttpWorld::request(http::verb::get, "/api/v1/whoami")).body(),
            R"({"name":"local","role":"admin","from":"local"})");
  world.server->close();
  EXPECT_NE(stat(world.settings.socket().c_str(), &file), 0);
}

TEST(ApiHttp, ABackupIsDownloadedAndLeavesNothing) {
  HttpWorld world;
  const std::string admin = world.token("root", "admin");
  const Response sent =
      world.over_tls(HttpWorld::request(http::verb::post, "/api/v1/backup", admin));
  EXPECT_EQ(sent.result_int(), 200U);
  EXPECT_EQ(sent[http::field::content_type], "application/vnd.sqlite3");
  EXPECT_TRUE(sent.body().starts_with("SQLite format 3"));
  for (const auto& entry : std::filesystem::directory_iterator(world.folder.dir())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("download-")) << entry.path();
  }
}

}  // namespace
}  // namespace doorward
