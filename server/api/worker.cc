#include "server/api/worker.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace doorward {

struct ApiWorker::State {
  struct Work {
    std::function<void()> run;
    std::size_t bytes = 0;
  };
  std::size_t works_max = 0;
  std::size_t bytes_max = 0;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Work> works;
  std::size_t bytes = 0;  // of those that wait, and of the one that runs
  bool stop = false;
};

ApiWorker::ApiWorker(std::size_t works_max, std::size_t bytes_max)
    : state_(std::make_shared<State>()) {
  state_->works_max = works_max;
  state_->bytes_max = bytes_max;
}

ApiWorker::~ApiWorker() {
  std::deque<State::Work> dropped;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    dropped.swap(state_->works);
  }
  state_->wake.notify_all();
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();  // ends as soon as the work returns
  } else {
    thread_.join();
  }
}

bool ApiWorker::post(std::function<void()> work, std::size_t bytes) {
  const std::lock_guard lock(state_->mutex);
  State& state = *state_;
  if (state.stop || state.works.size() >= state.works_max ||
      bytes > state.bytes_max - state.bytes) {
    return false;
  }
  state.bytes += bytes;
  state.works.push_back({std::move(work), bytes});
  if (!thread_.joinable()) thread_ = std::thread([kept = state_] { loop(kept); });
  state.wake.notify_one();
  return true;
}

void ApiWorker::loop(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->wake.wait(lock, [&] { return state->stop || !state->works.empty(); });
    if (state->stop) return;
    State::Work work = std::move(state->works.front());
    state->works.pop_front();
    lock.unlock();
    work.run();
    work.run = nullptr;  // what it holds goes, which may be the ApiWorker
    lock.lock();
    state->bytes -= work.bytes;
  }
}

}  // namespace doorward
