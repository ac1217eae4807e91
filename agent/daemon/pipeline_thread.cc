#include "agent/daemon/pipeline_thread.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <utility>

#include "agent/memory.h"
#include "agent/options.h"
#include "plugins/ecs_document.h"

namespace doorward {
namespace {

constexpr TimeUs kTickUs = kSecondUs;

/// Signals are for the other thread.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

/// Makes documents of what the pipeline says.
class PipelineThread::Sender final : public PipelineSink {
 public:
  explicit Sender(const Hooks& hooks) : hooks_(hooks) {}

  void on_alert(const Alert& alert) override {
    SentDocument document;
    document.score = alert.score;
    document.id = alert_id(alert.event, *alert.primary.rule);
    append_alert_document(alert, document.text);
    hooks_.send(std::move(document));
  }
  void on_update(const AlertUpdate& update) override {
    SentDocument document;
    document.kind = DocumentKind::update;
    document.score = update.score;
    document.occurrences = update.occurrences;
    document.id = update.id;
    append_update_document(update, document.text);
    hooks_.send(std::move(document));
  }
  void on_summary(const AlertSummary& summary) override {
    SentDocument document;
    document.kind = DocumentKind::summary;
    document.score = summary.score;
    document.id = summary.id;
    append_summary_document(summary, document.text);
    hooks_.send(std::move(document));
  }

 private:
  const Hooks& hooks_;
};

PipelineThread::PipelineThread(Hooks hooks)
    : hooks_(std::move(hooks)),
      sender_(std::make_unique<Sender>(hooks_)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

PipelineThread::~PipelineThread() {
  stop();
  if (wake_ >= 0) close(wake_);
}

void PipelineThread::start(std::unique_ptr<Engine> engine, Baseline baseline,
                           StateSections sections, std::unique_ptr<FleetLearning> learning) {
  assert(!engine_ && !thread_.joinable());
  engine_ = std::move(engine);
  baseline_.emplace(std::move(baseline));
  sections_ = std::move(sections);
  learning_ = std::move(learning);
  thread_ = std::thread([this] {
    block_signals();
    pthread_setname_np(pthread_self(), "pipeline");
    if (learning_) {
      learning_->attach(*baseline_);
      engine_->join_fleet();
    }
    engine_->start(*baseline_, *sender_, sections_, clock_now());
    sections_.clear();
    run();
  });
}

void PipelineThread::run() {
  engine_->look();
  while (!stopping_.load(std::memory_order_relaxed)) {
    beats_.fetch_add(1, std::memory_order_relaxed);
    const std::size_t lines = learning_ ? kFleetLinesPerSlice : kLinesPerSlice;
    bool more = engine_->read(lines, clock_now());
    // After reading, so that who asks is told what the last look at the logs found.
    if (has_posted_.load(std::memory_order_acquire)) {
      do_posted();
      more = true;  // another engine may have been put in, which has not read yet
    }
    if (learning_ && learning_->full()) seal();
    const TimeUs now = clock_now();
    if (ticked_ == kNoTime || now - ticked_ >= kTickUs || now < ticked_) {
      ticked_ = now;
      engine_->tick(now);
      tell();
    }
    wait(more);
  }
  // Whoever still waits for an answer gets one.
  do_posted();
}

/// Waits until a log may have grown, somebody wants something, or a second has passed.
void PipelineThread::wait(bool more) {
  descriptors_.clear();
  engine_->add_descriptors(descriptors_);
  waited_for_.assign(1, {wake_, POLLIN, 0});
  for (const int descriptor : descriptors_) waited_for_.push_back({descriptor, POLLIN, 0});
  const int wait_ms = engine_->wait_ms();
  poll(waited_for_.data(), waited_for_.size(), more ? 0 : wait_ms);
  if ((waited_for_.front().revents & POLLIN) != 0) {
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_, &ignored, sizeof ignored);
  }
  const bool noticed = std::any_of(waited_for_.begin() + 1, waited_for_.end(),
                                   [](const pollfd& one) { return one.revents != 0; });
  const auto now = std::chrono::steady_clock::now();
  const bool due = now - looked_ >= std::chrono::milliseconds(wait_ms);
  if (!noticed && !due) return;
  if (now - looked_ < kLookPause) std::this_thread::sleep_until(looked_ + kLookPause);
  engine_->look();
  looked_ = std::chrono::steady_clock::now();
}

void PipelineThread::tell() {
  std::vector<Error> errors = engine_->take_errors();
  std::vector<std::string> news = engine_->take_news();
  if (!errors.empty() || !news.empty()) hooks_.say(std::move(errors), std::move(news));
}

void PipelineThread::post(Work work) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
    has_posted_.store(true, std::memory_order_release);
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

void PipelineThread::do_posted() {
  std::vector<Work> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(posted_);
    has_posted_.store(false, std::memory_order_release);
  }
  for (const Work& one : work) one();
}

void PipelineThread::status(std::function<void(PipelineStatus)> done) {
  post([this, done = std::move(done)] {
    PipelineStatus status = engine_->status();
    if (learning_) status.open_additions = learning_->status().open_entries;
    done(std::move(status));
  });
}

void PipelineThread::explain(std::string rule, std::vector<std::string> pairs, bool text,
                             std::function<void(Result<std::string>)> done) {
  post([this, rule = std::move(rule), pairs = std::move(pairs), text, done = std::move(done)] {
    done(engine_->explain(rule, pairs, text, clock_now()));
  });
}

PipelineThread::Snapshot PipelineThread::take_snapshot() const {
  Snapshot snapshot{baseline_->copy(), {}, engine_->lines(), std::nullopt};
  engine_->save(snapshot.sections);
  if (learning_) snapshot.fleet.emplace(learning_->image());
  return snapshot;
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): it does not see the map own them

void PipelineThread::snapshot(bool seal_first, std::function<void(Snapshot)> done) {
  post([this, seal_first, done = std::move(done)] {
    if (seal_first && learning_) {
      seal();
      learning_->number();
    }
    done(take_snapshot());
    // Of the snapshot before, which others have freed since, and of packing what was sealed.
    give_memory_back();
  });
}

void PipelineThread::with_learning(FleetWork work) {
  post([this, work = std::move(work)] {
    if (!learning_) return;
    work(*learning_, *baseline_, *engine_);
    give_memory_back();
  });
}

void PipelineThread::seal() {
  const std::uint64_t bytes = engine_->bytes();
  learning_->seal(engine_->take_sightings(), bytes - std::min(bytes, sealed_bytes_),
                  engine_->take_fit());
  sealed_bytes_ = bytes;
}

void PipelineThread::replace(std::unique_ptr<Engine> engine, std::function<void()> done) {
  // std::function wants what it holds to be copyable.
  post([this, next = std::make_shared<std::unique_ptr<Engine>>(std::move(engine)),
        done = std::move(done)] {
    StateSections sections;
    engine_->hand_over_to(**next);
    engine_->save(sections);
    tell();
    engine_ = std::move(*next);
    sealed_bytes_ = 0;
    if (learning_) engine_->join_fleet();
    engine_->start(*baseline_, *sender_, sections, clock_now());
    engine_->look();
    tell();
    done();
  });
}

std::optional<PipelineThread::Snapshot> PipelineThread::stop() {
  if (!thread_.joinable()) return std::nullopt;
  stopping_ = true;
  post([] {});
  thread_.join();
  tell();
  Snapshot last = take_snapshot();
  engine_.reset();
  return last;
}

}  // namespace doorward
