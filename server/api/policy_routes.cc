// Routes of policies.

#include "plugins/clock.h"
#include "server/api/answers.h"
#include "server/api/limits.h"
#include "server/manage/limits.h"
#include "server/manage/policies.h"
#include "server/manage/policy_rules.h"

namespace doorward {
namespace {

void prepare_files(ApiCall& call) {
  const auto files = call.values.find("files");
  if (files == call.values.end()) return;
  const TimeUs now = clock_now();
  PolicyReview review = review_files(files->second.files, now);
  call.mistakes = std::move(review.mistakes);
  call.warnings = std::move(review.warnings);
}

void write_mistakes(JsonWriter& json, std::string_view name, const std::vector<Error>& mistakes) {
  json.open_array(name);
  for (const Error& mistake : mistakes) {
    json.open().text("where", mistake.where).text("what", mistake.what).close();
  }
  json.close_array();
}

const PolicyFiles& files_of(const ApiCall& call) {
  return call.values.find("files")->second.files;
}

ApiResponse validate(const ApiCall& call, FleetView& /*view*/) {
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().boolean("ok", call.mistakes.empty());
  write_mistakes(json, "mistakes", call.mistakes);
  write_mistakes(json, "warnings", call.warnings);
  json.close();
  return out;
}

ApiResponse no_group(const ApiCall& call) {
  return api_error(404, {"group", "there is no group \"" + call.part("group") + "\""});
}

ApiResponse diff(const ApiCall& call, FleetView& view) {
  const GroupRecord* group = view.state.group(call.part("group"));
  if (group == nullptr) return no_group(call);
  const auto number = static_cast<std::uint64_t>(call.number("version", 0));
  const PolicyVersion* version = policy_version(*group, number);
  if (version == nullptr && number != 0) {
    return api_error(404, {"version", "there is no version " + std::to_string(number)});
  }
  const PolicyFiles none;
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().text("group", group->name);
  json.number("version", version == nullptr ? 0 : whole(version->version));
  const PolicyChanges changes =
      compare_files(version == nullptr ? none : *version->files, files_of(call));
  json.open_array("summary");
  for (const std::string& sentence : changes.summary) json.item(sentence);
  json.close_array().text("diff", changes.text);
  write_mistakes(json, "mistakes", call.mistakes);
  json.close();
  return out;
}

Managed apply(const ApiCall& call, FleetView& view) {
  if (!call.mistakes.empty()) {
    const Error& first = call.mistakes.front();
    const std::size_t more = call.mistakes.size() - 1;
    Managed out = Managed::no(
        422, first.where,
        first.what +
            (more == 0 ? "" : " (and " + std::to_string(more) + " more; policy validate)"));
    out.target = call.part("group");
    return out;
  }
  PolicyWanted wanted;
  wanted.files = files_of(call);
  wanted.comment = call.text("comment");
  wanted.after = static_cast<std::uint64_t>(call.number("after", 0));
  return apply_policy(view.state, call.asker(view), call.part("group"), wanted);
}

Managed roll_back(const ApiCall& call, FleetView& view) {
  return roll_back_policy(view.state, call.asker(view), call.part("group"),
                          static_cast<std::uint64_t>(call.number("version", 0)),
                          call.text("comment"));
}

void write_version(JsonWriter& json, const PolicyVersion& version) {
  json.number("version", whole(version.version));
  time_if(json, "at", version.at);
  json.text("by", version.by).text("comment", version.comment);
  if (version.from != 0) json.number("from", whole(version.from));
}

ApiResponse history(const ApiCall& call, FleetView& view) {
  const GroupRecord* group = view.state.group(call.part("group"));
  if (group == nullptr) return no_group(call);
  const std::int64_t before = call.number("before", INT64_MAX);
  std::int64_t left = call.number("limit", kApiPage);
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().text("group", group->name).open_array("versions");
  for (auto it = group->policies.rbegin(); it != group->policies.rend() && left > 0; ++it) {
    if (whole(it->version) >= before) continue;
    json.open();
    write_version(json, *it);
    json.number("files", it->files == nullptr ? 0 : whole(it->files->size())).close();
    --left;
  }
  json.close_array();
  // Who runs what: agents of the group that are connected, by version.
  std::map<std::uint64_t, std::int64_t> running;
  std::int64_t refusing = 0;
  for (const auto& [id, live] : view.live) {
    const AgentRecord* agent = view.state.agent(id);
    if (agent == nullptr || agent->group != group->name || !live.connected) continue;
    ++running[live.report.policy];
    if (live.report.policy_refused != 0) ++refusing;
  }
  json.open_array("running");
  for (const auto& [version, agents] : running) {
    json.open().number("version", whole(version)).number("agents", agents).close();
  }
  json.close_array().number("refusing", refusing).close();
  return out;
}

ApiResponse show_version(const ApiCall& call, FleetView& view) {
  const GroupRecord* group = view.state.group(call.part("group"));
  if (group == nullptr) return no_group(call);
  const std::string text = call.part("version");
  std::uint64_t number = 0;
  const bool digits = !text.empty() && text.size() < 10 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (digits) number = std::stoull(text);
  const PolicyVersion* version =
      digits || text == "latest" ? policy_version(*group, number) : nullptr;
  if (version == nullptr) return api_error(404, {"version", "there is no such version"});
  ApiResponse out;
  JsonWriter json(out.body);
  json.open().text("group", group->name);
  write_version(json, *version);
  json.open_array("files");
  if (version->files != nullptr) {
    for (const PolicyFileText& file : *version->files) {
      json.open().text("name", file.name).text("text", file.text).close();
    }
  }
  json.close_array().close();
  return out;
}

const ApiField kFiles{"files", ApiKind::files, true, "All files of the policy's folder"};
const ApiField kComment{"comment", ApiKind::text, false, "Why; in the history"};

}  // namespace

void add_policy_routes(std::vector<ApiRoute>& routes) {
  routes.push_back({"POST",
                    "/api/v1/policies/validate",
                    "validatePolicy",
                    Role::analyst,
                    "What is wrong with these files, with file and line; changes nothing",
                    "Validated",
                    {},
                    {kFiles},
                    nullptr,
                    prepare_files,
                    validate});
  routes.push_back({"GET",
                    "/api/v1/policies/{group}",
                    "policyHistory",
                    Role::viewer,
                    "Versions of a group's policy, newest first, and which its agents run",
                    "PolicyHistory",
                    {{"before", ApiKind::integer, false, "Only versions before this one", 1},
                     {"limit", ApiKind::integer, false, "Rows (default 50)", 1, kApiPageMax}},
                    {},
                    nullptr,
                    nullptr,
                    history});
  routes.push_back({"GET",
                    "/api/v1/policies/{group}/versions/{version}",
                    "showPolicy",
                    Role::viewer,
                    "One version with its files; \"latest\": the one in force",
                    "PolicyShown",
                    {},
                    {},
                    nullptr,
                    nullptr,
                    show_version});
  routes.push_back({"POST",
                    "/api/v1/policies/{group}/diff",
                    "diffPolicy",
                    Role::analyst,
                    "What these files would change, as diff -u writes it",
                    "PolicyDiff",
                    {},
                    {kFiles,
                     {"version", ApiKind::integer, false,
                      "Against this version (default: the one in force)", 1}},
                    nullptr,
                    prepare_files,
                    diff});
  routes.push_back({"POST",
                    "/api/v1/policies/{group}/apply",
                    "applyPolicy",
                    Role::admin,
                    "A new version, in force for every agent of the group as soon as it hears of "
                    "it. Files that say what is in force already change nothing",
                    "PolicyChanged",
                    {},
                    {kFiles,
                     kComment,
                     {"after", ApiKind::integer, false,
                      "Refused (409) when another version is in force than this one", 1}},
                    "policy.apply",
                    prepare_files,
                    nullptr,
                    apply});
  routes.push_back({"POST",
                    "/api/v1/policies/{group}/rollback",
                    "rollBackPolicy",
                    Role::admin,
                    "A new version with the files of an old one",
                    "PolicyChanged",
                    {},
                    {{"version", ApiKind::integer, true, "The old one", 1}, kComment},
                    "policy.rollback",
                    nullptr,
                    nullptr,
                    roll_back});
}

}  // namespace doorward
