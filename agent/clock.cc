#include "agent/clock.h"

#include <chrono>

namespace doorward {

TimeUs clock_now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace doorward
