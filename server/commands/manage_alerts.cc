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
          table.row({time_in(one, "time"), rounded_in(one, "score"), text_in(one, "rule"),
                     text_in(one, "user"), text_in(one, "address"), text_in(one, "host"),
                     text_in(one, "verdict"), text_in(one, "id")});
        }
        table.print("no alerts");
        const std::string next = text_in(answer, "next");
        if (!next.empty()) std::printf("more: --before %s\n", next.c_str());
      });
}

/// "3 alerts, 2026-11-19 22:10:04 to 2026-11-20 08:15:00"
std::string alerts_words(const json::object& one) {
  const std::string first = time_in(one, "first");
  const std::string last = time_in(one, "last");
  return count_in(one, "alerts", "alert") + ", " + (first == last ? last : first + " to " + last);
}

/// Rows under headings of their own would be longer than what they say: one line a name.
void print_with(const json::object& history, const char* name, const char* words) {
  for (const json::value& item : list_in(history, name)) {
    const json::object& one = item.get_object();
    std::printf("    %-7s %s: %s\n", words, text_in(one, "name").c_str(),
                alerts_words(one).c_str());
  }
}

void print_history(const json::object& all, const char* name, const char* question) {
  const json::object& history = object_in(all, name);
  if (history.empty()) return;
  std::printf("\n%s %s: %s\n  %s\n", name, text_in(history, "name").c_str(),
              alerts_words(history).c_str(), question);
  const std::string_view self = name;
  if (self != "user") print_with(history, "users", "user");
  if (self != "host") print_with(history, "hosts", "host");
  if (self != "address") print_with(history, "addresses", "address");
  print_with(history, "rules", "rule");
}

/// "2026-11-20": epochs begin and end with a day.
std::string day_in(const json::object& object, const char* name) {
  return time_in(object, name).substr(0, 10);
}

/// What the group's baseline knows.
void print_fleet(const json::object& fleet) {
  if (fleet.empty()) return;
  const json::object& user = object_in(fleet, "user");
  std::printf("\nbaseline of group %s\n", text_in(fleet, "group").c_str());
  if (flag_in(user, "known")) {
    const std::string hosts = count_in(user, "hosts", "host");
    std::printf("    user %s: %s from %s address%s on %s, %s to %s\n",
                text_in(user, "name").c_str(), count_in(user, "logons", "logon").c_str(),
                text_in(user, "addresses").c_str(), number_in(user, "addresses") == 1 ? "" : "es",
                hosts.c_str(), day_in(user, "first").c_str(), day_in(user, "last").c_str());
  } else if (!user.empty()) {
    std::printf("    user %s: never seen\n", text_in(user, "name").c_str());
  }
  for (const json::value& item : list_in(fleet, "seen")) {
    const json::object& one = item.get_object();
    // A count stops at 255 in each epoch, so it is no sum to rely on when it is large.
    const std::string count = number_in(one, "count") == 0
                                  ? "never seen"
                                  : count_in(one, "count", "time") + ", " + day_in(one, "first") +
                                        " to " + day_in(one, "last");
    std::printf("    %s %s for %s: %s; %s different\n", text_in(one, "what").c_str(),
                text_in(one, "value").c_str(), text_in(one, "of").c_str(), count.c_str(),
                text_in(one, "different").c_str());
  }
}

void show_one(const json::object& alert) {
  std::printf("%s\n\n", text_in(alert, "message").c_str());
  for (const char* name : {"id", "rule", "severity", "score", "user", "address", "host", "agent",
                           "occurrences", "verdict", "verdict_by", "verdict_comment"}) {
    const bool is_score = std::string_view(name) == "score";
    const std::string text = is_score ? rounded_in(alert, name) : text_in(alert, name);
    if (!text.empty()) std::printf("%-16s %s\n", name, text.c_str());
  }
  std::printf("%-16s %s UTC (%s), received %s\n", "time", time_in(alert, "time").c_str(),
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
