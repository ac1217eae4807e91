#include "server/daemon/fit_duty.h"

#include <utility>

#include "plugins/program_log.h"
#include "server/manage/access.h"
#include "server/manage/fits.h"
#include "server/manage/policies.h"
#include "server/manage/policy_rules.h"

namespace doorward {
namespace {

/// Groups whose fit waits for the worker; further ones come in a later second.
constexpr std::size_t kFitsWaiting = 64;
constexpr const char* kFitBy = "server";

void apply(Core& core, const std::string& group, std::uint64_t after, PolicyFiles files,
           std::size_t rules) {
  PolicyWanted wanted{std::move(files), std::to_string(rules) + " rules fitted anew", after};
  core.change(
      [group, wanted](FleetView& view) -> Result<std::vector<LogEntry>> {
        const GroupRecord* known = view.state.group(group);
        const PolicyVersion* now = known == nullptr ? nullptr : known->policy();
        // Somebody was faster: their version is looked at the next time.
        if ((now == nullptr ? 0 : now->version) != wanted.after) return std::vector<LogEntry>();
        Managed managed = apply_policy(view.state, {kFitBy, view.now}, group, wanted);
        if (managed.refused != 0 || managed.entries.empty()) return std::vector<LogEntry>();
        AuditRecord record;
        record.number = view.state.audits() + 1;
        record.at = view.now;
        record.by = kFitBy;
        record.role = role_name(Role::admin);
        record.action = "baseline.fit";
        record.target = group;
        record.detail = managed.detail;
        record.from = "local";
        managed.entries.push_back(audit_entry(record));
        return std::move(managed.entries);
      },
      [group, rules](const Result<std::vector<Committed>>& result, FleetView&) {
        if (!result) {
          program_log::warning("group " + group +
                               ": the fit was not put in force: " + result.error().message());
        } else if (!result.value().empty() && result.value().front().place) {
          program_log::info("group " + group + ": theta and d of " + std::to_string(rules) +
                            " rules were fitted anew; policy history has it");
        }
      });
}

}  // namespace

FitDuty::FitDuty(Core& core) : core_(core), worker_(kFitsWaiting, kFitsWaiting * kFitBytesMax) {}

void FitDuty::second(FleetView& view) {
  if (view.settings.fit == "off") return;
  const Clock::time_point now = Clock::now();
  for (const auto& [name, group] : view.state.groups()) {
    const auto [due, is_new] = due_.try_emplace(name, started_ + kFitFirst);
    if (now < due->second) continue;
    due->second = now + kFitEvery;
    look(name, view);
  }
}

void FitDuty::look(const std::string& group, FleetView& view) {
  const GroupRecord* record = view.state.group(group);
  std::optional<GroupFit> counted = view.baselines.fit(group);
  if (record == nullptr || !counted || counted->counts.empty()) return;
  const PolicyVersion* policy = record->policy();
  auto files = policy == nullptr ? nullptr : policy->files;
  const std::uint64_t version = policy == nullptr ? 0 : policy->version;
  const bool applies = view.settings.fit == "apply";
  (void)worker_.post([&core = core_, group, counts = std::move(counted->counts), files, version,
                      applies, now = view.now] {
    FitProposal proposal = propose_fit(counts, files.get());
    if (proposal.overrides.empty()) return;
    std::size_t rules = 0;
    for (const RuleFit& rule : proposal.rules) rules += rule.changes ? 1 : 0;
    if (!applies) {
      program_log::info("group " + group + ": theta and d of " + std::to_string(rules) +
                        " rules fit its logs better than those in force; doorward-server "
                        "baseline fit --group " +
                        group + " shows them");
      return;
    }
    if (!proposal.by_hand.empty()) {
      program_log::warning("group " + group +
                           ": the fit was not put in force: " + proposal.by_hand);
      return;
    }
    const PolicyReview review = review_files(proposal.files, now);
    if (!review.mistakes.empty()) {
      program_log::warning("group " + group +
                           ": the fit was not put in force: " + review.mistakes.front().message());
      return;
    }
    apply(core, group, version, std::move(proposal.files), rules);
  });
}

}  // namespace doorward
