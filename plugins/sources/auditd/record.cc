#include "plugins/sources/auditd/record.h"

#include <algorithm>
#include <utility>

namespace doorward::auditd {
namespace {

constexpr auto kNpos = std::string_view::npos;
constexpr char kEnriched = '\x1d';

bool to_number(std::string_view text, std::uint32_t& number) {
  if (text.empty() || text.size() > 10) return false;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > 0xFFFFFFFF) return false;
  number = static_cast<std::uint32_t>(value);
  return true;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool is_hex(std::string_view text) {
  return !text.empty() && text.size() % 2 == 0 &&
         std::all_of(text.begin(), text.end(), [](char c) { return hex_digit(c) >= 0; });
}

std::string_view from_hex(std::string_view hex, NameBuffer& buffer, bool& cut) {
  const std::size_t size = std::min(hex.size() / 2, buffer.size());
  cut = cut || size != hex.size() / 2;
  for (std::size_t i = 0; i < size; ++i) {
    buffer[i] = static_cast<char>(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
  }
  return {buffer.data(), size};
}

/// One key=value from the left. Values in quotes end at the next quote, others at the next space;
/// words without '=' have no key. The quotes stay: they say that the value is no hex.
struct Token {
  std::string_view key;
  std::string_view value;
};
bool next_token(std::string_view& text, Token& token) {
  const std::size_t start = text.find_first_not_of(' ');
  if (start == kNpos) return false;
  text.remove_prefix(start);
  std::size_t end = 0;
  while (end < text.size() && text[end] != '=' && text[end] != ' ') ++end;
  if (end == text.size() || text[end] == ' ') {
    token = {{}, text.substr(0, end)};
    text.remove_prefix(end);
    return true;
  }
  token.key = text.substr(0, end);
  text.remove_prefix(end + 1);
  std::size_t size = 0;
  if (text.starts_with('"')) {
    const std::size_t quote = text.find('"', 1);
    size = quote == kNpos ? text.size() : quote + 1;
  } else {
    size = std::min(text.find(' '), text.size());
  }
  token.value = text.substr(0, size);
  text.remove_prefix(size);
  return true;
}

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

/// "unset" and "unknown(1000)" are auditd's words for "no such name".
std::string_view real_name(std::string_view quoted) {
  const std::string_view name = unquoted(quoted);
  return name == "unset" || name.starts_with("unknown(") ? std::string_view() : name;
}

void read_enrichment(std::string_view text, Record& record) {
  Token token;
  while (next_token(text, token)) {
    if (token.key == "UID") record.uid_name = real_name(token.value);
    if (token.key == "AUID") record.auid_name = real_name(token.value);
    if (token.key == "ID") record.id_name = real_name(token.value);
  }
}

/// The kernel's own part: pid=1 uid=0 auid=1000 ses=3 ...; the first of each counts, but in LOGIN
/// of old kernels ("old auid=4294967295 new auid=0") the last. False without a pid.
bool read_kernel_part(std::string_view text, Record& record) {
  const bool last_counts = record.type == RecordType::login;
  bool pid = false;
  bool uid = false;
  bool auid = false;
  bool ses = false;
  const auto take = [last_counts](const Token& token, bool& seen, std::uint32_t& to) {
    if (seen && !last_counts) return true;
    seen = true;
    return to_number(token.value, to);
  };
  Token token;
  while (next_token(text, token)) {
    bool good = true;
    if (token.key == "pid") good = take(token, pid, record.pid);
    if (token.key == "uid") good = take(token, uid, record.uid);
    if (token.key == "auid") good = take(token, auid, record.auid);
    if (token.key == "ses") good = take(token, ses, record.ses);
    if (token.key == "res" && last_counts) record.success = token.value != "0";
    if (!good) return false;
  }
  return pid;
}

Program program_of(std::string_view exe) {
  static constexpr std::pair<std::string_view, Program> kPrograms[] = {
      {"sshd", Program::sshd},
      {"sshd-session", Program::sshd},
      {"sudo", Program::sudo},
      {"su", Program::su},
      {"login", Program::login},
      {"sshd-auth", Program::sshd},
      {"gdm-session-worker", Program::gdm}};
  constexpr std::string_view kDeleted = " (deleted)";  // the file was replaced by an upgrade
  if (exe.ends_with(kDeleted)) exe.remove_suffix(kDeleted.size());
  exe = exe.substr(exe.rfind('/') + 1);
  for (const auto& [name, program] : kPrograms) {
    if (exe == name) return program;
  }
  return Program::none;
}

Program program_of_value(std::string_view value) {
  if (value.starts_with('"') || !is_hex(value)) return program_of(unquoted(value));
  NameBuffer path;
  bool cut = false;
  return program_of(from_hex(value, path, cut));
}

/// Words that programs write for a name that they do not know. Only where the program itself
/// speaks: in PAM's records they would be what somebody typed. "?" is PAM's own word.
bool names_nobody(const Record& record) {
  if (record.acct == "?") return true;
  if (record.of_pam || record.type == RecordType::user_cmd) return false;
  return record.acct == "(invalid user)" || record.acct == "(unknown user)" ||
         record.acct == "(unknown)" ||
         (record.acct == "UNKNOWN" && record.program == Program::login);
}

/// Finds ` KEY=` (or `(KEY=`) from the right and gives the text between it and `end`.
bool value_from_right(std::string_view text, std::string_view key, std::size_t& end,
                      std::string_view& value) {
  for (std::size_t equals = text.rfind('=', end); equals != kNpos && equals > key.size();
       equals = text.rfind('=', equals - 1)) {
    const std::size_t at = equals - key.size();
    if (equals >= end || text.substr(at, key.size()) != key) continue;
    if (text[at - 1] != ' ' && text[at - 1] != '(') continue;
    value = text.substr(equals + 1, end - equals - 1);
    while (value.ends_with(' ') || value.ends_with(',')) value.remove_suffix(1);
    end = at;
    return true;
  }
  return false;
}

/// hostname= addr= terminal= res=, from the right. False without a readable result.
bool read_tail(std::string_view text, Record& record) {
  if (text.ends_with(')')) text.remove_suffix(1);
  std::size_t end = text.size();
  std::string_view value;
  if (!value_from_right(text, "res", end, value) && !value_from_right(text, "result", end, value)) {
    return false;
  }
  record.success = value == "success" || value == "Success" || value == "1" || value == "yes";
  if (!record.success && value != "failed" && value != "Failed" && value != "0" && value != "no") {
    return false;
  }
  if (!value_from_right(text, "terminal", end, value)) return true;
  if (value_from_right(text, "addr", end, value) && value != "?") record.addr = value;
  if (value_from_right(text, "hostname", end, value) && value != "?") record.hostname = value;
  return true;
}

void read_op(std::string_view op, Record& record) {
  constexpr std::string_view kPam = "PAM:";
  record.of_pam = op.starts_with(kPam);
  if (record.of_pam) op.remove_prefix(kPam.size());
  while (op.starts_with(' ')) op.remove_prefix(1);
  record.op = op;
}

/// op=... acct="..." exe="..." hostname=... : from the left as far as exe=, the rest from the
/// right.
bool read_new_form(std::string_view text, NameBuffer& names, Record& record) {
  std::string_view rest = text;
  Token token;
  bool program = false;
  while (!program && next_token(rest, token)) {
    std::uint32_t number = 0;
    if (token.key == "op") read_op(token.value, record);
    if (token.key == "acct") {
      record.acct = token.value.starts_with('"') || !is_hex(token.value)
                        ? unquoted(token.value)
                        : from_hex(token.value, names, record.name_cut);
    }
    if (token.key == "id" && !to_number(token.value, record.id)) return false;
    if (token.key == "rport" && to_number(token.value, number) && number <= 0xFFFF) {
      record.rport = static_cast<std::uint16_t>(number);
    }
    if (token.key == "grantors") record.grantors = token.value;
    if (token.key == "fp") record.fingerprint = unquoted(token.value);
    if (token.key == "exe") {
      record.program = program_of_value(token.value);
      program = true;
    }
  }
  if (!program) {
    // sudo of old did not say exe= with its command; nobody else writes USER_CMD.
    if (record.type != RecordType::user_cmd) return false;
    record.program = Program::sudo;
    rest = text;
  }
  return read_tail(rest, record);
}

/// PAM: session open acct=NAME : exe="..." (hostname=..., addr=..., terminal=... res=success)
bool read_old_form(std::string_view text, Record& record) {
  const std::size_t exe = text.rfind(": exe=");
  if (exe == kNpos) return false;
  std::string_view head = text.substr(0, exe);
  std::string_view rest = text.substr(exe + 2);
  Token token;
  if (!next_token(rest, token)) return false;
  record.program = program_of_value(token.value);
  while (head.ends_with(' ')) head.remove_suffix(1);
  const std::size_t acct = head.find("acct=");
  if (acct != kNpos) {
    record.acct = unquoted(head.substr(acct + 5));
    head = head.substr(0, acct);
  } else if (head.starts_with("uid=")) {
    if (!to_number(head.substr(4), record.id)) return false;
  }
  while (head.ends_with(' ')) head.remove_suffix(1);
  read_op(head, record);
  return read_tail(rest, record);
}

}  // namespace

Parse parse_record(std::string_view line, RecordType type, const Stamp& stamp, NameBuffer& names,
                   Record& record) {
  record = Record{};
  record.type = type;
  record.line = line;
  record.time = stamp.time;
  record.serial = read_serial(line, stamp.length);
  if (line.starts_with("node=")) record.node = line.substr(5, line.find(' ') - 5);
  std::string_view body = line.substr(stamp.length);
  const std::size_t enriched = body.rfind(kEnriched);
  if (type == RecordType::login) {
    if (enriched != kNpos) {
      read_enrichment(body.substr(enriched + 1), record);
      body = body.substr(0, enriched);
    }
    record.success = true;  // old kernels wrote LOGIN only when it was set
    return read_kernel_part(body, record) ? Parse::ok : Parse::malformed;
  }
  // Only a 0x1d between the closing quote and the last name in quotes is auditd's.
  if (enriched != kNpos && enriched != 0 && body[enriched - 1] == '\'' && !body.ends_with('\'')) {
    read_enrichment(body.substr(enriched + 1), record);
    body = body.substr(0, enriched);
  }
  constexpr std::string_view kMessage = "msg='";
  const std::size_t open = body.find(kMessage);
  const std::size_t close = body.rfind('\'');
  if (open == kNpos || close < open + kMessage.size()) return Parse::malformed;
  if (!read_kernel_part(body.substr(0, open), record)) return Parse::malformed;
  const std::string_view text = body.substr(open + kMessage.size(), close - open - kMessage.size());
  const bool old_form = text.ends_with(')') || text.starts_with("PAM: ");
  const bool good = old_form ? read_old_form(text, record) : read_new_form(text, names, record);
  if (!good) {
    // Some tools write records of these types in forms of their own; they log nobody on.
    return record.program == Program::none && text.find("exe=") != kNpos ? Parse::other
                                                                         : Parse::malformed;
  }
  if (record.program == Program::none) return Parse::other;
  if (names_nobody(record)) {
    record.invalid_user = record.acct != "?";
    record.acct = {};
  }
  if (record.acct.size() > kHeldFieldBytesMax) {
    record.acct = record.acct.substr(0, kHeldFieldBytesMax);
    record.name_cut = true;
  }
  return Parse::ok;
}

}  // namespace doorward::auditd
