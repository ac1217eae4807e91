// The local sockets of a running agent: its control socket and the page for Prometheus.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "agent/daemon/daemon_settings.h"
#include "agent/daemon/local_service.h"
#include "agent/daemon/pipeline_thread.h"
#include "agent/daemon/status_report.h"

namespace doorward {

/// For the thread that runs the io_context. Questions go on to the pipeline's thread and their
/// answers come back, so that nothing here waits.
class Services {
 public:
  /// `daemon_status`: what the main thread knows of itself.
  Services(boost::asio::io_context& io, std::function<DaemonStatus()> daemon_status);

  /// Errors: a socket cannot be opened; another agent answers on it.
  Status open(const DaemonSettings& settings);
  /// Whom to ask, from now on. Before, and after stop_answering(), questions get an error.
  void serve(PipelineThread& pipeline) { pipeline_ = &pipeline; }
  void stop_answering() { pipeline_ = nullptr; }
  void close();

 private:
  void answer(const std::string& question, LocalService::Reply reply);
  void report(std::function<void(const StatusReport&)> done);

  boost::asio::io_context& io_;
  std::function<DaemonStatus()> daemon_status_;
  PipelineThread* pipeline_ = nullptr;
  std::unique_ptr<LocalService> control_;
  std::unique_ptr<LocalService> metrics_;
};

}  // namespace doorward
