// The fleet's certificate authority, as the command line finds it beside no running server.
#pragma once

#include <optional>
#include <string>

#include "proto/identity.h"

namespace doorward {

/// Fingerprint of the authority's certificate in the data folder; nothing when there is none.
std::optional<Fingerprint> authority_of(const std::string& data_dir);

}  // namespace doorward
