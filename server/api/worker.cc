#include "server/api/worker.h"

namespace doorward {

ApiWorker::~ApiWorker() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool ApiWorker::post(std::function<void()> work, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (stop_ || works_.size() >= works_max_ || bytes > bytes_max_ - bytes_) return false;
  bytes_ += bytes;
  works_.push_back({std::move(work), bytes});
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  wake_.notify_one();
  return true;
}

void ApiWorker::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stop_ || !works_.empty(); });
    if (stop_) return;
    Work work = std::move(works_.front());
    works_.pop_front();
    lock.unlock();
    work.run();
    work.run = nullptr;
    lock.lock();
    bytes_ -= work.bytes;
  }
}

}  // namespace doorward
