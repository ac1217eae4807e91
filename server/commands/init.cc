// doorward-server init: makes the authority, the server's certificate and an empty store.
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "plugins/printable.h"
#include "plugins/program_log.h"
#include "server/authority/authority.h"
#include "server/commands/commands.h"
#include "server/core/core.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

constexpr const char* kServerUser = "doorward-server";

struct InitWords {
  std::string config;
  std::string data;
  std::vector<std::string> names;
};

/// Makes the folder, 0700; where root makes the package's folder it is the service's.
Status make_data_folder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  const std::filesystem::path parent = std::filesystem::path(folder).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (mkdir(folder.c_str(), 0700) != 0) return system_error(folder, "cannot make the folder");
  const passwd* user = geteuid() == 0 ? getpwnam(kServerUser) : nullptr;
  if (user != nullptr && folder == ServerSettings().data_dir &&
      chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) {
    return system_error(folder, "cannot give the folder to " + std::string(kServerUser));
  }
  return {};
}

/// Root becomes whoever owns the folder, so that the service can use what is made.
Status become_owner(const std::string& folder) {
  struct stat found {};
  if (stat(folder.c_str(), &found) != 0) return system_error(folder, "cannot look at the folder");
  if ((found.st_mode & 0077U) != 0 && chmod(folder.c_str(), 0700) != 0) {
    return system_error(folder, "cannot take the folder from others");
  }
  if (geteuid() != 0 || found.st_uid == 0) return {};
  if (setgroups(0, nullptr) != 0 || setgid(found.st_gid) != 0 || setuid(found.st_uid) != 0) {
    return system_error(folder, "cannot become the owner of the folder");
  }
  return {};
}

void remove_store(const std::string& folder) {
  for (const char* end : {"", "-wal", "-shm"}) {
    unlink((folder + "/" + kStoreFileName + end).c_str());
  }
}

Status make_server(const ServerSettings& settings, const std::vector<std::string>& names) {
  const std::string& folder = settings.data_dir;
  if (Status made = make_data_folder(folder); !made) return made;
  if (Status became = become_owner(folder); !became) return became;
  for (const char* file : {kStoreFileName, kAuthorityKeyFile}) {
    if (access((folder + "/" + file).c_str(), F_OK) == 0) {
      return Error{folder, "there is a server already; nothing was changed"};
    }
  }
  Result<Store> store = open_store(folder);
  if (!store) return store.error();
  // The first open makes the fleet's key and its first group.
  Result<std::unique_ptr<Core>> core = Core::open(settings, std::move(store).value(), nullptr);
  if (!core) {
    remove_store(folder);
    return core.error();
  }
  core.value().reset();
  const Result<Authority> authority = Authority::make(folder, names);
  if (!authority) {
    remove_store(folder);
    return authority.error();
  }
  return {};
}

int run_init(const InitWords& words) {
  std::vector<Error> mistakes;
  ServerSettings settings = read_server_settings(words.config, mistakes);
  program_log::init("doorward-server", "warning");
  if (!words.data.empty()) settings.data_dir = words.data;
  while (settings.data_dir.size() > 1 && settings.data_dir.back() == '/') {
    settings.data_dir.pop_back();
  }
  if (!mistakes.empty()) {
    print_server_errors(mistakes);
    return kServerExitUsage;
  }
  std::vector<std::string> names = words.names;
  if (names.empty()) names.push_back(settings.name);
  if (const Status made = make_server(settings, names); !made) {
    print_server_errors({made.error()});
    return kServerExitFailed;
  }
  const std::string port = settings.agents_listen.substr(settings.agents_listen.rfind(':'));
  std::printf(
      "Made the fleet's authority, the server's certificate and an empty store in %s.\n"
      "Keep a copy of that folder: with its keys anybody can be your server.\n\n"
      "Next:\n"
      "  systemctl enable --now doorward-server\n"
      "  doorward-server token create --ttl 1h\n"
      "and on each host:\n"
      "  doorward-agent enroll --server %s%s --token TOKEN\n",
      printable(settings.data_dir).c_str(), printable(names.front()).c_str(), port.c_str());
  return kServerExitDone;
}

}  // namespace

void add_init(CLI::App& app, Run& run) {
  auto words = std::make_shared<InitWords>();
  CLI::App* command = app.add_subcommand(
      "init", "Makes the fleet's authority, the server's certificate and an empty store");
  command->footer("Example:\n  doorward-server init --name doorward.example.com --name 192.0.2.7");
  command->add_option("--data", words->data, "Folder; default: data_dir of server.toml")
      ->type_name("DIR");
  command
      ->add_option("--name", words->names,
                   "Name or address by which people reach the API; default: this host's name")
      ->type_name("NAME");
  command->add_option("-c,--config", words->config, "Default: /etc/doorward/server.toml")
      ->type_name("FILE");
  command->callback([words, &run] { run = [words] { return run_init(*words); }; });
}

}  // namespace doorward
