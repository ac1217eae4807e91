#include "server/fleet/fleet_state.h"

namespace doorward {

std::string_view role_name(Role role) {
  switch (role) {
    case Role::none:
      return "none";
    case Role::viewer:
      return "viewer";
    case Role::analyst:
      return "analyst";
    case Role::admin:
      return "admin";
  }
  return "none";
}

}  // namespace doorward
