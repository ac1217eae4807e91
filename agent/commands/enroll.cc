// doorward-agent enroll: makes this host an agent of a fleet.
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/daemon/fleet_link.h"
#include "agent/fleet/enrolment.h"
#include "agent/options.h"
#include "agent/state_baseline.h"
#include "plugins/time_text.h"
#include "proto/versions.h"

namespace doorward {
namespace {

struct Typed {
  CommonOptions common;
  std::string server;
  std::string token;
  std::string token_file;
  std::string host_name;
  bool again = false;
};

constexpr std::size_t kTokenBytesMax = 1024;

Result<std::string> read_token(const Typed& typed) {
  if (typed.token_file.empty()) return typed.token;
  std::ifstream file;
  const bool standard = typed.token_file == "-";
  if (!standard) file.open(typed.token_file);
  std::istream& in = standard ? std::cin : file;
  std::array<char, kTokenBytesMax> text{};
  in.read(text.data(), text.size());
  std::string token(text.data(), static_cast<std::size_t>(in.gcount()));
  if (in.bad() || (!standard && !file.is_open())) {
    return Error{typed.token_file, "cannot read the token"};
  }
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
    token.pop_back();
  }
  if (token.empty()) return Error{typed.token_file, "no token in it"};
  return token;
}

int run_enroll(const Typed& typed) {
  std::vector<Error> mistakes;
  const Settings settings = read_settings(typed.common, mistakes);
  if (!mistakes.empty()) {
    print_errors(mistakes);
    return kExitUsage;
  }
  const std::string& state_dir = settings.daemon.state_dir;
  if (is_enrolled(state_dir) && !typed.again) {
    print_errors(
        {{state_dir, "this host is enrolled already; --again makes it a new agent of the fleet"}});
    return kExitUsage;
  }
  const Result<std::string> token = read_token(typed);
  if (!token) {
    print_errors({token.error()});
    return kExitUsage;
  }
  const std::string version = versions("doorward-agent");
  Result<EnrolledAs> enrolled =
      enrol({typed.server, token.value(),
             host_name_of(typed.host_name.empty() ? settings.host_name : typed.host_name),
             version.substr(0, version.find('\n'))});
  if (!enrolled) {
    print_errors({enrolled.error()});
    return kExitUnreadable;
  }
  const FleetIdentity& identity = enrolled.value().identity;
  if (const Status written = write_fleet_identity(state_dir, identity); !written) {
    print_errors({written.error()});
    return kExitUnreadable;
  }
  std::printf("enrolled as %s, group %s, at %s\n", identity.agent.c_str(),
              enrolled.value().group.c_str(), identity.server.c_str());
  const Result<std::int64_t> ends = not_after(identity.certificate.get());
  if (ends) {
    std::printf("certificate until %s; the running agent renews it\n",
                format_time(ends.value()).c_str());
  }
  std::printf("Next: systemctl %s doorward-agent; doorward-agent status\n",
              agent_runs_on(state_dir) ? "restart" : "enable --now");
  return kExitDone;
}

}  // namespace

void add_enroll(CLI::App& app, Run& run) {
  auto typed = std::make_shared<Typed>();
  CLI::App* command = app.add_subcommand("enroll", "Makes this host an agent of a fleet");
  command->footer(
      "Makes a key that never leaves this host, and has the server certify it. The server must\n"
      "show the authority that the token names, before it is shown the token.\n"
      "Example:\n  doorward-agent enroll --server doorward.example.com:7443 --token-file token\n\n"
      "The token comes from doorward-server token create. Exit status 2: the server refuses, or\n"
      "cannot be reached.");
  command->add_option("--server", typed->server, "Address of the server")
      ->required()
      ->type_name("HOST:PORT");
  CLI::Option* token = command
                           ->add_option("--token", typed->token,
                                        "The token; ps does not show it, the shell's history may")
                           ->type_name("TOKEN");
  CLI::Option* file = command
                          ->add_option("--token-file", typed->token_file,
                                       "File that has the token; - is standard input")
                          ->type_name("FILE");
  token->excludes(file);
  command
      ->add_option("--name", typed->host_name,
                   "Name of this host at the server (default: host_name of agent.toml, or its own)")
      ->type_name("NAME");
  command->add_flag("--again", typed->again, "Also when this host is enrolled: as a new agent");
  command
      ->add_option("-c,--config", typed->common.config,
                   "Configuration of the agent (default: /etc/doorward/agent.toml if it exists)")
      ->type_name("FILE");
  command->callback([typed, &run] {
    if (typed->token.empty() && typed->token_file.empty()) {
      throw CLI::RequiredError("--token or --token-file");
    }
    run = [typed] { return run_enroll(*typed); };
  });
}

}  // namespace doorward
