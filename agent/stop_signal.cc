#include "agent/stop_signal.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <csignal>

namespace doorward {
namespace {

// A handler has no other way to reach them.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
volatile std::sig_atomic_t came_flag = 0;
std::array<int, 2> wake_pipe = {-1, -1};
std::array<struct sigaction, 2> before;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

constexpr std::array<int, 2> kSignals = {SIGINT, SIGTERM};

void note(int /*signal*/) {
  came_flag = 1;
  const char byte = 0;
  // Full only when it was written before.
  [[maybe_unused]] const ssize_t written = write(wake_pipe[1], &byte, 1);
}

}  // namespace

StopSignal::StopSignal() {
  assert(wake_pipe[0] < 0);
  came_flag = 0;
  if (pipe2(wake_pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) wake_pipe = {-1, -1};
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before[i]);
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before[i], nullptr);
  for (int& end : wake_pipe) {
    if (end >= 0) close(end);
    end = -1;
  }
}

bool StopSignal::came() {
  return came_flag != 0;
}

void StopSignal::wait(int descriptor, int wait_ms) {
  // A negative descriptor is passed over by poll().
  std::array<pollfd, 2> what = {pollfd{wake_pipe[0], POLLIN, 0}, pollfd{descriptor, POLLIN, 0}};
  poll(what.data(), what.size(), wait_ms);
}

}  // namespace doorward
