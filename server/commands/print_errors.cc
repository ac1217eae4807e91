#include <cstdio>

#include "plugins/printable.h"
#include "server/commands/commands.h"

namespace doorward {

void print_server_errors(const std::vector<Error>& errors) {
  for (const Error& error : errors) {
    std::fprintf(stderr, "doorward-server: error: %s\n", printable(error.message()).c_str());
  }
}

}  // namespace doorward
