// Lines of PAM modules: "pam_unix(sudo:auth): authentication failure; ... user=root".
#pragma once

#include <optional>
#include <string_view>

namespace doorward::authlog {

struct PamLine {
  std::string_view module;   ///< "pam_unix"
  std::string_view service;  ///< "sudo", "su-l", "gdm-password"
  std::string_view type;     ///< "auth", "session", ...
  std::string_view text;     ///< what follows the colon
};

/// Takes a PAM line apart; nullopt when the message is none.
std::optional<PamLine> read_pam(std::string_view message);

/// "authentication failure; logname=L uid=N euid=N tty=T ruser=R rhost=H  user=U".
struct PamFailure {
  std::string_view remote_user;  ///< ruser: who asked (sudo, su); may be empty
  std::string_view remote_host;  ///< rhost; may be empty
  std::string_view user;         ///< as whom; empty when there is no such account
  bool has_user = false;         ///< "user=" stands there; the name may still be empty
  bool of_unix = false;          ///< told by pam_unix, which names only users that exist

  [[nodiscard]] bool no_account() const { return of_unix && !has_user; }
};
/// nullopt when the line tells of no failed authentication.
std::optional<PamFailure> read_pam_failure(const PamLine& line);

/// Who asked, of "authentication ...; logname=L uid=N euid=N tty=T ruser=R rhost=H user=U": ruser,
/// or user where that is empty.
std::string_view read_pam_person(const PamLine& line);

/// "session opened for user TARGET(uid=N) by PERSON(uid=N)".
struct PamSession {
  std::string_view target;
  std::string_view person;  ///< "root" where the line has only its uid 0; may be empty
};
/// nullopt when the line tells of no session that begins.
std::optional<PamSession> read_pam_session(const PamLine& line);

}  // namespace doorward::authlog
