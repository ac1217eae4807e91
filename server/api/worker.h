// A thread for what takes long, so that those who answer need not wait for it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace doorward {

/// Does one work after the other. The destructor finishes the one that runs and drops the others.
class ApiWorker {
 public:
  ApiWorker(std::size_t works_max, std::size_t bytes_max)
      : works_max_(works_max), bytes_max_(bytes_max) {}
  ~ApiWorker();
  ApiWorker(const ApiWorker&) = delete;
  ApiWorker& operator=(const ApiWorker&) = delete;

  /// From any thread. False, and nothing will be done: too much waits. `bytes`: that it holds.
  bool post(std::function<void()> work, std::size_t bytes = 0);

 private:
  struct Work {
    std::function<void()> run;
    std::size_t bytes = 0;
  };
  void loop();

  std::size_t works_max_;
  std::size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> works_;
  std::size_t bytes_ = 0;  // of those that wait, and of the one that runs
  bool stop_ = false;
  std::thread thread_;  // begins with the first work
};

}  // namespace doorward
