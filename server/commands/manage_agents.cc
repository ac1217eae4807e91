// doorward-server agents, groups, token: who belongs to the fleet.
#include <cstdio>

#include "plugins/span_words.h"
#include "server/commands/manage_call.h"

namespace doorward {
namespace {

namespace json = boost::json;

struct AgentsTyped : ManageOptions {
  std::string agent, group, host, state, after, reason, name, ttl = "1h";
  int limit = 200;
  int uses = 1;
  bool all = false;
};
using Typed = std::shared_ptr<AgentsTyped>;

std::string agent_path(const Typed& typed, const char* verb = "") {
  return "/api/v1/agents/" + percent_encoded(typed->agent) + verb;
}

int list_agents(const Typed& typed) {
  const ApiRequest request = manage_request("GET", "/api/v1/agents",
                                            {{"group", typed->group},
                                             {"host", typed->host},
                                             {"state", typed->state},
                                             {"after", typed->after},
                                             {"limit", std::to_string(typed->limit)}});
  return manage_call(*typed, request, [](const json::object& answer) {
    ManageTable table(
        {"AGENT", "HOST", "GROUP", "STATE", "HEARD", "POLICY", "GENERATION", "CERTIFICATE"});
    for (const json::value& item : list_in(answer, "agents")) {
      const json::object& agent = item.get_object();
      table.row({text_in(agent, "id"), text_in(agent, "host"), text_in(agent, "group"),
                 text_in(agent, "state"), ago_in(agent, "heard"), version_in(agent, "policy"),
                 text_in(agent, "generation"), ago_in(agent, "certificate_ends")});
    }
    table.print("no agents; doorward-server token create makes a token to enrol one");
    const std::string next = text_in(answer, "next");
    if (!next.empty()) std::printf("more: --after %s\n", next.c_str());
  });
}

std::string lag_words(std::int64_t ms) {
  return ms < 10'000 ? std::to_string(ms) + " ms" : span_words(ms / 1000);
}

void show_one_agent(const json::object& agent) {
  const auto line = [](const char* name, const std::string& text) {
    if (!text.empty() && text != "-") std::printf("%-12s %s\n", name, text.c_str());
  };
  line("agent", text_in(agent, "id"));
  line("host", text_in(agent, "host"));
  line("group", text_in(agent, "group"));
  line("state", text_in(agent, "state"));
  line("enrolled", time_in(agent, "enrolled") + " with token " + text_in(agent, "token") +
                       " from " + text_in(agent, "enrolled_from"));
  line("certificate", "serial " + text_in(agent, "certificate_serial") + ", ends " +
                          time_in(agent, "certificate_ends") + " (" +
                          ago_in(agent, "certificate_ends") + "), renewed " +
                          count_in(agent, "renewals", "time"));
  line("learned", number_in(agent, "last_delta") == 0
                      ? "nothing yet"
                      : count_in(agent, "last_delta", "delta") + ", the last " +
                            ago_in(agent, "last_delta_at"));
  if (text_in(agent, "state") == "revoked") {
    line("revoked", time_in(agent, "revoked_at") + " by " + text_in(agent, "revoked_by") + ": " +
                        text_in(agent, "revoked_reason"));
  }
  const json::object& live = object_in(agent, "live");
  if (live.empty()) {
    line("live", "not seen since the server started");
    return;
  }
  line("live", std::string(flag_in(live, "connected") ? "connected from " : "away, was at ") +
                   text_in(live, "address") + " since " + time_in(live, "since") + ", heard " +
                   ago_in(live, "heard"));
  line("version", text_in(live, "version"));
  const std::string in_force = version_in(agent, "policy_in_force");
  if (number_in(live, "policy") == 0 && in_force == "-") {
    line("policy", "none; the group has none");
  } else {
    line("policy", "runs version " + version_in(live, "policy") + ", in force is " + in_force);
  }
  if (number_in(live, "policy_refused") != 0) {
    line("", "refused version " + text_in(live, "policy_refused") + ": " +
                 text_in(live, "policy_reason"));
  }
  line("baseline", "generation " + text_in(live, "generation") + ", " +
                       count_in(live, "pending_deltas", "delta") + " of its own waiting");
  line("reads", count_in(live, "lines", "line") + ", " +
                    size_words(number_in(live, "lines_bytes")) + ", " +
                    lag_words(number_in(live, "lag_ms")) + " behind");
  line("finds", count_in(live, "events", "event") + ", " + count_in(live, "alerts", "alert"));
  line("spool",
       text_in(live, "spool_records") + " waiting, " + text_in(live, "spool_dropped") + " dropped");
  line("costs", size_words(number_in(live, "rss_bytes")) + " of memory, received " +
                    size_words(number_in(live, "received_bytes")) + " from it, sent it " +
                    size_words(number_in(live, "sent_bytes")));
  if (number_in(live, "clones") != 0) {
    line("CLONE", "another machine came with its identity " + count_in(live, "clones", "time") +
                      ", last from " + text_in(live, "clone_from") + " " +
                      ago_in(live, "clone_at") + ": revoke it and enrol both anew");
  }
}

void add_agents(CLI::App& app, Run& run) {
  CLI::App* agents = app.add_subcommand("agents", "The fleet's agents: list, show, revoke, move");
  agents->require_subcommand(1);
  agents->footer(
      "An AGENT is named by its id, the beginning of it or its host's name.\n\nExamples:\n"
      "  doorward-server agents list --state away\n  doorward-server agents show web-01\n"
      "  doorward-server agents revoke web-01 --reason 'host was rebuilt'");
  auto typed = std::make_shared<AgentsTyped>();
  CLI::App* list = agents->add_subcommand("list", "All agents, or some");
  list->add_option("--group", typed->group, "Only of this group")->type_name("GROUP");
  list->add_option("--host", typed->host, "Only with such a host name (web-*)")->type_name("HOST");
  list->add_option("--state", typed->state, "Only in this state")
      ->check(CLI::IsMember({"connected", "away", "never", "revoked"}));
  list->add_option("--limit", typed->limit, "Rows (default 200)")->check(CLI::Range(1, 1000));
  list->add_option("--after", typed->after, "Only agents after this id")->type_name("AGENT");
  add_manage_options(list, *typed);
  list->callback([typed, &run] { run = [typed] { return list_agents(typed); }; });
  CLI::App* show = agents->add_subcommand("show", "One agent with all that is known of it");
  show->add_option("agent", typed->agent, "Id or host")->required()->type_name("AGENT");
  add_manage_options(show, *typed);
  show->callback([typed, &run] {
    run = [typed] {
      return manage_call(*typed, manage_request("GET", agent_path(typed)), show_one_agent);
    };
  });
  CLI::App* revoke = agents->add_subcommand("revoke", "Cuts an agent off for good");
  revoke->add_option("agent", typed->agent, "Id or host")->required()->type_name("AGENT");
  revoke->add_option("--reason", typed->reason, "For the lists and the audit trail")
      ->type_name("TEXT");
  add_manage_options(revoke, *typed);
  revoke->callback([typed, &run] {
    run = [typed] {
      return manage_call(
          *typed,
          manage_request("POST", agent_path(typed, "/revoke"), {}, {{"reason", typed->reason}}),
          [](const json::object& answer) {
            std::printf("revoked %s (%s)\n", text_in(answer, "agent").c_str(),
                        text_in(answer, "host").c_str());
          });
    };
  });
  CLI::App* move = agents->add_subcommand("move", "Puts an agent into another group");
  move->add_option("agent", typed->agent, "Id or host")->required()->type_name("AGENT");
  move->add_option("group", typed->group, "Where it goes")->required()->type_name("GROUP");
  add_manage_options(move, *typed);
  move->callback([typed, &run] {
    run = [typed] {
      return manage_call(
          *typed, manage_request("POST", agent_path(typed, "/move"), {}, {{"group", typed->group}}),
          [](const json::object& answer) {
            std::printf("%s (%s) is in group %s\n", text_in(answer, "agent").c_str(),
                        text_in(answer, "host").c_str(), text_in(answer, "group").c_str());
          });
    };
  });
}

void add_groups(CLI::App& app, Run& run) {
  CLI::App* groups =
      app.add_subcommand("groups", "Groups of agents, each with its policy and baseline");
  groups->require_subcommand(1);
  groups->footer("Example:\n  doorward-server groups make dmz");
  auto typed = std::make_shared<AgentsTyped>();
  CLI::App* list = groups->add_subcommand("list", "All groups");
  add_manage_options(list, *typed);
  list->callback([typed, &run] {
    run = [typed] {
      return manage_call(*typed, manage_request("GET", "/api/v1/groups"),
                         [](const json::object& answer) {
                           ManageTable table({"GROUP", "AGENTS", "POLICY", "MADE"});
                           for (const json::value& item : list_in(answer, "groups")) {
                             const json::object& group = item.get_object();
                             table.row({text_in(group, "name"), text_in(group, "agents"),
                                        version_in(group, "policy"), time_in(group, "made")});
                           }
                           table.print("no groups");
                         });
    };
  });
  CLI::App* make = groups->add_subcommand("make", "A new group");
  make->add_option("group", typed->name, "Its name: a-z, 0-9, '.', '_', '-'")
      ->required()
      ->type_name("GROUP");
  add_manage_options(make, *typed);
  make->callback([typed, &run] {
    run = [typed] {
      return manage_call(*typed,
                         manage_request("POST", "/api/v1/groups", {}, {{"name", typed->name}}),
                         [](const json::object& answer) {
                           std::printf("made group %s\n", text_in(answer, "group").c_str());
                         });
    };
  });
}

void add_token(CLI::App& app, Run& run) {
  CLI::App* token = app.add_subcommand("token", "Tokens with which agents enrol");
  token->require_subcommand(1);
  token->footer(
      "A token says whom an agent may trust and lets it in, so many times and so long.\n\n"
      "Examples:\n  doorward-server token create --ttl 1h\n"
      "  doorward-server token create --group dmz --uses 20 --ttl 24h\n"
      "and on each host:\n"
      "  doorward-agent enroll --server doorward.example.com:7443 --token TOKEN");
  auto typed = std::make_shared<AgentsTyped>();
  CLI::App* create = token->add_subcommand("create", "A new token; it is shown this once");
  create->add_option("--group", typed->group, "Where its agents go (default: default)")
      ->type_name("GROUP");
  create->add_option("--ttl", typed->ttl, "How long it is good (default 1h, at most 30d)")
      ->type_name("TIME");
  create->add_option("--uses", typed->uses, "How many agents (default 1)")
      ->check(CLI::Range(1, 10'000));
  add_manage_options(create, *typed);
  create->callback([typed, &run] {
    run = [typed] {
      json::object body{{"ttl", typed->ttl}, {"uses", typed->uses}};
      if (!typed->group.empty()) body["group"] = typed->group;
      return manage_call(*typed, manage_request("POST", "/api/v1/tokens", {}, body),
                         [](const json::object& answer) {
                           // Alone on stdout, for scripts.
                           std::printf("%s\n", text_in(answer, "token").c_str());
                           std::fprintf(stderr, "name %s, group %s, for %s, ends %s UTC\n",
                                        text_in(answer, "name").c_str(),
                                        text_in(answer, "group").c_str(),
                                        count_in(answer, "uses", "agent").c_str(),
                                        time_in(answer, "ends").c_str());
                         });
    };
  });
  CLI::App* list = token->add_subcommand("list", "Open tokens, without their secrets");
  list->add_flag("--all", typed->all, "Also those used up, ended and revoked");
  add_manage_options(list, *typed);
  list->callback([typed, &run] {
    run = [typed] {
      return manage_call(
          *typed, manage_request("GET", "/api/v1/tokens", {{"all", typed->all ? "true" : ""}}),
          [](const json::object& answer) {
            ManageTable table({"TOKEN", "GROUP", "STATE", "USED", "ENDS", "BY"});
            for (const json::value& item : list_in(answer, "tokens")) {
              const json::object& one = item.get_object();
              table.row({text_in(one, "name"), text_in(one, "group"), text_in(one, "state"),
                         text_in(one, "used") + "/" + text_in(one, "uses"), ago_in(one, "ends"),
                         text_in(one, "by")});
            }
            table.print("no tokens");
          });
    };
  });
  CLI::App* revoke = token->add_subcommand("revoke", "No agent can come with it any more");
  revoke->add_option("token", typed->name, "Its name in the list")->required()->type_name("NAME");
  add_manage_options(revoke, *typed);
  revoke->callback([typed, &run] {
    run = [typed] {
      return manage_call(
          *typed,
          manage_request("POST", "/api/v1/tokens/" + percent_encoded(typed->name) + "/revoke"),
          [](const json::object& answer) {
            std::printf("revoked %s\n", text_in(answer, "name").c_str());
          });
    };
  });
}

}  // namespace

void add_agents_commands(CLI::App& app, Run& run) {
  add_token(app, run);
  add_agents(app, run);
  add_groups(app, run);
}

void add_manage_commands(CLI::App& app, Run& run) {
  add_agents_commands(app, run);
  add_policy_commands(app, run);
  add_alerts_commands(app, run);
  add_access_commands(app, run);
  add_upkeep_commands(app, run);
}

}  // namespace doorward
