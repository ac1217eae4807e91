// The authority as the sessions want it.
#pragma once

#include <cstdint>
#include <memory>

#include "server/authority/authority.h"
#include "server/session/agent_sessions.h"

namespace doorward {

/// Issues certificates that are good for so many days.
inline auto issue_with(std::shared_ptr<const Authority> authority, std::int64_t days) {
  return [authority, days](std::span<const std::uint8_t> request, const std::string& agent,
                           TimeUs now) -> Result<IssuedCertificate> {
    const Result<Certificate> made = authority->issue(request, agent, static_cast<int>(days), now);
    if (!made) return made.error();
    Result<Der> der = der_of(made.value());
    if (!der) return der.error();
    const Result<std::int64_t> ends = not_after(made.value().get());
    if (!ends) return ends.error();
    return IssuedCertificate{std::move(der).value(), serial_of(made.value().get()), ends.value()};
  };
}

}  // namespace doorward
