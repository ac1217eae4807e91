// The page of metrics for Prometheus.
#include "plugins/prometheus_page.h"
#include "server/api/answers.h"

namespace doorward {
namespace {

void agent_metrics(PrometheusPage& page, const FleetView& view) {
  std::uint64_t connected = 0;
  std::uint64_t revoked = 0;
  std::uint64_t refusing = 0;
  std::uint64_t pending = 0;
  std::uint64_t clones = 0;
  for (const auto& [id, live] : view.live) {
    if (live.connected) ++connected;
    if (live.connected && live.report.policy_refused != 0) ++refusing;
    if (live.connected) pending += live.report.pending_deltas;
    clones += live.clones;
  }
  for (const auto& [id, agent] : view.state.agents()) revoked += agent.revoked ? 1 : 0;
  page.family("agents", "gauge", "Agents, by state.")
      .sample(view.state.agents().size() - revoked, "state", "enrolled")
      .sample(connected, "state", "connected")
      .sample(revoked, "state", "revoked")
      .sample(refusing, "state", "refuses_policy");
  page.family("agents_pending_deltas", "gauge", "Deltas that connected agents still hold.")
      .sample(pending);
  page.family("agents_clones_total", "counter", "Times that an identity came from two machines.")
      .sample(clones);
}

void log_metrics(PrometheusPage& page, const ApiContext& context, FleetView& view) {
  page.family("core_waiting", "gauge", "Changes that wait for the log.")
      .sample(static_cast<std::uint64_t>(context.core->waiting()));
  page.family("log_trouble", "gauge", "1: the log cannot be written to.")
      .sample(context.core->trouble().empty() ? 0.0 : 1.0);
  page.family("log_folded_place", "gauge", "Place of the last entry taken in.")
      .sample(view.state.folded());
  if (const auto sizes = view.log.sizes()) {
    page.family("database_bytes", "gauge", "Bytes of the database on disk.")
        .sample(sizes.value().bytes);
    page.family("log_entries", "gauge", "Entries of the log.").sample(sizes.value().entries);
  }
  if (const auto alerts = view.alerts.counts()) {
    page.family("alerts_stored", "gauge", "Alerts that are stored.").sample(alerts.value().alerts);
    page.family("alerts_open", "gauge", "Alerts without a verdict.").sample(alerts.value().open);
  }
}

void event_metrics(PrometheusPage& page, const ApiCounts& counts) {
  page.family("deltas_total", "counter", "Deltas taken in since the start.")
      .sample(counts.deltas.load());
  page.family("rounds_total", "counter", "Rounds closed since the start.")
      .sample(counts.rounds.load());
  page.family("alerts_total", "counter", "Alerts and updates taken in since the start.")
      .sample(counts.alerts.load());
  page.family("enrolments_total", "counter", "Enrolments since the start.")
      .sample(counts.enrolments.load());
  page.family("revocations_total", "counter", "Revocations since the start.")
      .sample(counts.revocations.load());
  page.family("verdicts_total", "counter", "Verdicts given since the start.")
      .sample(counts.verdicts[1].load(), "verdict", "true_positive")
      .sample(counts.verdicts[2].load(), "verdict", "false_positive")
      .sample(counts.verdicts[3].load(), "verdict", "benign");
  page.family("api_requests_total", "counter", "Requests that came to a route.")
      .sample(counts.requests.load());
  page.family("api_changes_total", "counter", "Changes made over the API.")
      .sample(counts.changes.load());
  page.family("api_refused_total", "counter", "Requests refused, by reason.")
      .sample(counts.forbidden.load(), "reason", "role")
      .sample(counts.refused.load(), "reason", "change");
  page.family("audit_left_out_total", "counter", "Refused tries that are not in the trail.")
      .sample(counts.audits_left_out.load());
}

}  // namespace

std::string fleet_metrics(const ApiContext& context, FleetView& view) {
  std::string out;
  PrometheusPage page(out, "doorward_server_");
  agent_metrics(page, view);
  log_metrics(page, context, view);
  const std::vector<GroupBaselineStatus> groups = view.baselines.status();
  page.family("generation", "gauge", "Newest generation of a group's baseline.");
  for (const auto& g : groups) page.sample(g.generation, "group", g.group);
  page.family("baseline_false_seen_probability", "gauge",
              "Probability that a pair never seen reads as seen.");
  for (const auto& g : groups) page.sample(g.fill.pairs.false_seen, "group", g.group);
  page.family("baseline_refused_entries_total", "counter", "Additions beyond an agent's share.");
  for (const auto& g : groups) page.sample(g.refused_entries, "group", g.group);
  event_metrics(page, context.counts);
  page.family("start_time_seconds", "gauge", "When the API started.")
      .sample(static_cast<double>(context.started) / static_cast<double>(kSecondUs));
  return out;
}

}  // namespace doorward
