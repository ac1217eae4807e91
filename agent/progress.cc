#include "agent/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace doorward {
namespace {
constexpr auto kRedraw = std::chrono::milliseconds(200);
constexpr int kBarWidth = 24;
}  // namespace

Progress::Progress(const InputSet& inputs, bool quiet)
    : inputs_(inputs), shown_(!quiet && isatty(STDERR_FILENO) != 0) {}

void Progress::tick() {
  if (!shown_) return;
  const Clock::time_point now = Clock::now();
  if (now - drawn_at_ < kRedraw) return;
  drawn_at_ = now;
  drawn_ = true;
  const double spent = std::chrono::duration<double>(now - start_).count();
  const auto done = static_cast<double>(inputs_.bytes_consumed());
  const auto total = static_cast<double>(inputs_.bytes_total());
  const double rate = static_cast<double>(inputs_.lines()) / spent;
  if (total <= 0) {
    std::fprintf(stderr, "\r%llu lines, %.2f M lines/s\033[K",
                 static_cast<unsigned long long>(inputs_.lines()), rate / 1e6);
    return;
  }
  const double share = std::min(1.0, done / total);
  const auto filled = static_cast<std::size_t>(share * kBarWidth);
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  const double left = share > 0 ? spent * (1 - share) / share : 0;
  std::fprintf(stderr, "\r[%s] %3.0f %%  %.2f M lines/s  %.0f s left\033[K", bar.c_str(),
               share * 100, rate / 1e6, left);
}

void Progress::finish() {
  end_ = Clock::now();
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::resume() {
  start_ += Clock::now() - end_;
}

double Progress::seconds() const {
  return std::chrono::duration<double>(end_ - start_).count();
}

}  // namespace doorward
