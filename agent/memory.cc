#include "agent/memory.h"

// Not there under sanitizers, which bring an allocator of their own.
extern "C" __attribute__((weak)) void mi_collect(bool force);

namespace doorward {

void give_memory_back() {
  if (mi_collect != nullptr) mi_collect(true);
}

}  // namespace doorward
