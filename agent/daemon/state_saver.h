// Writes the state of a running agent: a snapshot of the pipeline, made there between two lines and
// written on another thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <optional>

#include "agent/daemon/fleet_link.h"
#include "agent/daemon/pipeline_thread.h"
#include "agent/daemon/state_keeper.h"
#include "plugins/delivery/spool.h"

namespace doorward {

/// For the main thread. One state is written at a time; a wish that comes meanwhile waits.
class StateSaver {
 public:
  struct Report {
    TimeUs saved = kNoTime;
    std::uint64_t bytes = 0;
    std::uint64_t failures = 0;
  };
  /// All outlive this. `spool_head`: of the state that was loaded.
  StateSaver(boost::asio::io_context& io, boost::asio::thread_pool& thread,
             const StateKeeper& keeper, std::uint64_t spool_head)
      : io_(io), thread_(thread), keeper_(keeper), spool_head_(spool_head) {}

  /// The spool in force; to be told anew when another is opened.
  void set_spool(Spool* spool) { spool_ = spool; }
  /// Once, before save(). `fleet`: null for none.
  void begin(PipelineThread& pipeline, FleetLink* fleet);

  /// Saves soon, unless a save is on its way or nothing has changed since the last one.
  void save();
  /// No further ones; the one on its way ends when the thread is joined.
  void stop() { stopping_ = true; }
  /// The last one, here and now. After stop(), with the thread joined.
  [[nodiscard]] Status save_last(PipelineThread::Snapshot snapshot);

  /// Place in the spool that belongs to the state that was saved last.
  [[nodiscard]] std::uint64_t spool_head() const { return spool_head_; }
  [[nodiscard]] const Report& report() const { return report_; }

 private:
  /// What is left of a snapshot when it is written.
  struct Written {
    std::uint64_t lines = 0;
    std::uint64_t head = 0;
    std::optional<FleetLearning::Image> fleet;
  };
  void write(PipelineThread::Snapshot snapshot);
  void saved(const Result<std::uint64_t>& bytes, const Written& written);
  void ready();

  boost::asio::io_context& io_;
  boost::asio::thread_pool& thread_;
  const StateKeeper& keeper_;
  Spool* spool_ = nullptr;
  PipelineThread* pipeline_ = nullptr;
  FleetLink* fleet_ = nullptr;
  Report report_;
  std::uint64_t spool_head_;
  bool saving_ = false;
  bool stopping_ = false;
  std::uint64_t saved_lines_ = UINT64_MAX;
  std::uint64_t saved_changes_ = 0;  // FleetLearning::Image::changes
};

}  // namespace doorward
