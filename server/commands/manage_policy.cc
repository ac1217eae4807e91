// doorward-server policy, baseline: what agents are told, and what they taught.
#include <cstdio>

#include "plugins/count_words.h"
#include "proto/whole_file.h"
#include "server/commands/manage_call.h"
#include "server/fleet/fleet_state.h"
#include "server/manage/policy_rules.h"

namespace doorward {
namespace {

namespace json = boost::json;

struct PolicyTyped : ManageOptions {
  std::string group = kDefaultGroup;
  std::string dir, comment, version, agent, reason, file;
  std::int64_t after = 0, number = 0, epoch = -1;
};
using Typed = std::shared_ptr<PolicyTyped>;

std::string group_path(const Typed& typed, const char* verb) {
  return "/api/v1/policies/" + percent_encoded(typed->group) + verb;
}

/// The files of the folder that was named, or of the group's in server.toml's policy_dir.
Result<json::object> files_body(const Typed& typed) {
  const std::string dir =
      !typed->dir.empty() ? typed->dir : manage_settings(*typed).policy_dir + "/" + typed->group;
  const Result<PolicyFiles> files = read_policy_files(dir);
  if (!files) return files.error();
  json::array list;
  for (const PolicyFileText& file : files.value()) {
    list.push_back(json::object{{"name", file.name}, {"text", file.text}});
  }
  return json::object{{"files", std::move(list)}};
}

void print_mistakes(const json::object& answer, const char* name, const char* word) {
  for (const json::value& item : list_in(answer, name)) {
    const json::object& one = item.get_object();
    std::fprintf(stderr, "%s: %s: %s\n", word, text_in(one, "where").c_str(),
                 text_in(one, "what").c_str());
  }
}

int run_validate(const Typed& typed) {
  const Result<json::object> body = files_body(typed);
  if (!body) return manage_error(body.error(), kManageUnreachable);
  bool good = false;
  const int status = manage_call(
      *typed, manage_request("POST", "/api/v1/policies/validate", {}, body.value()),
      [&](const json::object& answer) {
        good = flag_in(answer, "ok");
        print_mistakes(answer, "mistakes", "error");
        print_mistakes(answer, "warnings", "warning");
        std::printf("%s\n", counted(list_in(answer, "mistakes").size(), "mistake").c_str());
      });
  return status == kManageDone && !good && !typed->json ? kManageRefused : status;
}

int run_diff(const Typed& typed) {
  Result<json::object> body = files_body(typed);
  if (!body) return manage_error(body.error(), kManageUnreachable);
  if (typed->number != 0) body.value()["version"] = typed->number;
  return manage_call(*typed, manage_request("POST", group_path(typed, "/diff"), {}, body.value()),
                     [](const json::object& answer) {
                       print_mistakes(answer, "mistakes", "error");
                       for (const json::value& item : list_in(answer, "summary")) {
                         std::printf("# %s\n", text_in({{"s", item}}, "s").c_str());
                       }
                       const json::value* diff = answer.if_contains("diff");
                       if (diff == nullptr || !diff->is_string() || diff->get_string().empty()) {
                         std::printf("nothing would change: version %s says the same\n",
                                     text_in(answer, "version").c_str());
                         return;
                       }
                       // Line by line, as printable() would take the newlines.
                       std::string_view text(diff->get_string().data(), diff->get_string().size());
                       while (!text.empty()) {
                         const std::string_view line = text.substr(0, text.find('\n'));
                         std::printf(
                             "%s\n",
                             text_in({{"s", json::string(line.data(), line.size())}}, "s").c_str());
                         text.remove_prefix(std::min(text.size(), line.size() + 1));
                       }
                     });
}

void print_changed(const json::object& answer) {
  const std::string group = text_in(answer, "group");
  const std::string version = text_in(answer, "version");
  if (!flag_in(answer, "changed")) {
    std::printf("nothing changed: %s runs version %s already\n", group.c_str(), version.c_str());
    return;
  }
  std::printf("version %s is in force for group %s\n", version.c_str(), group.c_str());
  std::printf("which agents run it: doorward-server policy history --group %s\n", group.c_str());
}

int run_apply(const Typed& typed) {
  Result<json::object> body = files_body(typed);
  if (!body) return manage_error(body.error(), kManageUnreachable);
  if (typed->after != 0) body.value()["after"] = typed->after;
  body.value()["comment"] = typed->comment;
  return manage_call(*typed, manage_request("POST", group_path(typed, "/apply"), {}, body.value()),
                     print_changed);
}

int run_history(const Typed& typed) {
  return manage_call(
      *typed, manage_request("GET", group_path(typed, "")), [](const json::object& answer) {
        ManageTable table({"VERSION", "APPLIED", "BY", "FILES", "AGENTS", "COMMENT"});
        for (const json::value& item : list_in(answer, "versions")) {
          const json::object& one = item.get_object();
          std::string agents = "0";
          for (const json::value& other : list_in(answer, "running")) {
            const json::object& runs = other.get_object();
            if (number_in(runs, "version") == number_in(one, "version")) {
              agents = text_in(runs, "agents");
            }
          }
          const bool back = number_in(one, "from") != 0;
          table.row(
              {text_in(one, "version"), time_in(one, "at"), text_in(one, "by"),
               text_in(one, "files"), agents,
               (back ? "(again " + text_in(one, "from") + ") " : "") + text_in(one, "comment")});
        }
        table.print("no policy yet; doorward-server policy apply DIR");
        if (number_in(answer, "refusing") != 0) {
          std::printf("%s refused a version; doorward-server agents show AGENT says why\n",
                      count_in(answer, "refusing", "connected agent").c_str());
        }
      });
}

int run_show(const Typed& typed) {
  const std::string version = typed->version.empty() ? "latest" : typed->version;
  return manage_call(
      *typed, manage_request("GET", group_path(typed, "/versions/") + percent_encoded(version)),
      [](const json::object& answer) {
        std::printf("# version %s of group %s, %s UTC, by %s: %s\n",
                    text_in(answer, "version").c_str(), text_in(answer, "group").c_str(),
                    time_in(answer, "at").c_str(), text_in(answer, "by").c_str(),
                    text_in(answer, "comment").c_str());
        for (const json::value& item : list_in(answer, "files")) {
          const json::object& file = item.get_object();
          std::printf("\n# --- %s\n", text_in(file, "name").c_str());
          const json::string& text = file.at("text").get_string();
          std::string_view left(text.data(), text.size());
          while (!left.empty()) {
            const std::string_view line = left.substr(0, left.find('\n'));
            std::printf("%s\n",
                        text_in({{"s", json::string(line.data(), line.size())}}, "s").c_str());
            left.remove_prefix(std::min(left.size(), line.size() + 1));
          }
        }
      });
}

void add_group(CLI::App* command, const Typed& typed) {
  command->add_option("--group", typed->group, "Which group (default: default)")
      ->type_name("GROUP");
}

void add_dir(CLI::App* command, const Typed& typed) {
  command
      ->add_option("dir", typed->dir,
                   "Folder of policy.toml, rules/, exceptions/ and sets/ (default: the group's in "
                   "policy.dir of server.toml)")
      ->type_name("DIR");
}

void add_policy(CLI::App& app, Run& run) {
  CLI::App* policy = app.add_subcommand("policy", "What the agents of a group have to do");
  policy->require_subcommand(1);
  policy->footer(
      "A policy is a folder of TOML files, fit for git; what is applied gets a number and "
      "stays.\n\n"
      "Examples:\n  doorward-server policy validate ./policy\n"
      "  doorward-server policy diff ./policy --group dmz\n"
      "  doorward-server policy apply ./policy --group dmz --comment 'quieter nights'\n"
      "  doorward-server policy rollback 3 --group dmz");
  auto typed = std::make_shared<PolicyTyped>();
  CLI::App* validate =
      policy->add_subcommand("validate", "Mistakes with file and line; changes nothing");
  add_dir(validate, typed);
  add_group(validate, typed);
  add_manage_options(validate, *typed);
  validate->callback([typed, &run] { run = [typed] { return run_validate(typed); }; });
  CLI::App* diff = policy->add_subcommand("diff", "What a folder would change");
  add_dir(diff, typed);
  add_group(diff, typed);
  diff->add_option("--against", typed->number, "Another version than the one in force")
      ->type_name("VERSION");
  add_manage_options(diff, *typed);
  diff->callback([typed, &run] { run = [typed] { return run_diff(typed); }; });
  CLI::App* apply = policy->add_subcommand("apply", "Puts a folder in force as a new version");
  add_dir(apply, typed);
  add_group(apply, typed);
  apply->add_option("--comment", typed->comment, "For the history")->type_name("TEXT");
  apply->add_option("--after", typed->after, "Only if this version is in force now")
      ->type_name("VERSION");
  add_manage_options(apply, *typed);
  apply->callback([typed, &run] { run = [typed] { return run_apply(typed); }; });
  CLI::App* history = policy->add_subcommand("history", "All versions, and who runs which");
  add_group(history, typed);
  add_manage_options(history, *typed);
  history->callback([typed, &run] { run = [typed] { return run_history(typed); }; });
  CLI::App* show = policy->add_subcommand("show", "The files of a version");
  show->add_option("version", typed->version, "Default: the one in force")->type_name("VERSION");
  add_group(show, typed);
  add_manage_options(show, *typed);
  show->callback([typed, &run] { run = [typed] { return run_show(typed); }; });
  CLI::App* back = policy->add_subcommand("rollback", "Puts an old version in force again");
  back->add_option("version", typed->number, "Which")->required()->type_name("VERSION");
  add_group(back, typed);
  back->add_option("--comment", typed->comment, "For the history")->type_name("TEXT");
  add_manage_options(back, *typed);
  back->callback([typed, &run] {
    run = [typed] {
      return manage_call(*typed,
                         manage_request("POST", group_path(typed, "/rollback"), {},
                                        {{"version", typed->number}, {"comment", typed->comment}}),
                         print_changed);
    };
  });
}

int run_baseline_status(const Typed& typed) {
  return manage_call(
      *typed, manage_request("GET", "/api/v1/baselines"), [](const json::object& answer) {
        ManageTable table(
            {"GROUP", "GENERATION", "DELTAS", "WAITING", "REFUSED", "PARTITIONS", "FALSE SEEN"});
        for (const json::value& item : list_in(answer, "baselines")) {
          const json::object& one = item.get_object();
          table.row({text_in(one, "group"), text_in(one, "generation"), text_in(one, "deltas"),
                     text_in(one, "entries_waiting"), text_in(one, "refused_entries"),
                     text_in(one, "partitions") + "/" + text_in(one, "partitions_limit"),
                     text_in(one, "false_seen")});
        }
        table.print("no baselines");
      });
}

int run_export(const Typed& typed) {
  const Result<ApiResponse> asked = ask_server(
      manage_settings(*typed),
      manage_request("GET", "/api/v1/baselines/" + percent_encoded(typed->group) + "/whole"));
  if (!asked) return manage_error(asked.error(), kManageUnreachable);
  if (asked.value().status != 200) {
    return manage_error({typed->group, "there is no baseline of this group"}, kManageRefused);
  }
  const std::string& bytes = asked.value().body;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const Status written = create_whole_file(typed->file, {data, bytes.size()});
  if (!written) return manage_error(written.error(), kManageUnreachable);
  std::printf("%s: %s\n", typed->file.c_str(),
              size_words(static_cast<std::int64_t>(bytes.size())).c_str());
  return kManageDone;
}

void add_baseline_commands(CLI::App& app, Run& run) {
  CLI::App* baseline = app.add_subcommand("baseline", "What the fleet knows as usual");
  baseline->require_subcommand(1);
  baseline->footer(
      "Examples:\n  doorward-server baseline status\n"
      "  doorward-server baseline drop-agent web-01 --reason 'was compromised'\n"
      "  doorward-server baseline fit --group dmz\n"
      "  doorward-server baseline export --group default fleet.dwbl");
  auto typed = std::make_shared<PolicyTyped>();
  CLI::App* status = baseline->add_subcommand("status", "How full and how new they are");
  add_manage_options(status, *typed);
  status->callback([typed, &run] { run = [typed] { return run_baseline_status(typed); }; });
  CLI::App* drop =
      baseline->add_subcommand("drop-agent", "Takes out what an agent taught its group");
  drop->add_option("agent", typed->agent, "Id or host")->required()->type_name("AGENT");
  drop->add_option("--epoch", typed->epoch, "Only of this epoch (weeks since 1970; default: all)")
      ->type_name("N");
  drop->add_option("--reason", typed->reason, "For the audit trail")->type_name("TEXT");
  add_manage_options(drop, *typed);
  drop->callback([typed, &run] {
    run = [typed] {
      json::object body{{"reason", typed->reason}};
      if (typed->epoch >= 0) body["epoch"] = typed->epoch;
      return manage_call(
          *typed,
          manage_request("POST",
                         "/api/v1/agents/" + percent_encoded(typed->agent) + "/drop-baseline", {},
                         body),
          [](const json::object& answer) {
            std::printf("what %s (%s) taught group %s is out, up to its delta %s\n",
                        text_in(answer, "agent").c_str(), text_in(answer, "host").c_str(),
                        text_in(answer, "group").c_str(), text_in(answer, "through").c_str());
          });
    };
  });
  CLI::App* save = baseline->add_subcommand("export", "Writes a group's baseline into a file");
  add_group(save, typed);
  save->add_option("file", typed->file, "A new file")->required()->type_name("FILE");
  save->add_option("-c,--config", typed->config,
                   "Default: /etc/doorward/server.toml if it is there")
      ->type_name("FILE");
  save->callback([typed, &run] { run = [typed] { return run_export(typed); }; });
  add_fit_command(*baseline, run);
}

}  // namespace

void add_policy_commands(CLI::App& app, Run& run) {
  add_policy(app, run);
  add_baseline_commands(app, run);
}

}  // namespace doorward
