// Enrolment: a token becomes an identity.
#pragma once

#include <chrono>
#include <string>

#include "agent/fleet/identity_files.h"
#include "agent/fleet/limits.h"

namespace doorward {

struct Enrolment {
  std::string server;  ///< "host:port", "[2001:db8::1]:7443"
  std::string token;   ///< as `doorward-server token create` printed it
  std::string host_name;
  std::string version;
  std::chrono::milliseconds time = kWelcomeMax;
};

struct EnrolledAs {
  FleetIdentity identity;
  std::string group;
};

/// Makes a key, which never leaves this host, and has the server certify it. The server has to show
/// a chain up to the authority that the token names, before the token is shown to it. Waits.
/// Errors: the token is none, the server cannot be reached or is another, the server's reason.
Result<EnrolledAs> enrol(const Enrolment& enrolment);

}  // namespace doorward
