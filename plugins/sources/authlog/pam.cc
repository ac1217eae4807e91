#include "plugins/sources/authlog/pam.h"

#include "plugins/sources/authlog/text.h"

namespace doorward::authlog {
namespace {

/// The value of " name=" in a list of name=value, up to the next space; empty when it is not there.
std::string_view value_of(std::string_view list, std::string_view name) {
  const std::size_t at = list.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = list.substr(at + name.size());
  return rest.substr(0, rest.find(' '));
}

/// "alice(uid=1000)" or "alice".
std::string_view without_uid(std::string_view name) {
  return name.ends_with(')') ? name.substr(0, name.rfind("(uid=")) : name;
}

}  // namespace

std::optional<PamLine> read_pam(std::string_view message) {
  if (!message.starts_with("pam_")) return std::nullopt;
  // All of the head is the module's and the administrator's: none of it is typed by who logs on.
  const std::size_t open = message.find('(');
  const std::size_t close = message.find("): ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  const std::string_view inside = message.substr(open + 1, close - open - 1);
  const std::size_t colon = inside.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return PamLine{message.substr(0, open), inside.substr(0, colon), inside.substr(colon + 1),
                 message.substr(close + 3)};
}

std::optional<PamFailure> read_pam_failure(const PamLine& line) {
  std::string_view text = line.text;
  if (line.type != "auth" || !take(text, "authentication failure; ")) return std::nullopt;
  PamFailure failure;
  failure.of_unix = line.module == "pam_unix";
  failure.remote_user = value_of(text, " ruser=");
  failure.remote_host = value_of(text, " rhost=");
  // The name is what was typed. It is the last value, so it runs to the end, whatever it holds, and
  // the first " user=" begins it: everything before was set by the program that asks PAM.
  if (const std::size_t at = text.find(" user="); at != std::string_view::npos) {
    failure.user = text.substr(at + 6);
    failure.has_user = true;
  }
  return failure;
}

std::string_view read_pam_person(const PamLine& line) {
  const std::string_view person = value_of(line.text, " ruser=");
  return person.empty() ? value_of(line.text, " user=") : person;
}

std::optional<PamSession> read_pam_session(const PamLine& line) {
  std::string_view text = line.text;
  if (line.type != "session" || !take(text, "session opened for user ")) return std::nullopt;
  // Sessions open for accounts that exist; " by " of the module is the last one.
  const std::size_t by = text.rfind(" by ");
  PamSession session;
  session.target = without_uid(text.substr(0, by));
  if (by != std::string_view::npos) {
    const std::string_view person = text.substr(by + 4);
    session.person = person == "(uid=0)" ? "root" : without_uid(person);
  }
  return session;
}

}  // namespace doorward::authlog
