// Frames as agents send them, with contents like those of real hosts.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "proto/identity.h"
#include "proto/wire.h"
#include "sketch/additions.h"

namespace doorward {

using LoadRandom = std::mt19937_64;

Frame load_enrol(const std::string& token, const Der& request, std::size_t number);
Frame load_hello(std::size_t number, std::uint64_t instance, std::uint64_t next_sequence);
Frame load_heartbeat(std::int64_t time_us, std::uint64_t policy, std::uint64_t generation);

/// About `entries` additions: most of them of the host's own few users and addresses, the others of
/// what the fleet has in common.
Additions load_additions(LoadRandom& random, std::size_t number, std::int64_t time_us,
                         std::size_t entries);
/// One delta of them.
Frame load_delta(const Additions& additions, std::uint64_t sequence, std::uint64_t key_name);

/// One alert, a document of about 1.5 kB.
Frame load_alert(LoadRandom& random, std::size_t number, std::uint64_t sequence,
                 std::int64_t time_us);

}  // namespace doorward
