#include "agent/memory.h"

#if defined(DOORWARD_MIMALLOC) && DOORWARD_MIMALLOC
#include <mimalloc.h>
#define DOORWARD_HAS_MIMALLOC 1
#endif

namespace doorward {

void keep_little_memory() {
#if defined(DOORWARD_HAS_MIMALLOC)
#if MI_MALLOC_VERSION < 210
  mi_option_set(mi_option_page_reset, 1);
  mi_option_set(mi_option_segment_decommit_delay, 0);
  mi_option_set(mi_option_decommit_delay, 0);
#else
  mi_option_set(mi_option_purge_delay, 0);
#endif
#endif
}

void give_memory_back() {
#if defined(DOORWARD_HAS_MIMALLOC)
  mi_collect(true);
#endif
}

}  // namespace doorward
