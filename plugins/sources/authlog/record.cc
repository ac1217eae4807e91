#include "plugins/sources/authlog/record.h"

#include "plugins/sources/authlog/text.h"

namespace doorward::authlog {
namespace {

/// Longest tag that is looked for. RFC 3164 says 32 bytes; paths are longer.
constexpr std::size_t kTagBytesMax = 128;

constexpr bool ends_tag(char c) {
  return c == '[' || (c <= ':' && (c == ':' || c == ' '));  // letters are above ':'
}

/// "tag[pid]: message" or "tag: message" or a message alone.
void read_tagged(std::string_view text, Record& record) {
  const std::size_t limit = std::min(text.size(), kTagBytesMax);
  std::size_t end = 0;
  while (end < limit && !ends_tag(text[end])) ++end;
  record.message = text;
  if (end == limit || text[end] == ' ' || end == 0) return;
  std::string_view rest = text.substr(end);
  if (take(rest, "[")) {
    // "gdm-password][12]:" has its bracket in the tag and is read as tag "gdm-password]".
    const std::optional<std::uint32_t> pid = take_number(rest);
    if (!take(rest, "]")) return;
    record.pid = pid.value_or(0);
  }
  if (!take(rest, ":")) return;
  take(rest, " ");
  record.tag = text.substr(0, end);
  record.message = rest;
  record.program = program_of(record.tag);
}

/// The next word of an RFC 5424 header; "-" is the empty value.
bool take_word(std::string_view& text, std::string_view& word) {
  const std::size_t end = text.find(' ');
  if (end == std::string_view::npos || end == 0) return false;
  word = text.substr(0, end);
  if (word == "-") word = {};
  text.remove_prefix(end + 1);
  return true;
}

/// Takes "-" or the [elements] of structured data, in whose values a backslash escapes.
bool take_structured_data(std::string_view& text) {
  if (take(text, "-")) return text.empty() || text[0] == ' ';
  if (!text.starts_with("[")) return false;
  std::size_t at = 0;
  while (at < text.size() && text[at] == '[') {
    bool quoted = false;
    for (++at; at < text.size(); ++at) {
      const char c = text[at];
      if (quoted && c == '\\') {
        ++at;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ']' && !quoted) {
        break;
      }
    }
    if (at >= text.size()) return false;
    ++at;
  }
  text.remove_prefix(at);
  return text.empty() || text[0] == ' ';
}

/// "HOST APP PROCID MSGID SD[ MSG]", after the stamp.
bool read_rfc5424(std::string_view text, Record& record) {
  std::string_view pid;
  std::string_view message_id;
  if (!take_word(text, record.host) || !take_word(text, record.tag) || !take_word(text, pid) ||
      !take_word(text, message_id) || !take_structured_data(text)) {
    return false;
  }
  take(text, " ");
  take(text, "\xEF\xBB\xBF");
  take(text, " ");  // rsyslog keeps the space that followed the tag in its message
  record.pid = read_number(pid).value_or(0);
  record.message = text;
  record.program = program_of(record.tag);
  return true;
}

/// The stamp reader takes "<PRI>1 " into the stamp of RFC 5424 lines and of no others.
bool is_rfc5424(std::string_view line) {
  if (!line.starts_with('<')) return false;
  const std::size_t end = line.substr(0, 5).find('>');
  return end != std::string_view::npos && line.substr(end + 1, 2) == "1 ";
}

}  // namespace

Program program_of(std::string_view tag) {
  switch (tag.size()) {
    case 2:
      if (tag == "su") return Program::su;
      break;
    case 4:
      if (tag == "sshd") return Program::sshd;
      if (tag == "sudo") return Program::sudo;
      if (tag == "su-l") return Program::su;
      break;
    case 5:
      if (tag == "login") return Program::login;
      break;
    case 9:
      if (tag == "sshd-auth") return Program::sshd;
      break;
    case 12:
      if (tag == "sshd-session") return Program::sshd;
      break;
    case 14:
      if (tag == "systemd-logind") return Program::logind;
      break;
    default:
      break;
  }
  if (tag.starts_with("gdm") && (tag.size() == 3 || tag[3] == '-' || tag[3] == ']')) {
    return Program::gdm;
  }
  return Program::other;
}

bool read_record(std::string_view line, std::size_t after_stamp, Record& record) {
  record.line = line;
  std::string_view text = line.substr(std::min(after_stamp, line.size()));
  take_end(text, "\r");  // files that went through Windows
  if (!take(text, " ")) return false;
  if (is_rfc5424(line)) return read_rfc5424(text, record);
  const std::size_t end = text.find(' ');
  if (end == std::string_view::npos) return false;
  if (end > 0 && text[end - 1] == ':') {
    // No host at all: the first word is the tag.
    read_tagged(text, record);
    return true;
  }
  record.host = text.substr(0, end);
  read_tagged(text.substr(end + 1), record);
  return true;
}

}  // namespace doorward::authlog
