// "NAME from ADDRESS port N ssh2: EXTRA": the part of sshd's messages that holds what was typed.
#pragma once

#include <cstdint>
#include <string_view>

namespace doorward::authlog {

/// What sshd wrote after "Failed password for " and its like.
struct SshdTail {
  std::string_view name;     ///< as typed, without "invalid user "
  std::string_view address;  ///< as written; empty when nothing can tell which it is
  std::string_view extra;    ///< key or principal, after "ssh2: "; may be empty
  std::uint16_t port = 0;
  bool invalid_user =
      false;  ///< sshd says that there is no such account, or that it may not log on
};

/// The client of a process as earlier lines gave it, to settle doubtful readings: hash_of() the
/// address and the port, 0 where unknown.
struct SshdClient {
  std::uint64_t address_hash = 0;
  std::uint16_t port = 0;
};

/// Reads the text after " for " of Accepted, Failed, Postponed and Partial.
///
/// Why no name can forge the address. sshd writes
///     [invalid user ]NAME from ADDRESS port N ssh2[: EXTRA]
/// NAME (at most 100 bytes) is the client's, all bytes of it. ADDRESS and N are sshd's.
/// * Without EXTRA the line ends in "ssh2", so the address is read backwards from the end, where
///   nothing of the client's stands.
/// * EXTRA of a plain key is "TYPE FINGERPRINT": two words without spaces, sshd's own, behind
///   "ssh2: ". Again the end of the line is sshd's and is read backwards.
/// * Other EXTRA (certificates with "ID TEXT (serial n) CA TYPE FINGERPRINT", host-based "client
/// user
///   "TEXT"", GSSAPI principals) hold text of the client's too. All " from ADDRESS port N ssh2: "
///   are looked at. If there is one, it is sshd's. If there are more and the name is an account (no
///   "invalid user "), the first is sshd's, since accounts have no such names. If the account does
///   not exist, the one of the process' known client is; if its client is not known, the address
///   stays empty: no address is better than a forged one.
/// A certificate's EXTRA cannot pass for a plain key: its last words are "CA TYPE FINGERPRINT"
/// where a plain key has "ssh2: TYPE FINGERPRINT".
bool read_sshd_tail(std::string_view text, std::string_view method, SshdClient known,
                    SshdTail& tail);

/// Reads "NAME from ADDRESS[ port N[ ssh2]]" backwards from the end. For lines that end there.
bool read_name_from_address(std::string_view text, SshdTail& tail);

/// Reads "NAME ADDRESS port N" backwards from the end ("Connection closed by invalid user ...").
bool read_name_address(std::string_view text, SshdTail& tail);

/// The fingerprint in EXTRA of an accepted key, as written; empty when there is none.
std::string_view fingerprint_of(std::string_view extra);

}  // namespace doorward::authlog
