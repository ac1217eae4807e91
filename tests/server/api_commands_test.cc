// doorward-server's commands, with no server on the data folder, and with one.
#include <sys/wait.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <thread>

#include "server/api/http.h"
#include "tests/server/api_world.h"

namespace doorward {
namespace {

struct Ran {
  int status = -1;
  std::string out;  // and what it says on stderr
};

class Commands {
 public:
  Commands() {
    config =
        folder.write("server.toml", "[server]\ndata_dir = \"" + folder.dir() + "\"\nrun_dir = \"" +
                                        folder.dir() + "\"\n[baseline]\nmemory_mib = 1\n");
  }
  Ran run(const std::string& words) const {
    const std::string command =
        std::string(DOORWARD_SERVER) + " " + words + " -c " + config + " 2>&1";
    Ran out;
    FILE* pipe = popen(command.c_str(), "r");
    std::array<char, 4096> buffer{};
    for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      out.out.append(buffer.data(), got);
    }
    const int status = pclose(pipe);
    out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return out;
  }
  TemporaryFolder folder;
  std::string config;
};

#define EXPECT_SAYS(ran, text) EXPECT_NE((ran).out.find(text), std::string::npos) << (ran).out

void manage_a_fleet(const Commands& commands) {
  Ran ran = commands.run("groups make dmz");
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_EQ(ran.out, "made group dmz\n");
  ran = commands.run("groups make dmz");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "doorward-server: error: name: is there already\n");
  ran = commands.run("groups list");
  EXPECT_SAYS(ran, "GROUP");
  EXPECT_SAYS(ran, "\ndmz ");
  ran = commands.run("policy validate " + commands.folder.dir() + "/policy");
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_SAYS(ran, "0 mistakes");
  ran = commands.run("policy apply " + commands.folder.dir() + "/policy --comment first");
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_SAYS(ran, "version 1 is in force for group default\n");
  ran = commands.run("policy apply " + commands.folder.dir() + "/policy");
  EXPECT_SAYS(ran, "nothing changed: default runs version 1 already\n");
  ran = commands.run("policy history");
  EXPECT_SAYS(ran, "first");
  ran = commands.run("policy show");
  EXPECT_SAYS(ran, "budget_per_day = 2");
  ran = commands.run("policy diff " + commands.folder.dir() + "/policy --group dmz");
  EXPECT_SAYS(ran, "+budget_per_day = 2");
  ran = commands.run("policy rollback 9");
  EXPECT_EQ(ran.status, 1);
  ran = commands.run("api-token create ci --role viewer");
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_SAYS(ran, "dwa_ci_");
  ran = commands.run("api-token list");
  EXPECT_SAYS(ran, "ci    viewer");
  EXPECT_SAYS(ran, "never");
  EXPECT_EQ(commands.run("api-token revoke ci").status, 0);
  ran = commands.run("agents show nobody");
  EXPECT_EQ(ran.status, 1);
  EXPECT_SAYS(ran, "there is no agent \"nobody\"");
  EXPECT_SAYS(commands.run("agents list"), "no agents; ");
  EXPECT_SAYS(commands.run("alerts list --address 192.0.2.0/24"), "no alerts");
  ran = commands.run("alerts list --address nonsense");
  EXPECT_EQ(ran.status, 1);
  EXPECT_SAYS(ran, "address");
  ran = commands.run("key rotate");
  EXPECT_EQ(ran.status, 1);
  EXPECT_SAYS(ran, "--yes");
  EXPECT_EQ(commands.run("key rotate --yes").status, 0);
  ran = commands.run("audit --limit 100");
  EXPECT_SAYS(ran, "policy.apply");
  EXPECT_SAYS(ran, "REFUSED");
  ran = commands.run("status --json");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(json::parse(ran.out).at("key").at("number").as_int64(), 2);
  ran = commands.run("status");
  EXPECT_SAYS(ran, "agents   0 enrolled, 0 connected, 0 revoked\n");
  ran = commands.run("backup " + commands.folder.dir() + "/copy.db");
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_SAYS(ran, "copy.db: ");
}

TEST(ApiCommands, WithoutAServerTheyDoItThemselves) {
  Commands commands;
  std::filesystem::create_directory(commands.folder.path("policy"));
  commands.folder.write("policy/policy.toml", "[alerts]\nbudget_per_day = 2\n");
  manage_a_fleet(commands);
  // The backup, elsewhere.
  Commands other;
  other.folder.write("server.db", "something else");
  other.folder.write("authority.key", "old key");
  Ran ran = other.run("restore " + commands.folder.path("copy.db"));
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_SAYS(ran, "server.db.before-");
  EXPECT_SAYS(other.run("groups list"), "\ndmz ");
  EXPECT_SAYS(other.run("policy show"), "budget_per_day = 2");
  ran = other.run("restore " + other.config);
  EXPECT_EQ(ran.status, 2);
  EXPECT_SAYS(other.run("groups list"), "\ndmz ");
}

TEST(ApiCommands, WithAServerTheyAskIt) {
  Commands commands;
  std::filesystem::create_directory(commands.folder.path("policy"));
  commands.folder.write("policy/policy.toml", "[alerts]\nbudget_per_day = 2\n");
  ServerSettings settings;
  settings.data_dir = settings.run_dir = commands.folder.dir();
  settings.memory_mib = 1;
  settings.api_listen = "off";
  Result<Store> store = open_store(settings.data_dir);
  ASSERT_TRUE(store.ok());
  auto core = Core::open(settings, std::move(store.value()), [](double) {});
  ASSERT_TRUE(core.ok());
  const auto api = Api::make(*core.value(), {settings.data_dir, std::nullopt});
  core.value()->start();
  boost::asio::io_context io;
  auto server = ApiServer::open(io, *api, *core.value(), settings, {});
  ASSERT_TRUE(server.ok()) << server.error().message();
  auto guard = boost::asio::make_work_guard(io);
  std::thread thread([&] { io.run(); });
  manage_a_fleet(commands);
  EXPECT_EQ(commands.run("token create").status, 1);  // no authority here
  server.value()->close();
  // Neither a socket nor the folder.
  const Ran ran = commands.run("status");
  EXPECT_EQ(ran.status, 2);
  EXPECT_SAYS(ran, "a server runs on this folder");
  core.value()->stop();
  guard.reset();
  io.stop();
  thread.join();
}

}  // namespace
}  // namespace doorward
