#include "agent/daemon/state_saver.h"

#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "agent/memory.h"
#include "plugins/clock.h"
#include "plugins/program_log.h"

namespace doorward {
namespace {

namespace asio = boost::asio;

/// Encodes everything and writes it. What is encoded goes at once: a snapshot is as large as all
/// that the agent holds otherwise.
Result<std::uint64_t> write_snapshot(const StateKeeper& keeper, Baseline baseline,
                                     StateSections sections,
                                     const std::optional<FleetLearning::Image>& fleet,
                                     std::uint64_t head) {
  if (fleet) sections[kFleetSection] = fleet->encode();
  return keeper.save(std::move(baseline), std::move(sections), head);
}

}  // namespace

void StateSaver::begin(PipelineThread& pipeline, FleetLink* fleet) {
  pipeline_ = &pipeline;
  fleet_ = fleet;
}

void StateSaver::save() {
  if (saving_ || stopping_) return;
  saving_ = true;
  pipeline_->snapshot(
      fleet_ != nullptr && fleet_->take_seal_wish(), [this](PipelineThread::Snapshot snapshot) {
        // What was told before the snapshot was posted before it, and is in the spool when this
        // runs.
        auto shared = std::make_shared<PipelineThread::Snapshot>(std::move(snapshot));
        asio::post(io_, [this, shared] { write(std::move(*shared)); });
      });
}

void StateSaver::write(PipelineThread::Snapshot snapshot) {
  const std::uint64_t changes = snapshot.fleet ? snapshot.fleet->changes : 0;
  if (snapshot.lines == saved_lines_ && changes == saved_changes_) {
    // Nothing was read since; time alone changes nothing that is worth a write.
    return ready();
  }
  if (const Status synced = spool_->sync(); !synced) return saved(synced.error(), {});
  auto shared = std::make_shared<PipelineThread::Snapshot>(std::move(snapshot));
  asio::post(thread_, [this, shared, head = spool_->head()] {
    // Its memory is gone when this is.
    auto written = std::make_shared<Written>(
        Written{shared->lines, head, std::exchange(shared->fleet, std::nullopt)});
    const Result<std::uint64_t> bytes = write_snapshot(
        keeper_, std::move(shared->baseline), std::move(shared->sections), written->fleet, head);
    give_memory_back();
    asio::post(io_, [this, bytes, written] { saved(bytes, *written); });
  });
}

void StateSaver::saved(const Result<std::uint64_t>& bytes, const Written& written) {
  saving_ = false;
  if (!bytes) {
    // Said once; status and metrics go on counting.
    if (report_.failures++ == 0) {
      program_log::error("state not saved: " + bytes.error().message() +
                         "; after a restart lines are read again from where it was saved last");
    }
    return;
  }
  give_memory_back();
  report_.saved = clock_now();
  report_.bytes = bytes.value();
  saved_lines_ = written.lines;
  spool_head_ = written.head;
  spool_->keep_from(written.head);
  if (written.fleet) {
    saved_changes_ = written.fleet->changes;
    fleet_->saved(*written.fleet);
  }
  ready();
}

void StateSaver::ready() {
  saving_ = false;
  if (fleet_ != nullptr && fleet_->has_seal_wish()) save();
}

Status StateSaver::save_last(PipelineThread::Snapshot snapshot) {
  if (Status synced = spool_->sync(); !synced) return synced;
  const Result<std::uint64_t> bytes =
      write_snapshot(keeper_, std::move(snapshot.baseline), std::move(snapshot.sections),
                     snapshot.fleet, spool_->head());
  return bytes ? Status() : Status(bytes.error());
}

}  // namespace doorward
