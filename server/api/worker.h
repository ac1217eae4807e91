// A thread for what takes long, so that those who answer need not wait for it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>

namespace doorward {

/// Does one work after the other. The destructor finishes the one that runs and drops the others;
/// it may come from a work itself, which then is the last.
class ApiWorker {
 public:
  ApiWorker(std::size_t works_max, std::size_t bytes_max);
  ~ApiWorker();
  ApiWorker(const ApiWorker&) = delete;
  ApiWorker& operator=(const ApiWorker&) = delete;

  /// From any thread. False, and nothing will be done: too much waits. `bytes`: that it holds.
  bool post(std::function<void()> work, std::size_t bytes = 0);

 private:
  struct State;
  static void loop(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
  std::thread thread_;  // begins with the first work
};

}  // namespace doorward
