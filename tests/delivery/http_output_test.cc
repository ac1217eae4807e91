// Output http against a receiver that behaves as receivers do: every document arrives, whatever it
// answers, and what it never takes is set aside.
#include <gtest/gtest.h>

#include <set>

#include "plugins/outputs/http/dialect.h"
#include "tests/delivery/delivery_world.h"
#include "tests/delivery/free_port.h"

namespace doorward {
namespace {

const std::string kReceiver = std::string(DOORWARD_SOURCE_DIR) + "/tests/delivery/receiver.py";

class Receiver {
 public:
  explicit Receiver(const std::string& script, const std::string& certificate = {})
      : child_(command(script, certificate)), port_(child_.line()) {}

  [[nodiscard]] std::string url(const std::string& path = {}) const {
    return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + port_ + path;
  }
  [[nodiscard]] std::vector<std::string> log(std::string_view part) const {
    std::vector<std::string> out;
    for (std::string& line : lines_of(read_file(folder_.path("log")))) {
      if (line.find(part) != std::string::npos) out.push_back(std::move(line));
    }
    return out;
  }
  [[nodiscard]] std::set<std::string> stored() const {
    std::set<std::string> out;
    for (const std::string& line : log("\"stored\"")) {
      const std::size_t begin = line.find(": \"") + 3;
      out.insert(line.substr(begin, line.find('"', begin) - begin));
    }
    return out;
  }

 private:
  std::vector<std::string> command(const std::string& script, const std::string& certificate) {
    std::vector<std::string> out = {"python3", kReceiver, folder_.path("log"), script};
    tls_ = !certificate.empty();
    if (tls_) {
      out.push_back(certificate + ".pem");
      out.push_back(certificate + ".key");
    }
    return out;
  }

