// doorward-server api-token, audit, key: who may do what, and who did.
#include <cstdio>

#include "server/commands/manage_call.h"

namespace doorward {
namespace {

namespace json = boost::json;

struct AccessTyped : ManageOptions {
  std::string name, role, ttl, by, action, before;
  int limit = 50;
  bool refused = false, yes = false;
};
using Typed = std::shared_ptr<AccessTyped>;

int create_api_token(const Typed& typed) {
  json::object body{{"name", typed->name}, {"role", typed->role}};
  if (!typed->ttl.empty()) body["ttl"] = typed->ttl;
  return manage_call(*typed, manage_request("POST", "/api/v1/api-tokens", {}, body),
                     [](const json::object& answer) {
                       std::printf("%s\n", text_in(answer, "token").c_str());
                       std::fprintf(stderr, "name %s, role %s; it is shown this once\n",
                                    text_in(answer, "name").c_str(),
                                    text_in(answer, "role").c_str());
                     });
}

int list_api_tokens(const Typed& typed) {
  return manage_call(*typed, manage_request("GET", "/api/v1/api-tokens"),
                     [](const json::object& answer) {
                       ManageTable table({"NAME", "ROLE", "MADE", "BY", "ENDS"});
                       for (const json::value& item : list_in(answer, "api_tokens")) {
                         const json::object& one = item.get_object();
                         table.row({text_in(one, "name"), text_in(one, "role"),
                                    time_in(one, "made"), text_in(one, "by"),
                                    text_in(one, "ends").empty() ? "never" : ago_in(one, "ends")});
                       }
                       table.print("no API tokens");
                     });
}

int list_audit(const Typed& typed) {
  return manage_call(
      *typed,
      manage_request("GET", "/api/v1/audit",
                     {{"by", typed->by},
                      {"action", typed->action},
                      {"refused", typed->refused ? "true" : ""},
                      {"before", typed->before},
                      {"limit", std::to_string(typed->limit)}}),
      [](const json::object& answer) {
        ManageTable table({"TIME (UTC)", "BY", "ROLE", "FROM", "ACTION", "OK", "TARGET", "DETAIL"});
        for (const json::value& item : list_in(answer, "audit")) {
          const json::object& one = item.get_object();
          table.row({time_in(one, "at"), text_in(one, "by"), text_in(one, "role"),
                     text_in(one, "from"), text_in(one, "action"),
                     flag_in(one, "ok") ? "done" : "REFUSED", text_in(one, "target"),
                     text_in(one, "detail")});
        }
        table.print("nothing was changed yet");
        const std::string next = text_in(answer, "next");
        if (!next.empty()) std::printf("more: --before %s\n", next.c_str());
      });
}

int rotate_key(const Typed& typed) {
  if (!typed->yes) {
    return manage_error({"key rotate",
                         "history begins anew under a new key: for some weeks the fleet knows "
                         "nothing as usual. If that is meant, add --yes"},
                        kManageRefused);
  }
  return manage_call(*typed, manage_request("POST", "/api/v1/key/rotate"),
                     [](const json::object& answer) {
                       std::printf("key %s is in force\n%s\n", text_in(answer, "key").c_str(),
                                   text_in(answer, "warning").c_str());
                     });
}

void add_api_token(CLI::App& app, Run& run) {
  CLI::App* tokens = app.add_subcommand("api-token", "Bearer tokens for the HTTPS API");
  tokens->require_subcommand(1);
  tokens->footer(
      "Roles: a viewer reads, an analyst also gives verdicts and tries policies, an admin does "
      "all.\n"
      "\nExamples:\n  doorward-server api-token create grafana --role viewer\n"
      "  doorward-server api-token create ci --role admin --ttl 90d\n"
      "  doorward-server api-token revoke grafana");
  auto typed = std::make_shared<AccessTyped>();
  CLI::App* create = tokens->add_subcommand("create", "A new token; it is shown this once");
  create->add_option("name", typed->name, "What uses it")->required()->type_name("NAME");
  create->add_option("--role", typed->role, "What it may do")
      ->required()
      ->check(CLI::IsMember({"viewer", "analyst", "admin"}));
  create->add_option("--ttl", typed->ttl, "How long it is good (default: for ever)")
      ->type_name("TIME");
  add_manage_options(create, *typed);
  create->callback([typed, &run] { run = [typed] { return create_api_token(typed); }; });
  CLI::App* list = tokens->add_subcommand("list", "Their names, without secrets");
  add_manage_options(list, *typed);
  list->callback([typed, &run] { run = [typed] { return list_api_tokens(typed); }; });
  CLI::App* revoke = tokens->add_subcommand("revoke", "It is worth nothing from now on");
  revoke->add_option("name", typed->name, "Of the list")->required()->type_name("NAME");
  add_manage_options(revoke, *typed);
  revoke->callback([typed, &run] {
    run = [typed] {
      return manage_call(
          *typed,
          manage_request("POST", "/api/v1/api-tokens/" + percent_encoded(typed->name) + "/revoke"),
          [](const json::object& answer) {
            std::printf("revoked %s\n", text_in(answer, "name").c_str());
          });
    };
  });
}

void add_audit(CLI::App& app, Run& run) {
  auto typed = std::make_shared<AccessTyped>();
  CLI::App* audit = app.add_subcommand("audit", "Every change and every refused try, newest first");
  audit->footer(
      "Examples:\n  doorward-server audit --action policy.apply\n"
      "  doorward-server audit --refused --limit 200");
  audit->add_option("--by", typed->by, "Only of this API token (local: this host)")
      ->type_name("NAME");
  audit->add_option("--action", typed->action, "Only this, such as agent.revoke")
      ->type_name("ACTION");
  audit->add_flag("--refused", typed->refused, "Only what was refused");
  audit->add_option("--before", typed->before, "The page after the one that ended so")
      ->type_name("N");
  audit->add_option("--limit", typed->limit, "Rows (default 50)")->check(CLI::Range(1, 1000));
  add_manage_options(audit, *typed);
  audit->callback([typed, &run] { run = [typed] { return list_audit(typed); }; });
}

void add_key(CLI::App& app, Run& run) {
  CLI::App* key = app.add_subcommand("key", "The secret under which agents hash names");
  key->require_subcommand(1);
  key->footer("Example:\n  doorward-server key rotate --yes");
  auto typed = std::make_shared<AccessTyped>();
  CLI::App* rotate = key->add_subcommand("rotate", "A new key; history begins anew");
  rotate->add_flag("--yes", typed->yes, "History may begin anew");
  add_manage_options(rotate, *typed);
  rotate->callback([typed, &run] { run = [typed] { return rotate_key(typed); }; });
}

}  // namespace

void add_access_commands(CLI::App& app, Run& run) {
  add_api_token(app, run);
  add_audit(app, run);
  add_key(app, run);
}

}  // namespace doorward
