// doorward-server backup, restore, status.
#include <cstdio>
#include <filesystem>

#include "server/commands/manage_call.h"
#include "server/manage/backup.h"

namespace doorward {
namespace {

namespace json = boost::json;

struct UpkeepTyped : ManageOptions {
  std::string file;
};
using Typed = std::shared_ptr<UpkeepTyped>;

int run_backup(const Typed& typed) {
  std::error_code fault;
  const std::string file = std::filesystem::absolute(typed->file, fault).string();
  if (fault) return manage_error({typed->file, fault.message()}, kManageUnreachable);
  return manage_call(
      *typed, manage_request("POST", "/api/v1/backup", {}, {{"file", file}}),
      [](const json::object& answer) {
        const std::string made = text_in(answer, "file");
        std::error_code ignored;
        const auto bytes = std::filesystem::file_size(made, ignored);
        std::printf("%s: %s, with the keys of the certificate authority; keep it secret\n",
                    made.c_str(),
                    ignored ? "written" : size_words(static_cast<std::int64_t>(bytes)).c_str());
      });
}

int run_restore(const Typed& typed) {
  const ServerSettings settings = manage_settings(*typed);
  std::string told;
  const Status restored = restore_backup(typed->file, settings.data_dir, told);
  std::fputs(told.c_str(), stdout);
  if (!restored) return manage_error(restored.error(), kManageUnreachable);
  std::printf("start the server: systemctl start doorward-server\n");
  return kManageDone;
}

void show_status(const json::object& answer) {
  const json::object& agents = object_in(answer, "agents");
  const json::object& alerts = object_in(answer, "alerts");
  const json::object& log = object_in(answer, "log");
  const json::object& key = object_in(answer, "key");
  const std::string trouble = text_in(answer, "trouble");
  if (!trouble.empty()) std::printf("TROUBLE  the log cannot be written to: %s\n", trouble.c_str());
  std::printf("server   %s, since %s UTC (%s)\n", text_in(answer, "name").c_str(),
              time_in(answer, "started").c_str(), ago_in(answer, "started").c_str());
  std::printf("agents   %s enrolled, %s connected, %s revoked\n",
              text_in(agents, "enrolled").c_str(), text_in(agents, "connected").c_str(),
              text_in(agents, "revoked").c_str());
  std::printf(
      "alerts   %s stored, %s without a verdict%s\n", text_in(alerts, "stored").c_str(),
      text_in(alerts, "open").c_str(),
      number_in(alerts, "stored") == 0 ? "" : (", the oldest " + ago_in(alerts, "oldest")).c_str());
  std::printf("log      %s, %s, %s waiting\n", count_in(log, "entries", "entry").c_str(),
              size_words(number_in(log, "bytes")).c_str(),
              count_in(log, "waiting", "change").c_str());
  std::printf("key      number %s, made %s UTC\n", text_in(key, "number").c_str(),
              time_in(key, "made").c_str());
  for (const json::value& item : list_in(answer, "groups")) {
    const json::object& group = item.get_object();
    const std::string policy = version_in(group, "policy");
    std::printf("group    %s: policy %s, baseline generation %lld\n",
                text_in(group, "name").c_str(), policy == "-" ? "none" : policy.c_str(),
                static_cast<long long>(number_in(group, "generation")));
  }
}

}  // namespace

void add_upkeep_commands(CLI::App& app, Run& run) {
  auto typed = std::make_shared<UpkeepTyped>();
  CLI::App* backup =
      app.add_subcommand("backup", "A copy of everything into a new file, while the server runs");
  backup->footer(
      "The file holds the fleet's secrets, the authority's key among them: it is 0600.\n\n"
      "Example:\n  doorward-server backup /var/backups/doorward-server/$(date +%F).db");
  backup->add_option("file", typed->file, "A new file, which the server writes")
      ->required()
      ->type_name("FILE");
  add_manage_options(backup, *typed);
  backup->callback([typed, &run] { run = [typed] { return run_backup(typed); }; });
  CLI::App* restore =
      app.add_subcommand("restore", "Puts a backup in place of what the data folder has");
  restore->footer(
      "No server may run. What is there is moved aside, not removed.\n\n"
      "Example:\n  systemctl stop doorward-server\n"
      "  doorward-server restore /var/backups/doorward-server/2026-11-20.db");
  restore->add_option("file", typed->file, "A backup")->required()->type_name("FILE");
  restore
      ->add_option("-c,--config", typed->config,
                   "Default: /etc/doorward/server.toml if it is there")
      ->type_name("FILE");
  restore->callback([typed, &run] { run = [typed] { return run_restore(typed); }; });
  CLI::App* status = app.add_subcommand("status", "The server and its fleet in figures");
  status->footer("Example:\n  doorward-server status");
  add_manage_options(status, *typed);
  status->callback([typed, &run] {
    run = [typed] {
      return manage_call(*typed, manage_request("GET", "/api/v1/status"), show_status);
    };
  });
}

}  // namespace doorward
