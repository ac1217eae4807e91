// doorward-server baseline fit: theta and d from what the agents counted.
#include <cstdio>

#include "plugins/policy/edit.h"
#include "server/commands/manage_call.h"

namespace doorward {
namespace {

namespace json = boost::json;

struct FitTyped : ManageOptions {
  std::string group = "default";
  std::string comment = "theta and d as fitted";
  bool apply = false;
};
using Typed = std::shared_ptr<FitTyped>;

/// "1 (0.5)": theta and d.
std::string pair_in(const json::object& rule, const std::string& ending) {
  const auto number = [&](const std::string& name) {
    const json::value* value = rule.if_contains(name);
    return rule_number_text(value == nullptr || !value->is_number() ? 0
                                                                    : value->to_number<double>());
  };
  return number("strength" + ending) + " (" + number("discount" + ending) + ")";
}

/// A text of several lines, each printable.
void print_text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return;
  std::string_view left(value->get_string().data(), value->get_string().size());
  while (!left.empty()) {
    const std::string_view line = left.substr(0, left.find('\n'));
    std::printf("%s\n", text_in({{"s", json::string(line.data(), line.size())}}, "s").c_str());
    left.remove_prefix(std::min(left.size(), line.size() + 1));
  }
}

bool has_overrides(const json::object& answer) {
  const json::value* value = answer.if_contains("overrides");
  return value != nullptr && value->is_string() && !value->get_string().empty();
}

void print_fit(const json::object& answer) {
  ManageTable table({"RULE", "EVENTS", "NEW", "WRITTEN", "IN FORCE", "FITTED", ""});
  for (const json::value& item : list_in(answer, "rules")) {
    const json::object& rule = item.get_object();
    table.row({text_in(rule, "rule"), text_in(rule, "events"), text_in(rule, "novel"),
               pair_in(rule, "_written"), pair_in(rule, ""),
               rule.contains("strength_fitted") ? pair_in(rule, "_fitted") : "too few events",
               flag_in(rule, "changes") ? "*" : ""});
  }
  table.print("no rule of detector rare");
  std::printf("\ntheta (d); counted by %s agents", text_in(answer, "agents").c_str());
  if (const json::value* share = answer.if_contains("largest_share")) {
    std::printf(", %.0f %% by %s", share->to_number<double>() * 100,
                text_in(answer, "largest_agent").c_str());
  }
  std::printf("\n");
  if (!has_overrides(answer)) {
    std::printf("nothing to change\n");
    return;
  }
  std::printf("\n# for policy.toml; or doorward-server baseline fit --group %s --apply\n",
              text_in(answer, "group").c_str());
  print_text(answer, "overrides");
}

int run_fit(const Typed& typed) {
  const ApiRequest request =
      manage_request("GET", "/api/v1/groups/" + percent_encoded(typed->group) + "/fit");
  if (!typed->apply) return manage_call(*typed, request, print_fit);
  const Result<ApiResponse> asked = ask_server(manage_settings(*typed), request);
  if (!asked) return manage_error(asked.error(), kManageUnreachable);
  boost::system::error_code fault;
  const json::value parsed = json::parse(asked.value().body, fault);
  if (fault || !parsed.is_object()) {
    return manage_error({typed->group, "the server's answer cannot be read"}, kManageUnreachable);
  }
  const json::object& answer = parsed.get_object();
  if (asked.value().status != 200) {
    return manage_error({typed->group, text_in(answer, "error")}, kManageRefused);
  }
  if (!has_overrides(answer)) {
    std::printf("nothing to change\n");
    return kManageDone;
  }
  if (answer.contains("by_hand")) {
    return manage_error({typed->group, text_in(answer, "by_hand")}, kManageRefused);
  }
  json::object body{{"files", list_in(answer, "files")}, {"comment", typed->comment}};
  // Not over what somebody has applied since.
  if (number_in(answer, "version") != 0) body["after"] = number_in(answer, "version");
  return manage_call(
      *typed,
      manage_request("POST", "/api/v1/policies/" + percent_encoded(typed->group) + "/apply", {},
                     body),
      [](const json::object& changed) {
        std::printf("version %s is in force for group %s\n", text_in(changed, "version").c_str(),
                    text_in(changed, "group").c_str());
      });
}

}  // namespace

void add_fit_command(CLI::App& baseline, Run& run) {
  auto typed = std::make_shared<FitTyped>();
  CLI::App* fit = baseline.add_subcommand(
      "fit", "Which theta and d of the rare rules fit what the agents counted");
  fit->add_option("--group", typed->group, "Which group (default: default)")->type_name("GROUP");
  fit->add_flag("--apply", typed->apply, "Puts them in force as a new version of the policy");
  fit->add_option("--comment", typed->comment, "For the policy's history")->type_name("TEXT");
  add_manage_options(fit, *typed);
  fit->callback([typed, &run] { run = [typed] { return run_fit(typed); }; });
}

}  // namespace doorward
