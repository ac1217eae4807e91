#include "plugins/sources/auditd/logons.h"

#include <algorithm>
#include <utility>

namespace doorward::auditd {
namespace {

bool has_session(Program program) {
  return program == Program::sshd || program == Program::login || program == Program::gdm;
}

/// Before the session the login uid may be that of whoever started the program.
bool opens_logon(RecordType type) {
  return type == RecordType::user_auth || type == RecordType::user_acct;
}

/// Records with which a logon can begin. Others only add to an attempt that is open: what they
/// close may have begun weeks ago.
bool opens(const Record& record) {
  switch (record.type) {
    case RecordType::user_auth:
    case RecordType::user_acct:
    case RecordType::user_login:
    case RecordType::user_start:
    case RecordType::user_cmd:
      return true;
    case RecordType::cred_acq:
      // Without a login uid: before the session. sshd's session child writes it as well, with one.
      return has_session(record.program) && record.auid == kNoUid;
    default:
      return false;
  }
}

}  // namespace

std::uint64_t host_hash(std::string_view node) {
  if (node.empty()) return 0;
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : node) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

Logons::Logons(std::string host_name, SourceCounters& counters)
    : host_name_(std::move(host_name)), counters_(counters) {}

void Logons::take(const Record& record, TimeUs newest, EventSink& sink) {
  newest_ = newest;
  sink_ = &sink;
  const std::uint64_t host = host_hash(record.node);
  if (!record.uid_name.empty()) names_.learn(host, record.uid, record.uid_name);
  if (!record.auid_name.empty()) names_.learn(host, record.auid, record.auid_name);
  if (!record.id_name.empty()) names_.learn(host, record.id, record.id_name);
  // A session's own records name its account and its login uid.
  if (record.of_pam && has_session(record.program) && !opens_logon(record.type)) {
    names_.learn(host, record.auid, record.acct);
  }
  if (record.name_cut) ++counters_.cut_fields;
  if (record.type == RecordType::login) {
    take_login(record);
  } else if (Attempt* attempt = attempt_of(record)) {
    attempts_.touch(*attempt, newest);
    note_details(*attempt, record);
    apply(*attempt, record);
  }
  reckon_due();
}

void Logons::expire(TimeUs newest, EventSink& sink) {
  newest_ = newest;
  sink_ = &sink;
  for (Attempt* held = attempts_.longest_held_guess();
       held != nullptr && newest - held->pending_since >= kGuessTimeMaxUs;
       held = attempts_.longest_held_guess()) {
    tell_pending(*held);
  }
  for (Attempt* held = attempts_.longest_held_complaint();
       held != nullptr && newest - held->pending_since >= kEndingTimeMaxUs;
       held = attempts_.longest_held_complaint()) {
    tell_pending(*held);
  }
  for (Attempt* old = attempts_.oldest(); old != nullptr && newest - old->seen >= kAttemptTimeMaxUs;
       old = attempts_.oldest()) {
    close(*old);
  }
  reckon_due();
}

void Logons::finish(EventSink& sink) {
  sink_ = &sink;
  while (Attempt* old = attempts_.oldest()) close(*old);
  reckon_due();
}

void Logons::reckon_due() {
  due_ = INT64_MAX;
  if (const Attempt* old = attempts_.oldest()) due_ = old->seen + kAttemptTimeMaxUs;
  if (const Attempt* held = attempts_.longest_held_guess()) {
    due_ = std::min(due_, held->pending_since + kGuessTimeMaxUs);
  }
  if (const Attempt* held = attempts_.longest_held_complaint()) {
    due_ = std::min(due_, held->pending_since + kEndingTimeMaxUs);
  }
}

void Logons::close(Attempt& attempt) {
  tell_pending(attempt);
  attempts_.close(attempt);
}

Attempt* Logons::attempt_of(const Record& record) {
  const std::uint64_t host = host_hash(record.node);
  Attempt* attempt = attempts_.find(host, record.pid, record.program);
  if (!opens(record)) return attempt;
  if (attempt != nullptr) {
    if (!is_next_life(*attempt, record)) return attempt;
    close(*attempt);
  }
  if (attempts_.full()) {
    ++counters_.closed_early;
    close(*attempts_.oldest());
  }
  attempt = &attempts_.open(host, record.pid, record.program);
  attempt->opened = record.time;
  return attempt;
}

/// Whether the record belongs to a later process that was given the same pid. Records may come a
/// little late, so that only one which is newer than the end of the first life begins a second.
bool Logons::is_next_life(const Attempt& attempt, const Record& record) {
  if (attempt.ended_at != kNoTime) return record.time > attempt.ended_at;
  const bool asks_pam = record.of_pam && (record.type == RecordType::user_auth ||
                                          record.type == RecordType::user_acct);
  const bool begins = asks_pam || record.type == RecordType::user_cmd;
  // Who is in does not knock again.
  if (begins && attempt.success_at != kNoTime && record.time > attempt.success_at) return true;
  if (attempt.program == Program::sshd) {
    const std::string_view address = record.addr.empty() ? record.hostname : record.addr;
    const auto ip = IpAddress::parse(address);
    if (ip && attempt.ip.valid() && !(*ip == attempt.ip)) return true;
    // sshd lets nobody change the name in mid-connection; login does.
    return asks_pam && record.type == RecordType::user_auth && !record.acct.empty() &&
           !attempt.user.empty() && record.acct != attempt.user.view();
  }
  if (attempt.program != Program::su && attempt.program != Program::sudo) return false;
  if (begins && attempt.uid != kNoUid && attempt.uid != record.uid) return true;
  const bool agreed = attempt.pending == Pending::authorized ||
                      attempt.pending == Pending::command || attempt.pending == Pending::refused;
  return agreed && asks_pam && record.type == RecordType::user_auth &&
         record.time > attempt.told->event().time;
}

/// The kernel's LOGIN names no program: it belongs to whichever attempt of that pid is open.
void Logons::take_login(const Record& record) {
  const std::uint64_t host = host_hash(record.node);
  for (const Program program : {Program::sshd, Program::login, Program::gdm}) {
    Attempt* attempt = attempts_.find(host, record.pid, program);
    if (attempt == nullptr || !attempt->fresh) continue;
    if (attempt->ended_at != kNoTime && record.time > attempt->ended_at) continue;
    attempts_.touch(*attempt, newest_);
    if (record.auid != kNoUid) attempt->auid = record.auid;
    if (record.success) open_session(*attempt, record);
    return;
  }
}

void Logons::note_details(Attempt& attempt, const Record& record) {
  bool whole = true;
  if (attempt.host_name.empty() && !record.node.empty()) {
    whole = attempt.host_name.set(record.node);
  }
  if (record.auid != kNoUid) attempt.auid = record.auid;
  if (record.id != kNoUid && record.type == RecordType::user_login) attempt.auid = record.id;
  note_user(attempt, record);
  // login asks for another name after a wrong one, and has told of this one already.
  if (record.invalid_user && record.program == Program::sshd) attempt.invalid_user = true;
  if (!has_session(attempt.program)) return;
  const std::string_view address = record.addr.empty() ? record.hostname : record.addr;
  if (attempt.address.empty() && !address.empty()) whole = attempt.address.set(address) && whole;
  if (!attempt.ip.valid()) {
    if (const auto ip = IpAddress::parse(record.addr)) {
      attempt.ip = *ip;
    } else if (const auto named = IpAddress::parse(record.hostname)) {
      attempt.ip = *named;
    }
  }
  if (!whole) ++counters_.cut_fields;
}

/// Who. sshd, login: the account. su, sudo: the caller's uid, which is only right before the
/// program becomes somebody else, and the account is the caller (sudo, while asking), else the
/// target.
void Logons::note_user(Attempt& attempt, const Record& record) {
  bool whole = true;
  const bool asks = record.type == RecordType::user_auth || record.type == RecordType::user_acct ||
                    record.type == RecordType::user_cmd;
  switch (attempt.program) {
    case Program::sshd:
    case Program::login:
    case Program::gdm: {
      // login asks for a name again after a wrong password; sshd knows one name a connection.
      const bool renamed = attempt.program != Program::sshd && record.time >= attempt.named_at;
      if (!record.acct.empty() && (attempt.user.empty() || renamed)) {
        whole = attempt.user.set(record.acct);
        attempt.named_at = record.time;
      }
      break;
    }
    case Program::su:
      if (asks || attempt.uid == kNoUid) attempt.uid = record.uid;
      if (attempt.user.empty() && !record.uid_name.empty()) {
        whole = attempt.user.set(record.uid_name);
      }
      if (!record.acct.empty()) whole = attempt.effective.set(record.acct) && whole;
      break;
    case Program::sudo:
      if (!asks) {
        if (!record.acct.empty()) whole = attempt.effective.set(record.acct);
        break;
      }
      attempt.uid = record.uid;
      if (!record.uid_name.empty()) {
        whole = attempt.user.set(record.uid_name);
      } else if (attempt.user.empty() && !record.acct.empty()) {
        whole = attempt.user.set(record.acct);
      }
      break;
    case Program::none:
      break;
  }
  if (!whole) ++counters_.cut_fields;
}

}  // namespace doorward::auditd
