#include "agent/truncation_guard.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <mutex>

namespace doorward {
namespace {

// A handler has no other way to reach them.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
thread_local volatile std::sig_atomic_t guarded = 0;
thread_local volatile std::sig_atomic_t pages_gone = 0;
std::uintptr_t page_bytes = 4096;
std::once_flag installed;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void on_bus_error(int number, siginfo_t* info, void* /*context*/) {
  const int before = errno;
  if (guarded != 0 && info->si_code == BUS_ADRERR) {
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    void* page = reinterpret_cast<void*>(address & ~(page_bytes - 1));  // NOLINT: an address
    if (mmap(page, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) == page) {
      pages_gone = pages_gone + 1;
      errno = before;
      return;
    }
  }
  // The end, once this handler returns.
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void install() {
  page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace

TruncationGuard::TruncationGuard() {
  std::call_once(installed, install);
  assert(guarded == 0);
  pages_gone = 0;
  guarded = 1;
}

TruncationGuard::~TruncationGuard() {
  guarded = 0;
}

int TruncationGuard::count() {
  return pages_gone;
}

}  // namespace doorward
