// Connecting to a socket of this host.
#pragma once

#include <sys/un.h>

#include <string>

namespace doorward {

/// The address of a path; false when it is too long for one.
bool unix_address(const std::string& path, sockaddr_un& address);

/// Connects a stream socket. The descriptor, which the caller closes; -1 with errno.
int connect_unix(const std::string& path);

}  // namespace doorward
