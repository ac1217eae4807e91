// Output syslog against real rsyslogd: over TCP, TLS and a local socket every document arrives at
// least once, also when the receiver is killed in between.
#include <gtest/gtest.h>

#include <map>

#include "plugins/outputs/syslog/message.h"
#include "tests/delivery/delivery_world.h"
#include "tests/delivery/free_port.h"

namespace doorward {
namespace {

/// rsyslogd with one input, which writes what comes to out.
class Rsyslog {
 public:
  Rsyslog(const std::string& dir, const std::string& config) : dir_(dir) {
    std::ofstream(dir + "/rsyslog.conf")
        << "global(workDirectory=\"" + dir + "\" maxMessageSize=\"64k\")\n" + config +
               "\ntemplate(name=\"t\" type=\"string\" string=\"%syslogfacility-text% "
               "%syslogseverity-text% %app-name% %msgid% %hostname% "
               "%structured-data%|%msg%\\n\")\naction(type=\"omfile\" template=\"t\" file=\"" +
               dir + "/out\" asyncWriting=\"off\" flushOnTXEnd=\"on\")\n";
    start();
  }
  void start() {
    child_ = std::make_unique<Child>(std::vector<std::string>{
        "rsyslogd", "-n", "-f", dir_ + "/rsyslog.conf", "-i", dir_ + "/pid"});
  }
  void kill() {
    child_.reset();
    ::unlink((dir_ + "/pid").c_str());
  }
  [[nodiscard]] std::vector<std::string> out() const { return lines_of(read_file(dir_ + "/out")); }
  /// How often each id arrived.
  [[nodiscard]] std::map<std::string, int> counts() const {
    std::map<std::string, int> found;
    for (const std::string& line : out()) {
      const std::size_t begin = line.find("\"id\":\"");
      if (begin == std::string::npos) continue;
      ++found[line.substr(begin + 6, line.find('"', begin + 6) - begin - 6)];
    }
    return found;
  }

 private:
  std::string dir_;
  std::unique_ptr<Child> child_;
};

bool has_rsyslog(const char* module = "imtcp") {
  for (const char* dir : {"/usr/lib/x86_64-linux-gnu/rsyslog/", "/usr/lib/rsyslog/",
                          "/usr/lib64/rsyslog/", "/usr/lib/aarch64-linux-gnu/rsyslog/"}) {
    if (::access((dir + std::string(module) + ".so").c_str(), R_OK) == 0) {
      return has_program("rsyslogd");
    }
  }
  return false;
}

std::string output(const std::string& address, const std::string& more = {}) {
  return "[[output]]\ntype = \"syslog\"\naddress = \"" + address + "\"\n" + more + "\n";
}

TEST(SyslogOutput, TcpAllArriveInTheirForm) {
  if (!has_rsyslog()) GTEST_SKIP() << "rsyslog is not installed";
  TemporaryFolder folder;
  const std::string port = free_port();
  const Rsyslog rsyslog(folder.dir(),
                        "module(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127."
                        "0.0.1\" port=\"" +
                            port + "\")");
  DeliveryWorld world(output("tcp://127.0.0.1:" + port, "facility = \"local3\""));
  world.append_many(1, 200);
  ASSERT_TRUE(world.run_until([&] { return rsyslog.counts().size() == 200; }))
      << rsyslog.counts().size() << world.status().last_error;
  ASSERT_TRUE(world.run_until_delivered());
  EXPECT_EQ(rsyslog.out().size(), 200U) << "none twice";
  const std::string line = rsyslog.out()[6];
  EXPECT_TRUE(line.starts_with("local3 warning doorward alert ")) << line;
  EXPECT_NE(line.find(R"([meta sequenceId="7"]|{"@timestamp":"2026-11-20T08:15:00.123456Z",)"),
            std::string::npos)
      << line;
  EXPECT_TRUE(line.ends_with("\"extra\":\"\"}")) << line;
}

TEST(SyslogOutput, TcpReceiverKilledAgainAndAgainLosesNothing) {
  if (!has_rsyslog()) GTEST_SKIP() << "rsyslog is not installed";
  TemporaryFolder folder;
  const std::string port = free_port();
  Rsyslog rsyslog(folder.dir(),
                  "module(load=\"imtcp\")\ninput(type=\"imtcp\" address=\"127.0.0.1"
                  "\" port=\"" +
                      port + "\")");
  DeliveryWorld world(output("tcp://127.0.0.1:" + port));
  std::uint64_t number = 0;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 50; ++i) {
      world.append(++number);
      world.io.run_for(std::chrono::milliseconds(2));
    }
    ASSERT_TRUE(world.run_until([&] { return world.status().delivered > number / 2; }));
    world.append_many(number + 1, number + 50);
    number += 50;
    world.io.run_for(std::chrono::milliseconds(round));
    rsyslog.kill();
    world.append_many(number + 1, number + 10);
    number += 10;
    world.io.run_for(std::chrono::milliseconds(30));
    rsyslog.start();
  }
  ASSERT_TRUE(world.run_until([&] { return rsyslog.counts().size() == number; }))
      << rsyslog.counts().size() << " of " << number;
}

