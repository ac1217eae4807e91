// The route of what theta and d fit a group's logs.
#include <chrono>
#include <future>
#include <memory>

#include "server/api/answers.h"
#include "server/manage/fits.h"

namespace doorward {
namespace {

/// The core answers in milliseconds; when it does not, it is stuck or ends.
constexpr std::chrono::seconds kCoreAnswers{5};

/// What the core has of a group, to be worked on beside its thread.
struct Counted {
  std::optional<GroupFit> fit;
  std::shared_ptr<const PolicyFiles> files;
  std::uint64_t version = 0;
};

void write_rule(JsonWriter& json, const RuleFit& rule) {
  json.open().text("rule", rule.id);
  json.number("events", whole(rule.fit.events)).number("novel", whole(rule.fit.novel));
  json.real("strength_written", rule.strength.written);
  json.real("discount_written", rule.discount.written);
  json.real("strength", rule.strength.in_force()).real("discount", rule.discount.in_force());
  if (rule.fit.fitted) {
    json.real("strength_fitted", rule.fit.strength).real("discount_fitted", rule.fit.discount);
  }
  json.boolean("changes", rule.changes).close();
}

std::string fit_document(const std::string& group, const Counted& counted) {
  const FitProposal proposal = propose_fit(counted.fit->counts, counted.files.get());
  std::string out;
  JsonWriter json(out);
  json.open().text("group", group).number("agents", whole(counted.fit->agents));
  const std::uint64_t all = counted.fit->counts.events();
  if (!counted.fit->largest.empty() && all > 0) {
    json.text("largest_agent", counted.fit->largest);
    json.real("largest_share",
              static_cast<double>(counted.fit->largest_events) / static_cast<double>(all));
  }
  json.open_array("rules");
  for (const RuleFit& rule : proposal.rules) write_rule(json, rule);
  json.close_array().text("overrides", proposal.overrides);
  json.number("version", whole(counted.version)).open_array("files");
  for (const PolicyFileText& file : proposal.files) {
    json.open().text("name", file.name).text("text", file.text).close();
  }
  json.close_array();
  if (!proposal.by_hand.empty()) json.text("by_hand", proposal.by_hand);
  json.close();
  return out;
}

void prepare_fit(ApiCall& call) {
  const std::string group = call.part("group");
  auto answer = std::make_shared<std::promise<Counted>>();
  std::future<Counted> asked = answer->get_future();
  call.context->core->ask([answer, group](FleetView& view) {
    Counted out;
    if (const GroupRecord* record = view.state.group(group)) {
      out.fit = view.baselines.fit(group).value_or(GroupFit());
      if (const PolicyVersion* policy = record->policy()) {
        out.files = policy->files;
        out.version = policy->version;
      }
    }
    answer->set_value(std::move(out));
  });
  if (asked.wait_for(kCoreAnswers) != std::future_status::ready) return;
  const Counted counted = asked.get();
  if (counted.fit) call.prepared = fit_document(group, counted);
}

ApiResponse show_fit(const ApiCall& call, FleetView& view) {
  if (!call.prepared.empty()) return answered(call.prepared);
  if (view.state.group(call.part("group")) != nullptr) {
    return api_error(503, {"", "the server is busy; try again"});
  }
  return api_error(404, {"group", "there is no group \"" + call.part("group") + "\""});
}

}  // namespace

void add_fit_routes(std::vector<ApiRoute>& routes) {
  routes.push_back({"GET",
                    "/api/v1/groups/{group}/fit",
                    "showFit",
                    Role::analyst,
                    "Which theta and d fit what the group's agents counted, by rule, and the "
                    "policy that would apply them",
                    "GroupFit",
                    {},
                    {},
                    nullptr,
                    prepare_fit,
                    show_fit});
}

}  // namespace doorward
