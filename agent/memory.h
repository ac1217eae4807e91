// The agent's memory, as its host sees it.
#pragma once

namespace doorward {

/// Once, before other threads: what is freed from now on goes back to the system at once, instead
/// of being kept for the next time. For the daemon, whose hot path allocates nothing and whose
/// saves and rounds take and free megabytes now and then.
void keep_little_memory();

/// Gives what the calling thread has freed, and what others have freed of it, back to the system.
/// Some tenths of a millisecond; not for the pipeline's hot path.
void give_memory_back();

}  // namespace doorward