TEST(SyslogOutput, TlsWithVerification) {
  if (!has_rsyslog("lmnsd_gtls")) GTEST_SKIP() << "rsyslog-gnutls is not installed";
  TemporaryFolder folder;
  if (!make_certificates(folder)) GTEST_SKIP() << "openssl is not installed";
  const std::string& dir = folder.dir();
  const std::string port = free_port();
  Rsyslog rsyslog(dir, "global(defaultNetstreamDriverCAFile=\"" + dir +
                           "/ca.pem\" defaultNetstreamDriverCertFile=\"" + dir +
                           "/server.pem\" defaultNetstreamDriverKeyFile=\"" + dir +
                           "/server.key\")\nmodule(load=\"imtcp\" StreamDriver.Name=\"gtls\" "
                           "StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"anon\")\n"
                           "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"" +
                           port + "\")");
  DeliveryWorld world(
      output("tls://localhost:" + port, "name = \"good\"\nca_file = \"" + dir + "/ca.pem\"") +
      output("tls://localhost:" + port, "name = \"no-ca\""));
  world.append_many(1, 100);
  ASSERT_TRUE(world.run_until([&] { return rsyslog.counts().size() == 100; }))
      << world.status().last_error;
  rsyslog.kill();
  world.append_many(101, 120);
  ASSERT_TRUE(world.run_until([&] { return world.status(0).failures > 0; }));
  rsyslog.start();
  ASSERT_TRUE(world.run_until([&] { return rsyslog.counts().size() == 120; }));
  ASSERT_TRUE(world.run_until([&] {
    return world.status(1).last_error.find("certificate verify failed") != std::string::npos;
  })) << world.status(1).last_error;
  EXPECT_EQ(world.status(1).delivered, 0U);
}

TEST(SyslogOutput, LocalSocketAndTooLongForADatagram) {
  if (!has_rsyslog("imuxsock")) GTEST_SKIP() << "rsyslog is not installed";
  TemporaryFolder folder;
  const std::string path = folder.path("log");
  DeliveryWorld world(output("unix://" + path));
  world.append(1);
  ASSERT_TRUE(world.run_until([&] { return world.status().failures > 0; }));
  EXPECT_NE(world.status().last_error.find("cannot connect: No such file"), std::string::npos);
  Rsyslog rsyslog(folder.dir(),
                  "module(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" "
                  "Socket=\"" +
                      path + "\" RateLimit.Interval=\"0\")");
  world.append(2, 50, std::string(60'000, 'l'));
  world.append_many(3, 300);
  ASSERT_TRUE(world.run_until([&] { return rsyslog.counts().size() == 300; }))
      << rsyslog.counts().size() << " " << world.status().last_error;
  ASSERT_TRUE(world.run_until_delivered());
  const std::vector<std::string> lines = rsyslog.out();
  EXPECT_TRUE(lines.at(0).starts_with("authpriv warning doorward ")) << lines.at(0);
  EXPECT_NE(lines.at(1).find(R"({"@timestamp":"2026-11-20T08:15:00.123456Z","event":{"id":"id-2",)"
                             R"("kind":"alert","severity":47},"message":"alert 2",)"
                             R"("doorward":{"score":50,"occurrences":1,"shortened":true}})"),
            std::string::npos)
      << lines.at(1);
  // Restarted: the socket is another one.
  rsyslog.kill();
  ::unlink(path.c_str());
  world.append(301);
  ASSERT_TRUE(world.run_until([&] { return !world.status().last_error.empty(); }));
  rsyslog.start();
  ASSERT_TRUE(world.run_until([&] { return rsyslog.counts().size() == 301; }));
}

TEST(SyslogMessage, BothForms) {
  Document document;
  document.sequence = 2'147'483'648;
  document.id = "abc";
  document.text = R"({"@timestamp":"2026-11-20T08:15:00Z","event":{"severity":99}})";
  SyslogStyle style;
  style.host = "db-04";
  style.pid = 42;
  EXPECT_EQ(syslog_message(document, style),
            "<82>1 2026-11-20T08:15:00.000000Z db-04 doorward 42 alert [meta sequenceId=\"1\"] " +
                document.text);
  style.form = SyslogForm::rfc3164;
  const std::string local = syslog_message(document, style);
  EXPECT_TRUE(local.starts_with("<82>Nov ")) << local;
  EXPECT_TRUE(local.ends_with(" doorward[42]: " + document.text)) << local;
}

TEST(SyslogMessage, IsNeverTooLongAndAlwaysWhole) {
  for (std::size_t size = 1024; size < 1100; ++size) {
    for (const std::string& letter :
         {std::string("a"), std::string("\xC3\xA9"), std::string("\\u0001")}) {
      Document document;
      document.sequence = 1;
      document.id = std::string(128, 'i');
      std::string message;
      for (int i = 0; i < 3000; ++i) message += letter;
      document.text = R"({"@timestamp":"2026-11-20T08:15:00Z","message":")" + message + "\"}";
      SyslogStyle style;
      style.host = std::string(255, 'h');
      style.bytes_max = size;
      const std::string out = syslog_message(document, style);
      EXPECT_LE(out.size(), size);
      EXPECT_TRUE(out.ends_with("\"shortened\":true}}"));
      EXPECT_NE(out.find("\"id\":\"iii"), std::string::npos);
      EXPECT_EQ(out.find("\xEF\xBF\xBD"), std::string::npos) << "a character that was cut";
    }
  }
}

TEST(SyslogMessage, SeverityAndFacility) {
  EXPECT_EQ(syslog_severity(99), 2);
  EXPECT_EQ(syslog_severity(73), 3);
  EXPECT_EQ(syslog_severity(47), 4);
  EXPECT_EQ(syslog_severity(21), 5);
  EXPECT_EQ(syslog_severity(0), 6);
  EXPECT_EQ(syslog_facility("local7"), 23);
  EXPECT_FALSE(syslog_facility("kern").has_value());
}

}  // namespace
}  // namespace doorward
