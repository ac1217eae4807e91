// The agent's memory, as its host sees it.
#pragma once

namespace doorward {

/// Gives what the calling thread has freed back to the system at once, instead of when the
/// allocator comes round to it. Some tenths of a millisecond; not for the pipeline's hot path.
void give_memory_back();

}  // namespace doorward
