// What the sources of logon programs' messages remember, as bytes.
#include <cstring>

#include "plugins/sources/authlog/attempts.h"
#include "plugins/sources/authlog/logon_reader.h"
#include "plugins/sources/authlog/recent.h"
#include "plugins/state_fields.h"

namespace doorward::authlog {
namespace {

constexpr std::uint8_t kStateVersion = 1;

/// What does not follow from the attempt's place in its list.
template <class Archive, class AnyAttempt>
void archive_attempt(Archive& a, AnyAttempt& attempt) {
  a(attempt.key);
  archive_time(a, attempt.since);
  a(attempt.source, attempt.port, attempt.told, attempt.kinds);
}

}  // namespace

void AttemptTable::save(StateWriter& out) const {
  for (const List* list : {&holding_, &idle_}) {
    std::uint16_t count = 0;
    for (std::uint16_t at = list->first; at != 0; at = attempts_[at - 1U].after) ++count;
    out(count);
    for (std::uint16_t at = list->first; at != 0; at = attempts_[at - 1U].after) {
      const Attempt& attempt = attempts_[at - 1U];
      archive_attempt(out, attempt);
      if (attempt.held != 0) pool_[attempt.held - 1]->save(out);
    }
  }
}

void AttemptTable::load(StateReader& in) {
  for (const bool holding : {true, false}) {
    std::uint16_t count = 0;
    in.between(count, std::uint16_t{0}, static_cast<std::uint16_t>(free_attempts_.size()));
    for (; count != 0 && in.ok(); --count) {
      Attempt read;
      archive_attempt(in, read);
      if (in.ok() && find(read.key) != nullptr) in.fail();
      if (!in.ok()) break;
      Attempt& attempt = open(read.key, read.since);
      attempt.source = read.source;
      attempt.port = read.port;
      attempt.told = read.told;
      attempt.kinds = read.kinds;
      if (holding) give_held(attempt).load(in);
    }
  }
  if (!in.ok()) forget_all();
}

void AttemptTable::forget_all() {
  while (holding_.first != 0) drop(attempts_[holding_.first - 1U]);
  while (idle_.first != 0) remove(attempts_[idle_.first - 1U]);
}

/// Of a record what find() and its readers use; a remembered one is never a repeated one, and its
/// time is that of the notice.
void RecentMessages::save(StateWriter& out) const {
  out(static_cast<std::uint8_t>(next_), static_cast<std::uint8_t>(newest_));
  for (std::size_t i = 0; i < kProcesses; ++i) {
    const bool used = processes_[i] != 0;
    out(used);
    if (!used) continue;
    const Record& record = slots_[i].record;
    out(record.pid, record.program);
    out.text(record.line);
    for (const std::string_view part : {record.host, record.tag, record.message}) {
      const std::size_t from =
          part.empty() ? 0 : static_cast<std::size_t>(part.data() - record.line.data());
      out(static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(part.size()));
    }
  }
}

void RecentMessages::load(StateReader& in) {
  std::uint8_t next = 0;
  std::uint8_t newest = 0;
  in.between(next, std::uint8_t{0}, static_cast<std::uint8_t>(kProcesses - 1));
  in.between(newest, std::uint8_t{0}, static_cast<std::uint8_t>(kProcesses));
  next_ = next;
  newest_ = newest;
  for (std::size_t i = 0; i < kProcesses && in.ok(); ++i) {
    bool used = false;
    in(used);
    if (!used) continue;
    Slot& slot = slots_[i];
    Record& record = slot.record;
    in(record.pid);
    in.between(record.program, Program::other, Program::logind);
    const std::string_view line = in.text(kBytesMax);
    if (!line.empty()) std::memcpy(slot.text.data(), line.data(), line.size());
    record.line =
        line.empty() ? std::string_view{} : std::string_view(slot.text.data(), line.size());
    std::size_t least = 0;  // parts stand in this order and do not overlap
    for (std::string_view* part : {&record.host, &record.tag, &record.message}) {
      std::uint16_t from = 0;
      std::uint16_t size = 0;
      in(from, size);
      *part = {};
      if (size == 0) continue;
      if (from < least || std::size_t{from} + size > line.size()) {
        in.fail();
        break;
      }
      *part = record.line.substr(from, size);
      least = std::size_t{from} + size;
    }
    processes_[i] = process_of(record);
  }
  if (in.ok()) return;
  processes_ = {};
  for (Slot& slot : slots_) slot.record = {};
  next_ = 0;
  newest_ = kProcesses;
}

void LogonReader::save(StateWriter& out) const {
  out.version(kStateVersion);
  archive_counters(out, counters_);
  attempts_.save(out);
  recent_.save(out);
}

void LogonReader::load(StateReader& in) {
  in.version(kStateVersion);
  archive_counters(in, counters_);
  attempts_.load(in);
  recent_.load(in);
  if (in.ok()) return;
  counters_ = {};
  attempts_.forget_all();
}

}  // namespace doorward::authlog
