// All simulated agents: enrols them, connects them, lets them send.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/server/load_agent.h"
#include "bench/server/load_identities.h"
#include "bench/server/load_settings.h"
#include "bench/server/process_usage.h"
#include "sketch/result.h"

namespace doorward {

struct LoadResult {
  double enrol_s = 0;
  std::size_t enrolled = 0;
  double connect_s = 0;  ///< from the first connection to the last Welcome
  double sending_s = 0;
  ProcessUsage idle;           ///< all connected, nothing sent yet
  ProcessUsage before, after;  ///< of sending
  std::uint64_t received_bytes = 0, sent_bytes = 0;
  LoadCounts counts;
};

class LoadFleet {
 public:
  explicit LoadFleet(const LoadSettings& settings) : settings_(settings), random_(settings.seed) {}

  Status enrol();
  Status connect();
  /// Sends for as long as was asked, then waits for what is not acknowledged.
  void send();
  void close();
  /// To verify: the baseline that all deltas together make, which the server's must equal.
  Status write_expected() const;
  [[nodiscard]] const LoadResult& result();

 private:
  struct Enrolment;
  void enrol_next(LoadIdentities& identities, std::size_t total);
  /// Runs until `done`, or time is up; looks after the agents and tells of the progress.
  bool run(const std::string& what, double limit_s, const std::function<bool()>& done,
           const std::function<void()>& tick);
  void tell(const std::string& what, double passed_s, bool last);
  [[nodiscard]] std::string from_of(std::size_t number) const;
  void look_after();
  void send_due(double passed_s);

  LoadSettings settings_;
  LoadRandom random_;
  boost::asio::io_context io_{1};
  std::shared_ptr<WireTls> stranger_;
  LoadIdentities identities_;
  std::vector<std::shared_ptr<LoadAgent>> agents_;
  LoadResult result_;
  LoadCounts& counts_ = result_.counts;
  std::size_t enrolling_ = 0;
  std::size_t next_number_ = 0;
  std::string failed_;
  std::map<std::string, std::uint64_t> enrol_ends_;
  LoadClock::time_point began_, enrol_at_;
  std::vector<double> connect_times_;
  std::size_t connect_begun_ = 0;
  std::size_t turn_ = 0;
  std::size_t heartbeat_turn_ = 0;
};

}  // namespace doorward
