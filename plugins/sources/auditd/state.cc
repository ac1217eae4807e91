// What the auditd source remembers, as bytes. Tables of which a row's place follows from what it
// says are written as the rows in use.
#include <algorithm>
#include <cassert>

#include "plugins/sources/auditd/logons.h"
#include "plugins/state_fields.h"

namespace doorward::auditd {
namespace {

/// All that Attempt::method can be: views of literals, so they are saved as their place here.
constexpr std::array<std::string_view, 6> kMethods = {
    "", "password", "keyboard-interactive", "publickey", "hostbased", "gssapi-with-mic"};

template <std::size_t Size>
void archive_text(StateWriter& out, const ShortText<Size>& text) {
  out.text(text.view());
}
template <std::size_t Size>
void archive_text(StateReader& in, ShortText<Size>& text) {
  text.set(in.text(Size));
}

void archive_method(StateWriter& out, std::string_view method) {
  const auto* const found = std::find(kMethods.begin(), kMethods.end(), method);
  assert(found != kMethods.end());
  out(static_cast<std::uint8_t>(found == kMethods.end() ? 0 : found - kMethods.begin()));
}
void archive_method(StateReader& in, std::string_view& method) {
  std::uint8_t place = 0;
  in.between(place, std::uint8_t{0}, static_cast<std::uint8_t>(kMethods.size() - 1));
  method = kMethods[place];
}

/// Which process; then what has been seen of it, without the event that is pending and the lists.
template <class Archive, class AnyAttempt>
void archive_process(Archive& a, AnyAttempt& attempt) {
  a(attempt.host, attempt.pid);
  a.between(attempt.program, Program::sshd, Program::gdm);
}

template <class Archive, class AnyAttempt>
void archive_seen(Archive& a, AnyAttempt& attempt) {
  a.between(attempt.pending, Pending::nothing, Pending::command);
  a(attempt.fresh, attempt.own_auth, attempt.last_auth_ok, attempt.complaint_told,
    attempt.invalid_user, attempt.guesses, attempt.guesses_said, attempt.said_alone, attempt.uid,
    attempt.auid, attempt.port);
  for (auto* time : {&attempt.opened, &attempt.complained, &attempt.named_at, &attempt.decided_at,
                     &attempt.success_at, &attempt.ended_at, &attempt.pending_since}) {
    archive_time_if_any(a, *time);
  }
  archive_time(a, attempt.seen);
  archive_ip(a, attempt.ip);
  archive_method(a, attempt.method);
  archive_text(a, attempt.user);
  archive_text(a, attempt.effective);
  archive_text(a, attempt.address);
  archive_text(a, attempt.host_name);
  archive_text(a, attempt.fingerprint);
}

std::uint16_t read_count(StateReader& in, std::size_t max) {
  std::uint16_t count = 0;
  in.between(count, std::uint16_t{0}, static_cast<std::uint16_t>(max));
  return count;
}

/// Calls `save_row` for the rows that are `used`, behind their number.
template <class Rows, class Used, class SaveRow>
void save_rows(StateWriter& out, const Rows& rows, Used used, SaveRow save_row) {
  out(static_cast<std::uint16_t>(std::count_if(rows.begin(), rows.end(), used)));
  for (const auto& row : rows) {
    if (used(row)) save_row(row);
  }
}

}  // namespace

void AttemptTable::save(StateWriter& out) const {
  out(static_cast<std::uint16_t>(kOpenAttemptsMax - free_.size()));
  std::vector<std::uint16_t> place(kOpenAttemptsMax);  // by slot, in the list of age
  std::uint16_t count = 0;
  for (const Attempt* attempt = at(age_.first); attempt != nullptr;
       attempt = at(attempt->age.next)) {
    place[static_cast<std::size_t>(slot_of(*attempt))] = count++;
    archive_process(out, *attempt);
    archive_seen(out, *attempt);
    if (attempt->pending != Pending::nothing) attempt->told->save(out);
  }
  std::vector<std::uint16_t> places;
  const auto add = [&](const List& list, Links Attempt::*links) {
    for (Slot slot = list.first; slot != kNoSlot; slot = (at(slot)->*links).next) {
      places.push_back(place[static_cast<std::size_t>(slot)]);
    }
  };
  const auto flush = [&] {
    out(static_cast<std::uint16_t>(places.size()));
    for (const std::uint16_t one : places) out(one);
    places.clear();
  };
  add(held_guesses_, &Attempt::hold);
  flush();
  add(held_complaints_, &Attempt::hold);
  flush();
  for (const Chains* chains : {&guesses_, &complaints_}) {
    for (const List& chain : *chains) add(chain, &Attempt::address_links);
    flush();
  }
}

void AttemptTable::load(StateReader& in) {
  std::vector<Attempt*> by_age;
  for (std::uint16_t count = read_count(in, kOpenAttemptsMax); count != 0 && in.ok(); --count) {
    load_attempt(in);
    if (in.ok()) by_age.push_back(at(age_.last));
  }
  if (in.ok()) load_lists(in, by_age);
  if (in.ok()) return;
  while (Attempt* attempt = oldest()) close(*attempt);
}

void AttemptTable::load_attempt(StateReader& in) {
  Attempt process;
  archive_process(in, process);
  if (in.ok() && find(process.host, process.pid, process.program) != nullptr) in.fail();
  if (!in.ok()) return;
  Attempt& attempt = open(process.host, process.pid, process.program);
  archive_seen(in, attempt);
  if (attempt.pending == Pending::nothing) return;
  attempt.told = free_told_.back();
  free_told_.pop_back();
  attempt.told->load(in);
}

/// What waits for its time or at its address has something pending; only a complaint that was told
/// stays at its address without. Everything that goes through the lists relies on that.
void AttemptTable::load_lists(StateReader& in, const std::vector<Attempt*>& by_age) {
  const auto each = [&](auto take) {
    for (std::uint16_t count = read_count(in, by_age.size()); count != 0 && in.ok(); --count) {
      std::uint16_t place = 0;
      in.between(place, std::uint16_t{0}, static_cast<std::uint16_t>(by_age.size() - 1));
      if (in.ok() && !take(*by_age[place])) in.fail();
    }
  };
  for (const bool guesses : {true, false}) {
    each([&](Attempt& attempt) {
      const bool complains = attempt.pending == Pending::complaint;
      if (attempt.hold.linked || attempt.pending == Pending::nothing || complains == guesses ||
          attempt.pending_since == kNoTime) {
        return false;
      }
      attempt.held_as_guess = guesses;
      append(guesses ? held_guesses_ : held_complaints_, &Attempt::hold, attempt);
      return true;
    });
  }
  for (const bool guesses : {true, false}) {
    each([&](Attempt& attempt) {
      const bool told = attempt.pending == Pending::nothing;
      const bool complains = attempt.pending == Pending::complaint;
      if (attempt.address_links.linked || !attempt.ip.valid() || attempt.program != Program::sshd ||
          (guesses ? told || complains : !told && !complains)) {
        return false;
      }
      attempt.address_is_guess = guesses;
      append(chain_of(attempt), &Attempt::address_links, attempt);
      return true;
    });
  }
}

void UidNames::save(StateWriter& out) const {
  save_rows(
      out, rows_, [](const Row& row) { return row.size != 0; },
      [&](const Row& row) {
        out(row.host, row.uid);
        out.text({row.name.data(), row.size});
      });
}

void UidNames::load(StateReader& in) {
  for (std::uint16_t count = read_count(in, kRows); count != 0 && in.ok(); --count) {
    std::uint64_t host = 0;
    std::uint32_t uid = 0;
    in(host, uid);
    const std::string_view name = in.text(kNameBytesMax);
    if (name.empty() || uid == kNoUid) in.fail();
    learn(host, uid, name);
  }
  if (!in.ok()) rows_.fill({});
}

void Sessions::save(StateWriter& out) const {
  save_rows(
      out, rows_, [](const Row& row) { return row.time != kNoTime; },
      [&](const Row& row) {
        out(row.host, row.ses, row.serial);
        archive_time(out, row.time);
      });
}

void Sessions::load(StateReader& in) {
  for (std::uint16_t count = read_count(in, kRows); count != 0 && in.ok(); --count) {
    Row row;
    in(row.host, row.ses, row.serial);
    archive_time(in, row.time);
    if (in.ok()) note(row.host, row.ses, row.serial, row.time);
  }
  if (!in.ok()) rows_.fill({});
}

void RecentAuths::save(StateWriter& out) const {
  save_rows(
      out, rows_, [](const Row& row) { return row.pid != 0; },
      [&](const Row& row) {
        out(row.key, row.pid);
        archive_time(out, row.time);
      });
}

void RecentAuths::load(StateReader& in) {
  for (std::uint16_t count = read_count(in, kRows); count != 0 && in.ok(); --count) {
    Row row;
    in(row.key, row.pid);
    archive_time(in, row.time);
    if (row.pid == 0) in.fail();
    if (in.ok()) note(row.key, row.time, row.pid);
  }
  if (!in.ok()) rows_.fill({});
}

void Logons::save(StateWriter& out) const {
  attempts_.save(out);
  names_.save(out);
  sessions_.save(out);
  recent_.save(out);
}

void Logons::load(StateReader& in) {
  attempts_.load(in);
  names_.load(in);
  sessions_.load(in);
  recent_.load(in);
  if (!in.ok()) {
    // The parts that were read before the mistake: to read from nothing empties them.
    StateReader nothing({});
    while (Attempt* attempt = attempts_.oldest()) attempts_.close(*attempt);
    names_.load(nothing);
    sessions_.load(nothing);
    recent_.load(nothing);
  }
  reckon_due();
}

}  // namespace doorward::auditd
