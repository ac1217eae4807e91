"""The kinds of steps: (visible, named, what it is). Imported, not run.

visible: the logs in which this attempt itself is recorded, so that a reader of that log alone can tell it.
  A line that a mere hang-up would leave too ("Connection closed by authenticating user") does not count.
named: the logs from which the user name can be read (KINDS gives None where that is the same as visible).
Both were found by reading the recorded logs (examples in TRACES.md): they are facts about the recorded
versions with default settings, not something the recorder can know while recording.
"""
BOTH, AUTH, AUDIT = ["auth", "audit"], ["auth"], ["audit"]
KINDS = {
    "password_ok": (BOTH, None, "password, right"),
    "password_wrong_then_right": (BOTH, None, "one connection: wrong password, then the right one"),
    "password_3_wrong": (BOTH, None, "one connection: three wrong passwords"),
    "unknown_user": (BOTH, None, "unknown name, passwords tried"),
    # audit has only "(invalid user)": the name reaches audit through PAM, and PAM was not called
    "unknown_user_leaves": (BOTH, AUTH, "unknown name, client hangs up at the password prompt: one failure"),
    "key_ok": (BOTH, None, "authorized key"),
    # sshd logs "Failed publickey" of a known user at VERBOSE, above the default level INFO; what is left in auth.log is
    # the line of a mere hang-up
    "key_wrong": (AUDIT, None, "known user, one key that is not authorized"),
    # the same
    "key_wrong_many": (AUDIT, None, "known user, several keys that are not authorized: one attempt"),
    # "Too many authentication failures": that no hang-up leaves
    "key_too_many": (BOTH, None, "known user, as many keys as MaxAuthTries: one attempt"),
    # "Invalid user" and two "(invalid user)" records, the same as without a key; the key itself leaves nothing
    "key_wrong_unknown_user": (BOTH, AUTH, "unknown user, one key"),
    "key_wrong_then_right": (BOTH, None, "wrong key (no attempt of its own), then the authorized key"),
    "key_wrong_then_password": (BOTH, None, "wrong key (no attempt of its own), then the right password"),
    "kbdint_ok": (BOTH, None, "keyboard-interactive, right"),
    "kbdint_wrong": (BOTH, None, "keyboard-interactive, wrong"),
    "kbdint_many_wrong": (BOTH, None, "keyboard-interactive, four wrong in one connection"),
    "kbdint_unknown_user": (BOTH, None, "keyboard-interactive, unknown name"),
    "root_password": (BOTH, None, "root with the right password, PermitRootLogin prohibit-password"),
    "root_wrong": (BOTH, None, "root, wrong passwords"),
    "root_key": (BOTH, None, "root with an authorized key, PermitRootLogin prohibit-password"),
    "root_refused": (BOTH, None, "root with an authorized key, PermitRootLogin no (port 2222)"),
    "deny_users": (BOTH, None, "name in DenyUsers, right password"),
    "allow_users": (BOTH, None, "name or address not in AllowUsers (port 2222), right password"),
    "locked": (BOTH, None, "locked account (usermod -L)"),
    "expired": (BOTH, None, "expired account, right password"),
    "stale_password": (BOTH, None, "right password that must be changed first; the change is broken off"),
    "nologin_shell": (BOTH, None, "right password, shell is /usr/sbin/nologin or /bin/false"),
    "max_auth_tries": (BOTH, None, "more passwords than MaxAuthTries"),
    "ipv6_ok": (BOTH, None, "success over IPv6"),
    "ipv6_wrong": (BOTH, None, "failure over IPv6"),
    "ipv6_link_local": (BOTH, None, "failure, then success from a link-local address"),
    "loopback": (BOTH, None, "from 127.0.0.1 and ::1"),
    "command": (BOTH, None, "ssh host true"),
    "sftp": (BOTH, None, "sftp"),
    "sshpass": (BOTH, None, "sshpass, right password"),
    "user_changed": (BOTH, None, "one connection: wrong password for one name, then another name"),
    "hostile_name": (BOTH, None, "failed logon under a name made to mislead parsers"),
    "nul_name": (BOTH, None, "name with a NUL byte: the server drops the connection, no attempt"),
    "no_auth": (BOTH, None, "connection without authentication: no attempt"),
    # auth.log alone cannot tell them from sshd's own
    "forged_line": (AUTH, None, "an ordinary user writes sshd lines with logger(1)"),
    # journal only: what its own fields (_UID, _COMM, _EXE, _TRANSPORT, _CAP_EFFECTIVE) give away
    "forged_journal": (AUTH, None, "an ordinary user writes entries of sshd, su and sudo into the journal"),
    "sudo_ok": (BOTH, None, "sudo, right password"),
    "sudo_cached": (BOTH, None, "sudo again within the time stamp's validity, no password asked"),
    "sudo_wrong_then_right": (BOTH, None, "sudo, wrong password, then the right one"),
    "sudo_2_wrong_then_right": (BOTH, None, "sudo, two wrong passwords, then the right one"),
    "sudo_3_wrong": (BOTH, None, "sudo, three wrong passwords"),
    "sudo_not_sudoer": (BOTH, None, "sudo by a user not in sudoers, right password"),
    "sudo_not_allowed": (BOTH, None, "sudo, command not allowed by sudoers, right password"),
    "sudo_other": (BOTH, None, "sudo -u bob"),
    "sudo_nopasswd": (BOTH, None, "sudo with NOPASSWD"),
    # sudo gives up before PAM and before its audit record
    "sudo_unknown_target": (AUTH, None, "sudo -u with an unknown target"),
    "su_ok": (BOTH, None, "su, right password"),
    "su_wrong": (BOTH, None, "su, wrong password"),
    # su gives up before PAM and writes nothing
    "su_unknown": ([], None, "su to an unknown name"),
    "su_root_to_user": (BOTH, None, "root su to a user, no password"),
    "console_ok": (BOTH, None, "agetty and login on a terminal, right password"),
    "console_wrong": (BOTH, None, "console, wrong password"),
    # login hides the name in auth.log ('UNKNOWN'); PAM's USER_AUTH has it
    "console_unknown": (BOTH, AUDIT, "console, unknown name"),
    # the same: the password typed as a name is readable in audit.log
    "console_password_as_name": (BOTH, AUDIT, "console, a password typed at the login prompt"),
    "console_5_wrong": (BOTH, None, "console, wrong until login gives up"),
    "session": (BOTH, None, "logon with a terminal, for the steps that follow"),
    "cron": (BOTH, None, "a cron job starts every minute: no attempt"),
    "repeated": (BOTH, None, "rsyslog reduces repeated messages"),
}
