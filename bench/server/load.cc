// server-load: thousands of agents against one server, over real TLS (README.md).
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "bench/server/fake_server.h"
#include "bench/server/load_fleet.h"

namespace doorward {
namespace {

constexpr std::size_t kOtherFiles = 200;

/// Files that may be open: as many as the agents need, where the limit can be raised that far.
Status raise_file_limit(std::size_t files) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= files) return {};
  limit.rlim_cur = files;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, files);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return Error{"", "cannot open " + std::to_string(files) +
                       " files: raise the limit (ulimit -n), or take fewer agents"};
}

float at_share(const std::vector<float>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

void print_delays(const char* what, std::uint64_t acked, std::uint64_t sent, double seconds,
                  std::vector<float> delays) {
  std::sort(delays.begin(), delays.end());
  std::printf(
      "%s  %llu of %llu acknowledged, %.1f/s; Ack after %.1f ms (p50), %.1f ms (p99), "
      "%.1f ms (max)\n",
      what, static_cast<unsigned long long>(acked), static_cast<unsigned long long>(sent),
      seconds > 0 ? static_cast<double>(acked) / seconds : 0, at_share(delays, 0.5),
      at_share(delays, 0.99), delays.empty() ? 0.0F : delays.back());
}

void print(const LoadSettings& settings, const LoadResult& result) {
  const LoadCounts& counts = result.counts;
  if (result.enrolled != 0) {
    std::printf("enrolled   %zu agents in %.1f s, %.0f/s\n", result.enrolled, result.enrol_s,
                static_cast<double>(result.enrolled) / result.enrol_s);
  }
  std::printf("connected  %zu agents in %.1f s (begun over %.1f s)\n", settings.agents,
              result.connect_s, settings.connect_s);
  print_delays("deltas   ", counts.deltas_acked, counts.deltas_sent, result.sending_s,
               counts.delta_ms);
  print_delays("alerts   ", counts.alerts_acked, counts.alerts_sent, result.sending_s,
               counts.alert_ms);
  std::printf(
      "bytes      %.1f MB sent, %.1f MB received, TLS included; %llu patches, %llu "
      "policies\n",
      static_cast<double>(result.sent_bytes) / 1e6,
      static_cast<double>(result.received_bytes) / 1e6,
      static_cast<unsigned long long>(counts.patches),
      static_cast<unsigned long long>(counts.policies));
  if (settings.pid != 0) {
    std::printf(
        "server     %.0f MB with all connected, %.0f MB afterwards (most %.0f MB), %.2f "
        "cores while sending\n",
        static_cast<double>(result.idle.rss_bytes) / 1e6,
        static_cast<double>(result.after.rss_bytes) / 1e6,
        static_cast<double>(result.after.rss_peak_bytes) / 1e6,
        result.sending_s > 0 ? (result.after.cpu_s - result.before.cpu_s) / result.sending_s : 0);
  }
  std::printf("itself     %.0f MB, %.1f s CPU\n",
              static_cast<double>(usage_of(::getpid()).rss_peak_bytes) / 1e6,
              usage_of(::getpid()).cpu_s);
  std::printf("trouble    %llu refused, %llu RetryAfter\n",
              static_cast<unsigned long long>(counts.refused_items),
              static_cast<unsigned long long>(counts.retry_afters));
  for (const auto& [why, count] : counts.ends) {
    std::printf("           %llu x %s\n", static_cast<unsigned long long>(count), why.c_str());
  }
}

int run(LoadSettings settings, bool self_test) {
  const auto fail = [](const Error& error) {
    std::fprintf(stderr, "server-load: %s\n", error.message().c_str());
    return 1;
  };
  const std::size_t files = settings.agents * (self_test ? 2 : 1) + kOtherFiles;
  if (const Status limit = raise_file_limit(files); !limit) return fail(limit.error());
  std::unique_ptr<FakeServer> server;
  std::string folder = (std::filesystem::temp_directory_path() / "server-load-XXXXXX").string();
  if (self_test) {
    if (::mkdtemp(folder.data()) == nullptr) return fail({folder, "cannot make it"});
    auto started = FakeServer::start(folder);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    if (!started) return fail(started.error());
    server = std::move(started).value();
    settings.server = server->address();
    settings.token = server->token();
    settings.pid = ::getpid();
  }
  LoadFleet fleet(settings);
  if (const Status status = fleet.enrol(); !status) return fail(status.error());
  if (const Status status = fleet.connect(); !status) return fail(status.error());
  fleet.send();
  fleet.close();
  const LoadResult& result = fleet.result();
  print(settings, result);
  const LoadCounts& counts = result.counts;
  if (!settings.verify.empty()) {
    if (const Status written = fleet.write_expected(); !written) return fail(written.error());
    if (counts.forgotten != 0) {
      return fail({settings.server, std::to_string(counts.forgotten) + " deltas were forgotten"});
    }
  }
  const bool all =
      counts.deltas_acked + counts.alerts_acked == counts.deltas_sent + counts.alerts_sent;
  return all && counts.refused_items == 0 ? 0 : 3;
}

}  // namespace
}  // namespace doorward

int main(int argc, char** argv) {
  doorward::LoadSettings settings;
  bool self_test = false;
  CLI::App app{"Plays thousands of agents against one doorward-server, over real TLS."};
  app.add_option("--server", settings.server, "HOST:PORT")->capture_default_str();
  app.add_option("--agents", settings.agents)->capture_default_str();
  app.add_option("--token", settings.token,
                 "of `token create --uses N`, for those that must enrol");
  app.add_option("--identities", settings.identities,
                 "folder to keep identities in, for the next run");
  app.add_option("--enrol-at-a-time", settings.enrol_at_a_time)->capture_default_str();
  app.add_option("--connect-over", settings.connect_s, "seconds over which they connect")
      ->capture_default_str();
  app.add_option("--deltas", settings.deltas_s, "a second, of all together")->capture_default_str();
  app.add_option("--alerts", settings.alerts_s, "a second, of all together")->capture_default_str();
  app.add_option("--entries", settings.entries, "additions in a delta")->capture_default_str();
  app.add_option("--for", settings.for_s, "seconds of sending")->capture_default_str();
  app.add_option("--total-deltas", settings.deltas_most,
                 "sending ends when these and the alerts were sent");
  app.add_option("--total-alerts", settings.alerts_most);
  app.add_option("--reconnect-ms", settings.reconnect_ms)->capture_default_str();
  app.add_option("--verify", settings.verify,
                 "send again what is not acknowledged, and write the baseline of all deltas there")
      ->type_name("FILE");
  app.add_option("--patience", settings.patience_s, "seconds for enrolling, and for connecting")
      ->capture_default_str();
  app.add_option("--pid", settings.pid, "of the server, to measure it");
  app.add_option("--addresses", settings.addresses, "127.0.0.1 ... to connect from; 0: any")
      ->check(CLI::Range(0, 250))
      ->capture_default_str();
  app.add_option("--seed", settings.seed)->capture_default_str();
  app.add_flag("--self-test", self_test, "against a small server of its own");
  CLI11_PARSE(app, argc, argv);
  return doorward::run(settings, self_test);
}
