#include "plugins/sources/journald/trust.h"

#include <algorithm>
#include <span>

namespace doorward::journald {
namespace {

using authlog::Program;

/// Where Debian, Ubuntu, RHEL, SUSE and Arch put them. journald leaves " (deleted)" away.
constexpr std::string_view kSshdFiles[] = {
    "/usr/sbin/sshd",
    "/usr/bin/sshd",
    "/usr/lib/openssh/sshd-session",
    "/usr/lib/openssh/sshd-auth",
    "/usr/libexec/openssh/sshd-session",
    "/usr/libexec/openssh/sshd-auth",
    "/usr/lib/ssh/sshd-session",
    "/usr/lib/ssh/sshd-auth",
    "/usr/libexec/ssh/sshd-session",
    "/usr/libexec/ssh/sshd-auth",
    "/usr/libexec/sshd-session",
    "/usr/libexec/sshd-auth",
};
constexpr std::string_view kSudoFiles[] = {"/usr/bin/sudo"};
constexpr std::string_view kSuFiles[] = {"/usr/bin/su", "/bin/su"};
constexpr std::string_view kLoginFiles[] = {"/usr/bin/login", "/bin/login"};
constexpr std::string_view kGdmFiles[] = {
    "/usr/libexec/gdm-session-worker", "/usr/lib/gdm3/gdm-session-worker",
    "/usr/lib/gdm/gdm-session-worker", "/usr/lib/gdm-session-worker"};

// The kernel keeps 15 bytes of a command's name.
constexpr std::string_view kSshdCommands[] = {"sshd", "sshd-session", "sshd-auth"};
constexpr std::string_view kSudoCommands[] = {"sudo"};
constexpr std::string_view kSuCommands[] = {"su"};
constexpr std::string_view kLoginCommands[] = {"login"};
constexpr std::string_view kGdmCommands[] = {"gdm-session-wor"};

struct Expected {
  std::span<const std::string_view> files;
  std::span<const std::string_view> commands;
  bool any_user = false;  ///< logs with the uid of the user who called it
};

Expected expected_of(Program program) {
  switch (program) {
    case Program::sshd:
      return {kSshdFiles, kSshdCommands};
    case Program::sudo:
      return {kSudoFiles, kSudoCommands, true};
    case Program::su:
      return {kSuFiles, kSuCommands, true};
    case Program::login:
      return {kLoginFiles, kLoginCommands};
    case Program::gdm:
      return {kGdmFiles, kGdmCommands};
    case Program::logind:
    case Program::other:
      break;
  }
  return {};
}

bool is_one_of(std::string_view text, std::span<const std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// A number whose digits are not all 0.
bool has_any(std::string_view capabilities) {
  return capabilities.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

Trust trust_of(Program program, const TrustedFields& fields) {
  const Expected expected = expected_of(program);
  if (fields.transport != "syslog" || !is_one_of(fields.command, expected.commands)) {
    return Trust::none;
  }
  const bool gone = fields.executable.empty();
  if (!gone && !is_one_of(fields.executable, expected.files)) return Trust::none;
  const bool privileged = has_any(fields.capabilities);
  if (fields.uid == "0") return gone && !privileged ? Trust::none : Trust::own;
  if (fields.uid.empty()) return Trust::none;
  if (expected.any_user) return privileged ? Trust::own : Trust::none;
  return Trust::without_uid;
}

}  // namespace doorward::journald
