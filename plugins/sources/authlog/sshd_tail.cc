#include "plugins/sources/authlog/sshd_tail.h"

#include <optional>

#include "plugins/sources/authlog/text.h"

namespace doorward::authlog {
namespace {

/// Host names have at most 253 bytes; addresses have fewer.
constexpr std::size_t kAddressBytesMax = 255;

/// Takes the last word off `text`, and the space before it.
bool take_last_word(std::string_view& text, std::string_view& word) {
  const std::size_t space = text.rfind(' ');
  if (space == std::string_view::npos) return false;
  word = text.substr(space + 1);
  text = text.substr(0, space);
  return !word.empty();
}

std::optional<std::uint16_t> read_port(std::string_view word) {
  if (word.size() > 5) return std::nullopt;
  const std::optional<std::uint32_t> number = read_number(word);
  if (!number || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

/// Takes " ADDRESS" or " ADDRESS port N" off the end of `text`.
bool take_address(std::string_view& text, SshdTail& tail) {
  std::string_view word;
  if (!take_last_word(text, word)) return false;
  tail.port = 0;
  if (text.ends_with(" port") && is_digit(word[0])) {
    const std::optional<std::uint16_t> port = read_port(word);
    if (!port) return false;
    tail.port = *port;
    text.remove_suffix(5);
    if (!take_last_word(text, word)) return false;
  }
  if (word.size() > kAddressBytesMax) return false;
  tail.address = word;
  return true;
}

bool take_invalid_user(std::string_view& text) {
  return take(text, "invalid user ") || take(text, "illegal user ");
}

/// "SHA256:<base64>", "MD5:aa:bb:..." or "aa:bb:...".
bool is_fingerprint(std::string_view word) {
  if (word.starts_with("SHA256:")) return word.size() == 50;
  take(word, "MD5:");
  if (word.size() != 47) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    const bool hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (i % 3 == 2 ? c != ':' : !hex) return false;
  }
  return true;
}

/// "... ssh2: TYPE FINGERPRINT" at the end of the text.
bool read_plain_key(std::string_view text, SshdTail& tail) {
  std::string_view fingerprint;
  std::string_view type;
  std::string_view head = text;
  if (!take_last_word(head, fingerprint) || !is_fingerprint(fingerprint)) return false;
  if (!take_last_word(head, type)) return false;
  const std::size_t extra_size = type.size() + 1 + fingerprint.size();
  if (!take_end(head, ":")) return false;
  if (!head.ends_with(" ssh2") || !read_name_from_address(head, tail)) return false;
  tail.extra = text.substr(text.size() - extra_size);
  return true;
}

/// Reads "ADDRESS port N ssh2" with ": EXTRA" or the end behind it, forwards.
bool read_address_forwards(std::string_view text, SshdTail& tail) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || space == 0 || space > kAddressBytesMax) return false;
  tail.address = text.substr(0, space);
  text.remove_prefix(space);
  if (!take(text, " port ")) return false;
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::optional<std::uint16_t> port = read_port(text.substr(0, end));
  text.remove_prefix(end);
  if (!port || !take(text, " ssh2")) return false;
  tail.port = *port;
  if (!text.empty() && !take(text, ": ")) return false;
  tail.extra = text;
  return true;
}

/// Looks at every place where the address may stand. The name has been relieved of "invalid user ".
bool read_with_doubt(std::string_view text, SshdClient known, SshdTail& tail) {
  constexpr std::string_view kFrom = " from ";
  SshdTail found;
  int count = 0;
  for (std::size_t at = text.find(kFrom); at != std::string_view::npos;
       at = text.find(kFrom, at + 1)) {
    SshdTail one = tail;
    if (!read_address_forwards(text.substr(at + kFrom.size()), one)) continue;
    one.name = text.substr(0, at);
    const bool is_known =
        known.port != 0 && one.port == known.port && hash_of(one.address) == known.address_hash;
    if (++count == 1 || is_known) found = one;
    if (is_known || !tail.invalid_user) {
      tail = found;
      return true;
    }
  }
  if (count == 0) return false;
  tail = found;
  if (count > 1) {
    tail.address = {};
    tail.port = 0;
    tail.extra = {};
  }
  return true;
}

}  // namespace

bool read_name_from_address(std::string_view text, SshdTail& tail) {
  if (!take_end(text, " ssh2")) take_end(text, " ssh1");
  if (!take_address(text, tail)) return false;
  if (text == "from") {
    // Nothing at all was typed and the caller took the space before.
    tail.name = {};
    return true;
  }
  if (!take_end(text, " from")) return false;
  tail.name = text;
  return true;
}

bool read_name_address(std::string_view text, SshdTail& tail) {
  if (!take_address(text, tail)) return false;
  tail.name = text;
  return true;
}

bool read_sshd_tail(std::string_view text, std::string_view method, SshdClient known,
                    SshdTail& tail) {
  tail.invalid_user = take_invalid_user(text);
  // A GSSAPI principal may end in anything, so the end of such a line proves nothing.
  if (!method.starts_with("gssapi")) {
    if (text.ends_with(" ssh2")) return read_name_from_address(text, tail);
    if (read_plain_key(text, tail)) return true;
  }
  if (text.find(" ssh2: ") == std::string_view::npos && !text.ends_with(" ssh2")) {
    // Before OpenSSH 2.9 and in some rewritten logs there is no protocol behind the port.
    return read_name_from_address(text, tail);
  }
  return read_with_doubt(text, known, tail);
}

std::string_view fingerprint_of(std::string_view extra) {
  const std::size_t space = extra.find(' ');
  if (space == std::string_view::npos) return {};
  const std::string_view rest = extra.substr(space + 1);
  std::string_view word = rest.substr(0, rest.find(' '));
  take_end(word, ",");  // host-based: "RSA SHA256:..., client user ..."
  return is_fingerprint(word) ? word : std::string_view{};
}

}  // namespace doorward::authlog
