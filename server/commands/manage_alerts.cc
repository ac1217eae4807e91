// doorward-server alerts: what the fleet found.
#include <cstdio>

#include "server/commands/manage_call.h"

namespace doorward {
namespace {

namespace json = boost::json;

struct AlertsTyped : ManageOptions {
  std::map<std::string, std::string> query;
  std::string id, verdict, comment;
};
using Typed = std::shared_ptr<AlertsTyped>;

std::string alert_path(const Typed& typed, const char* verb = "") {
  return "/api/v1/alerts/" + percent_encoded(typed->id) + verb;
}

int list_alerts(const Typed& typed) {
  return manage_call(
      *typed, manage_request("GET", "/api/v1/alerts", typed->query),
      [](const json::object& answer) {
        ManageTable table(
            {"TIME (UTC)", "SCORE", "RULE", "USER", "ADDRESS", "HOST", "VERDICT", "ALERT"});
        for (const json::value& item : list_in(answer, "alerts")) {
          const json::object& one = item.get_object();
          table.row({time_in(one, "time"), text_in(one, "score"), text_in(one, "rule"),
                     text_in(one, "user"), text_in(one, "address"), text_in(one, "host"),
                     text_in(one, "verdict"), text_in(one, "id")});
        }
        table.print("no alerts");
        const std::string next = text_in(answer, "next");
        if (!next.empty()) std::printf("more: --before %s\n", next.c_str());
      });
}

void print_with(const json::object& history, const char* name, const char* words) {
  for (const json::value& item : list_in(history, name)) {
    const json::object& one = item.get_object();
    std::printf("    %s %s: %s alerts, first %s, last %s\n", words, text_in(one, "name").c_str(),
                text_in(one, "alerts").c_str(), time_in(one, "first").c_str(),
                time_in(one, "last").c_str());
  }
}

void print_history(const json::object& all, const char* name, const char* question) {
  const json::object& history = object_in(all, name);
  if (history.empty()) return;
  std::printf("\n%s %s: %s alerts, first %s, last %s\n  %s\n", name,
              text_in(history, "name").c_str(), text_in(history, "alerts").c_str(),
              time_in(history, "first").c_str(), time_in(history, "last").c_str(), question);
  const std::string_view self = name;
  if (self != "user") print_with(history, "users", "user");
  if (self != "host") print_with(history, "hosts", "host");
  if (self != "address") print_with(history, "addresses", "address");
  print_with(history, "rules", "rule");
}

/// What the group's baseline knows.
void print_fleet(const json::object& fleet) {
  if (fleet.empty()) return;
  const json::object& user = object_in(fleet, "user");
  std::printf("\nbaseline of group %s\n", text_in(fleet, "group").c_str());
  if (flag_in(user, "known")) {
    std::printf("    user %s: %s logons from %s addresses on %s hosts, %s to %s\n",
                text_in(user, "name").c_str(), text_in(user, "logons").c_str(),
                text_in(user, "addresses").c_str(), text_in(user, "hosts").c_str(),
                time_in(user, "first").c_str(), time_in(user, "last").c_str());
  } else if (!user.empty()) {
    std::printf("    user %s: never seen\n", text_in(user, "name").c_str());
  }
  for (const json::value& item : list_in(fleet, "seen")) {
    const json::object& one = item.get_object();
    std::printf("    %s of %s for %s: %s times, among %s\n", text_in(one, "what").c_str(),
                text_in(one, "value").c_str(), text_in(one, "of").c_str(),
                text_in(one, "count").c_str(), text_in(one, "different").c_str());
  }
}

void show_one(const json::object& alert) {
  std::printf("%s\n\n", text_in(alert, "message").c_str());
  for (const char* name : {"id", "rule", "severity", "score", "user", "address", "host", "agent",
                           "occurrences", "verdict", "verdict_by", "verdict_comment"}) {
    const std::string text = text_in(alert, name);
    if (!text.empty()) std::printf("%-16s %s\n", name, text.c_str());
  }
  std::printf("%-16s %s UTC (%s), came %s\n", "time", time_in(alert, "time").c_str(),
              ago_in(alert, "time").c_str(), time_in(alert, "received").c_str());
  const json::object& history = object_in(alert, "triage");
  print_history(history, "user", "Where else did this user log on?");
  print_history(history, "address", "Who else used this address?");
  print_history(history, "host", "What else happened on this host?");
  print_fleet(object_in(history, "fleet"));
  std::printf("\nThe whole document: --json\n");
}

void add_filter(CLI::App* command, const Typed& typed, const char* name, const char* option,
                const char* about, const char* type) {
  command
      ->add_option_function<std::string>(
          option, [typed, name](const std::string& text) { typed->query[name] = text; }, about)
      ->type_name(type);
}

}  // namespace

void add_alerts_commands(CLI::App& app, Run& run) {
  CLI::App* alerts = app.add_subcommand("alerts", "What the fleet found: list, show, verdict");
  alerts->require_subcommand(1);
  alerts->footer(
      "Examples:\n  doorward-server alerts list --user alice --from 2026-11-01\n"
      "  doorward-server alerts list --address 192.0.2.0/24 --min-score 90 --verdict open\n"
      "  doorward-server alerts show ID\n"
      "  doorward-server alerts verdict ID benign --comment 'new laptop'");
  auto typed = std::make_shared<AlertsTyped>();
  CLI::App* list = alerts->add_subcommand("list", "Alerts, newest first");
  add_filter(list, typed, "rule", "--rule", "Only of such rules (rare_*)", "RULE");
  add_filter(list, typed, "user", "--user", "Only of such users", "USER");
  add_filter(list, typed, "address", "--address", "Only from this address or network", "ADDRESS");
  add_filter(list, typed, "host", "--host", "Only on such hosts", "HOST");
  add_filter(list, typed, "agent", "--agent", "Only of this agent (whole id)", "AGENT");
  add_filter(list, typed, "text", "--text", "Only with this in the message", "TEXT");
  add_filter(list, typed, "from", "--from", "Only of events at or after this time", "TIME");
  add_filter(list, typed, "to", "--to", "Only of events before this time", "TIME");
  add_filter(list, typed, "min_score", "--min-score", "Only with this score or more", "N");
  add_filter(list, typed, "verdict", "--verdict",
             "Only these: open, true_positive, false_positive, benign", "VERDICT");
  add_filter(list, typed, "before", "--before", "The page after the one that ended so", "N");
  add_filter(list, typed, "limit", "--limit", "Rows (default 50, at most 1000)", "N");
  add_manage_options(list, *typed);
  list->callback([typed, &run] { run = [typed] { return list_alerts(typed); }; });
  CLI::App* show = alerts->add_subcommand(
      "show", "One alert: who else used its address, where else did its user log on");
  show->add_option("id", typed->id, "Of the list")->required()->type_name("ID");
  add_manage_options(show, *typed);
  show->callback([typed, &run] {
    run = [typed] {
      return manage_call(*typed, manage_request("GET", alert_path(typed)), show_one);
    };
  });
  CLI::App* verdict = alerts->add_subcommand(
      "verdict", "Says what it was; after benign and false_positive its agent learns from it");
  verdict->add_option("id", typed->id, "Of the list")->required()->type_name("ID");
  verdict->add_option("verdict", typed->verdict, "true_positive, false_positive or benign")
      ->required()
      ->check(CLI::IsMember({"true_positive", "false_positive", "benign"}));
  verdict->add_option("--comment", typed->comment, "Why")->type_name("TEXT");
  add_manage_options(verdict, *typed);
  verdict->callback([typed, &run] {
    run = [typed] {
      return manage_call(*typed,
                         manage_request("POST", alert_path(typed, "/verdict"), {},
                                        {{"verdict", typed->verdict}, {"comment", typed->comment}}),
                         [](const json::object& answer) {
                           std::printf("%s is %s\n", text_in(answer, "alert").c_str(),
                                       text_in(answer, "verdict").c_str());
                         });
    };
  });
}

}  // namespace doorward
