// Identities of simulated agents, in two files of a folder, so that they need not enrol each time.
#pragma once

#include <string>
#include <vector>

#include "proto/identity.h"
#include "sketch/result.h"

namespace doorward {

struct LoadIdentity {
  PrivateKey key;
  Certificate certificate;
};

struct LoadIdentities {
  Certificate authority;  ///< null when there are none
  std::vector<LoadIdentity> agents;
};

/// Those that write_identities() left; none when the folder has none.
Result<LoadIdentities> read_identities(const std::string& folder);
/// FOLDER/authority.crt and FOLDER/agents.pem (0600).
Status write_identities(const std::string& folder, const LoadIdentities& identities);

}  // namespace doorward
