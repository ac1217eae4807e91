// server.toml: defaults, the example of the package, mistakes with their lines.
#include "server/core/settings.h"

#include <gtest/gtest.h>

#include <regex>

#include "tests/support/files.h"

namespace doorward {
namespace {

std::vector<std::string> mistakes_of(const std::string& text) {
  TemporaryFolder folder;
  std::vector<Error> mistakes;
  read_server_settings(folder.write("server.toml", text), mistakes);
  std::vector<std::string> out;
  for (const Error& mistake : mistakes) {
    out.push_back(mistake.message().substr(folder.dir().size() + 1));
  }
  return out;
}

TEST(ServerSettings, TheExampleSaysTheDefaults) {
  // Every commented setting, taken in, gives what there is without it.
  std::string text = read_file(std::string(DOORWARD_SOURCE_DIR) + "/systemd/server.toml");
  text = std::regex_replace(text, std::regex("#(\\[+[a-z]+\\]+|[a-z_]+ = )"), "$1");
  text = std::regex_replace(text, std::regex("name = \"doorward.example.com\".*"), "");
  TemporaryFolder folder;
  text = std::regex_replace(text, std::regex("/var/log/doorward-server"), folder.dir());
  std::vector<Error> mistakes;
  const ServerSettings read = read_server_settings(folder.write("server.toml", text), mistakes);
  for (const Error& mistake : mistakes) ADD_FAILURE() << mistake.message();
  std::vector<Error> none;
  const ServerSettings defaults = read_server_settings(folder.write("empty.toml", ""), none);
  EXPECT_EQ(settings_that_need_a_restart(defaults, read), std::vector<std::string>());
  EXPECT_EQ(read.alerts_days, defaults.alerts_days);
  EXPECT_EQ(read.alerts_max, defaults.alerts_max);
  EXPECT_EQ(read.audit_days, defaults.audit_days);
  EXPECT_EQ(read.spool_mib, defaults.spool_mib);
  EXPECT_EQ(read.log_level, defaults.log_level);
  EXPECT_EQ(read.outputs.size(), 1U);
  EXPECT_EQ(defaults.outputs.size(), 0U);
  EXPECT_FALSE(defaults.name.empty());
}

TEST(ServerSettings, MistakesNameFileAndLine) {
  EXPECT_EQ(mistakes_of("[agents]\nlisten = \"7443\"\n"),
            std::vector<std::string>{"server.toml:2: listen: expected an address and a port, such "
                                     "as \"0.0.0.0:7443\""});
  EXPECT_EQ(mistakes_of("[log]\nlevel = \"loud\"\n"),
            std::vector<std::string>{
                "server.toml:2: level: expected debug, info, warning, error or off"});
  EXPECT_EQ(mistakes_of("[server]\ndata_dir = \"here\"\n"),
            std::vector<std::string>{"server.toml:2: data_dir: expected an absolute path"});
  EXPECT_EQ(mistakes_of("\n[retention]\nalert_days = 3\n").size(), 1U);
  EXPECT_EQ(mistakes_of("[nonsense]\nx = 1\n").size(), 1U);
  EXPECT_EQ(mistakes_of("[agents]\nheartbeat_s = 0\n").size(), 1U);
  EXPECT_EQ(mistakes_of("[agents\n").size(), 1U);
}

TEST(ServerSettings, AFileThatIsNamedHasToBeThere) {
  std::vector<Error> mistakes;
  read_server_settings("/nowhere/server.toml", mistakes);
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_EQ(mistakes.front().where, "/nowhere/server.toml");
}

TEST(ServerSettings, AddressesOfBothKinds) {
  for (const char* good : {"0.0.0.0:7443", "[::]:7443", "127.0.0.1:0", "server.example.com:1"}) {
    EXPECT_EQ(mistakes_of(std::string("[agents]\nlisten = \"") + good + "\"\n").size(), 0U) << good;
  }
  for (const char* bad :
       {"", ":7443", "::1:7443", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:x", "[]:7443"}) {
    EXPECT_EQ(mistakes_of(std::string("[agents]\nlisten = \"") + bad + "\"\n").size(), 1U) << bad;
  }
  EXPECT_EQ(mistakes_of("[api]\nlisten = \"off\"\n").size(), 0U);
}

}  // namespace
}  // namespace doorward