  TemporaryFolder folder_;
  bool tls_ = false;
  Child child_;
  std::string port_;
};

std::set<std::string> id_set(std::uint64_t first, std::uint64_t last) {
  const std::vector<std::string> all = ids(first, last);
  return {all.begin(), all.end()};
}

std::string output(const std::string& kind, const std::string& url, const std::string& more = {}) {
  return "[[output]]\ntype = \"http\"\nkind = \"" + kind + "\"\nurl = \"" + url + "\"\n" + more +
         "\n";
}

TEST(HttpOutput, ElasticsearchTakesEveryDocumentOnce) {
  const Receiver receiver("");
  DeliveryWorld world(output("elasticsearch", receiver.url(), "index = \"alerts\""));
  world.append_many(1, 100);
  ASSERT_TRUE(world.run_until_delivered());
  EXPECT_EQ(receiver.stored(), id_set(1, 100));
  EXPECT_EQ(receiver.log("\"repeat\": true").size(), 0U);
  EXPECT_EQ(world.status().delivered, 100U);
  EXPECT_EQ(world.status().failures, 0U);
  const std::vector<std::string> requests = receiver.log("\"request\"");
  EXPECT_NE(requests.at(0).find("/_bulk?filter_path="), std::string::npos);
  EXPECT_NE(requests.at(0).find("application/x-ndjson"), std::string::npos);
  // One connection for all.
  const auto client = [](const std::string& line) {
    return line.substr(line.find("\"agent\""), 15);
  };
  for (const std::string& request : requests) EXPECT_EQ(client(request), client(requests[0]));
}

TEST(HttpOutput, WhateverTheReceiverDoesEverythingArrives) {
  const Receiver receiver(
      "503,429+0,lost,half,garbage,huge,401,404,partial,partial,idle,partial,"
      "500,lost,idle,ok,half");
  DeliveryWorld world(output("opensearch", receiver.url()));
  std::uint64_t last = 0;
  while (receiver.log("\"request\"").size() < 18 && last < 500) {
    world.append(++last);
    world.append(++last);
    ASSERT_TRUE(world.run_until_delivered()) << world.status().last_error;
  }
  EXPECT_EQ(receiver.stored(), id_set(1, last));
  EXPECT_EQ(world.status().refused, 0U);
  EXPECT_EQ(world.status().delivered, last);
  EXPECT_GT(world.status().failures, 5U);
  EXPECT_GT(receiver.log("\"repeat\": true").size(), 0U) << "an answer was lost: it came again";
}

TEST(HttpOutput, OnlyTheDocumentThatIsRefusedIsSetAside) {
  for (const std::string kind : {"elasticsearch", "splunk", "webhook"}) {
    const Receiver receiver("");
    DeliveryWorld world(output(kind, receiver.url()));
    for (std::uint64_t i = 1; i <= 20; ++i) world.append(i, 50, i == 7 || i == 8 ? "poison" : "");
    ASSERT_TRUE(world.run_until_delivered()) << kind;
    std::set<std::string> want = id_set(1, 20);
    want.erase("id-7");
    want.erase("id-8");
    EXPECT_EQ(receiver.stored(), want) << kind;
    EXPECT_EQ(world.status().refused, 2U) << kind;
    EXPECT_EQ(world.status().delivered, 18U) << kind;
    const auto rejected = lines_of(read_file(world.folder.path("spool/rejected.ndjson")));
    ASSERT_EQ(rejected.size(), 2U) << kind;
    EXPECT_NE(rejected[0].find(R"("output":"http")"), std::string::npos);
    EXPECT_NE(rejected[0].find(R"("document":{"@timestamp")"), std::string::npos);
    EXPECT_NE(rejected[0].find("\"id-7\""), std::string::npos);
  }
}

TEST(HttpOutput, ABatchThatIsTooLargeIsHalved) {
  const Receiver receiver("");
  DeliveryWorld world(output("webhook", receiver.url("/hook"), "body = \"ndjson\""));
  for (std::uint64_t i = 1; i <= 64; ++i) world.append(i, 50, std::string(1000, 'x'));
  world.append(65, 50, std::string(30'000, 'x'));
  world.append(66);
  ASSERT_TRUE(world.run_until_delivered());
  std::set<std::string> want = id_set(1, 66);
  want.erase("id-65");
  EXPECT_EQ(receiver.stored(), want);
  EXPECT_EQ(world.status().refused, 1U);
}

TEST(HttpOutput, SplunkWithTokenGzipAndHeaders) {
  const Receiver receiver("");
  DeliveryWorld* world = nullptr;
  TemporaryFolder secrets;
  const std::string token = secrets.write("token", "c0ffee-token\n");
  ::chmod(token.c_str(), 0600);
  DeliveryWorld made(
      output("splunk", receiver.url(),
             "token_file = \"" + token + "\"\ngzip = true\nheaders = { X-Team = \"blue\" }"));
  world = &made;
  for (std::uint64_t i = 1; i <= 5; ++i) world->append(i, 50, std::string(3000, 'z'));
  ASSERT_TRUE(world->run_until_delivered());
  EXPECT_EQ(receiver.stored(), id_set(1, 5));
  const std::string request = receiver.log("\"request\"").back();
  EXPECT_NE(request.find("/services/collector/event"), std::string::npos);
  EXPECT_NE(request.find("\"auth\": \"Splunk c0ffee-token\""), std::string::npos);
  EXPECT_NE(request.find("\"extra\": \"blue\""), std::string::npos);
  for (const std::string& text : world->said) {
    EXPECT_EQ(text.find("c0ffee"), std::string::npos) << "a secret in the log";
  }
}

TEST(HttpOutput, ASlowReceiverTimesOutAndHoldsUpNobodyElse) {
  const Receiver slow("slow,slow,slow");
  const Receiver quick("");
  DeliveryWorld world(output("webhook", slow.url(), "name = \"slow\"\ntimeout_s = 3") +
                      output("webhook", quick.url(), "name = \"quick\"") +
                      output("webhook", "http://127.0.0.1:1", "name = \"dead\""));
  world.append_many(1, 20);
  ASSERT_TRUE(world.run_until_delivered(1));
  EXPECT_EQ(world.status(0).failures, 0U) << "the slow one is still waited for";
  EXPECT_EQ(quick.stored(), id_set(1, 20));
  ASSERT_TRUE(world.run_until([&] { return world.status(0).failures > 0; }));
  EXPECT_EQ(world.status(0).last_error, "no answer within 3.0 s");
  EXPECT_NE(world.status(2).last_error.find("cannot connect to 127.0.0.1:1: Connection refused"),
            std::string::npos);
  EXPECT_EQ(world.status(2).behind.behind_records, 20U);
}

TEST(HttpOutput, StopsInTimeAndGoesOnAtTheNextStart) {
  const Receiver receiver("slow");
  DeliveryWorld world(output("elasticsearch", receiver.url()) +
                      output("webhook", "http://127.0.0.1:1", "name = \"dead\""));
  world.append_many(1, 10);
  const auto begin = std::chrono::steady_clock::now();
  world.stop(std::chrono::milliseconds(300));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  world.start();
  ASSERT_TRUE(world.run_until_delivered());
  EXPECT_EQ(receiver.stored(), id_set(1, 10));
  // With nothing in its way it stops at once.
  const auto again = std::chrono::steady_clock::now();
  world.append(11);
  world.stop(std::chrono::seconds(10));
  EXPECT_LT(std::chrono::steady_clock::now() - again, std::chrono::seconds(5));
  EXPECT_EQ(receiver.stored(), id_set(1, 11));
}

TEST(HttpOutput, TlsWithACertificateOfOurCa) {
  TemporaryFolder certificates;
  if (!make_certificates(certificates)) GTEST_SKIP() << "openssl is not installed";
  const Receiver good("lost", certificates.path("server"));
  const Receiver wrong("", certificates.path("other"));
  const std::string ca = "ca_file = \"" + certificates.path("ca.pem") + "\"\n";
  DeliveryWorld world(
      output("elasticsearch", good.url(), ca + "name = \"good\"") +
      output("elasticsearch", wrong.url(), ca + "name = \"wrong-name\"") +
      output("elasticsearch", good.url(), "name = \"no-ca\"") +
      output("elasticsearch", wrong.url(), "name = \"unverified\"\ninsecure_skip_verify = true"));
  world.append_many(1, 10);
  ASSERT_TRUE(world.run_until_delivered(0));
  EXPECT_EQ(good.stored(), id_set(1, 10));
  ASSERT_TRUE(world.run_until(
      [&] { return world.status(1).failures > 0 && world.status(2).failures > 0; }));
  EXPECT_NE(world.status(1).last_error.find("certificate verify failed"), std::string::npos)
      << world.status(1).last_error;
  EXPECT_EQ(world.status(1).delivered, 0U);
  EXPECT_NE(world.status(2).last_error.find("certificate verify failed"), std::string::npos);
  EXPECT_EQ(world.status(2).delivered, 0U);
  ASSERT_TRUE(world.run_until_delivered(3));
  EXPECT_EQ(wrong.stored(), id_set(1, 10));
  std::size_t loud = 0;
  for (const std::string& text : world.said) {
    loud += text.find("insecure_skip_verify = true") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(loud, 1U);
}

TEST(HttpOutput, NginxTakesTheTlsOff) {
  if (!has_program("nginx")) GTEST_SKIP() << "nginx is not installed";
  TemporaryFolder folder;
  if (!make_certificates(folder)) GTEST_SKIP() << "openssl is not installed";
  const Receiver behind("503,ok,lost");
  const std::string port = free_port();
  const std::string dir = folder.dir();
  folder.write("nginx.conf",
               "daemon off; master_process off; pid " + dir + "/pid; error_log " + dir +
                   "/error.log;\nevents {}\nhttp { access_log off;\n"
                   "client_body_temp_path " +
                   dir + "/b; proxy_temp_path " + dir + "/p; fastcgi_temp_path " + dir +
                   "/f; uwsgi_temp_path " + dir + "/u; scgi_temp_path " + dir +
                   "/s;\nserver { listen 127.0.0.1:" + port +
                   " ssl; keepalive_requests 3; client_max_body_size 16k;\nssl_certificate " + dir +
                   "/server.pem; ssl_certificate_key " + dir +
                   "/server.key;\nlocation / { proxy_pass " + behind.url() + "; } } }\n");
  const Child nginx({"nginx", "-e", dir + "/error.log", "-c", dir + "/nginx.conf"});
  DeliveryWorld world(
      output("webhook", "https://127.0.0.1:" + port + "/hook", "ca_file = \"" + dir + "/ca.pem\""));
  for (std::uint64_t i = 1; i <= 40; ++i) world.append(i, 50, std::string(1000, 'n'));
  ASSERT_TRUE(world.run_until_delivered())
      << world.status().last_error << read_file(dir + "/error.log");
  EXPECT_EQ(behind.stored(), id_set(1, 40));
  EXPECT_EQ(world.status().refused, 0U);
}

TEST(HttpOutput, BulkRepliesAreReadItemByItem) {
  const DeliveryResult mixed = parse_bulk_reply(
      R"({"errors":true,"items":[{"create":{"status":201}},{"create":{"status":409}},)"
      R"({"create":{"status":429,"error":{"type":"full","reason":"later"}}},)"
      R"({"create":{"status":400,"error":{"type":"bad","reason":"field"}}},)"
      R"({"create":{"status":503}}]})",
      5);
  EXPECT_EQ(mixed.verdicts,
            (std::vector<Verdict>{Verdict::accepted, Verdict::accepted, Verdict::again,
                                  Verdict::refused, Verdict::again}));
  EXPECT_EQ(mixed.error, "status 429 full: later");
  EXPECT_EQ(mixed.refusal, "status 400 bad: field");
  for (const char* bad : {"", "{}", "[]", R"({"items":[]})", R"({"items":[1]})",
                          R"({"items":[{}]})", R"({"items":[{"create":{}}]})", R"({"items":{}})"}) {
    EXPECT_EQ(parse_bulk_reply(bad, 1).verdicts.size(), 0U) << bad;
    EXPECT_EQ(parse_bulk_reply(bad, 1).error, "the answer is none of _bulk") << bad;
  }
}

}  // namespace
}  // namespace doorward
