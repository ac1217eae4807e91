#include "agent/journal_reader.h"

#include <systemd/sd-journal.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <system_error>
#include <utility>

#include "agent/truncation_guard.h"
#include "plugins/json_writer.h"
#include "plugins/limits.h"
#include "plugins/sources/source.h"

namespace doorward {
namespace {

/// What logon programs call themselves. Of gdm's workers each way of logging on has a name.
constexpr const char* kMatches[] = {
    "SYSLOG_IDENTIFIER=sshd",
    "SYSLOG_IDENTIFIER=sshd-session",
    "SYSLOG_IDENTIFIER=sshd-auth",
    "SYSLOG_IDENTIFIER=sudo",
    "SYSLOG_IDENTIFIER=su",
    "SYSLOG_IDENTIFIER=su-l",
    "SYSLOG_IDENTIFIER=login",
    "SYSLOG_IDENTIFIER=gdm-password]",
    "SYSLOG_IDENTIFIER=gdm-password",
    "SYSLOG_IDENTIFIER=gdm-fingerprint]",
    "SYSLOG_IDENTIFIER=gdm-smartcard]",
    "SYSLOG_IDENTIFIER=gdm-autologin]",
    "SYSLOG_IDENTIFIER=gdm-pin]",
};

/// The fields that the source reads.
constexpr const char* kFields[] = {"SYSLOG_IDENTIFIER",
                                   "MESSAGE",
                                   "_TRANSPORT",
                                   "_UID",
                                   "_PID",
                                   "_COMM",
                                   "_EXE",
                                   "_CAP_EFFECTIVE",
                                   "_HOSTNAME",
                                   "_SOURCE_REALTIME_TIMESTAMP"};

/// Longest value of a field but MESSAGE, in bytes; a longer one is cut.
constexpr std::size_t kFieldBytesMax = 4096;

Error failed(const char* what, int error) {
  return {"journal", std::string(what) + ": " + std::system_category().message(-error)};
}

Status check(const char* what, int result) {
  if (result < 0) return failed(what, result);
  return {};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void append_text(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_number(std::uint64_t number, std::string& out) {
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

void append_bytes(std::string_view bytes, std::string& out) {
  char before = '[';
  for (const char c : bytes) {
    out += before;
    append_number(static_cast<unsigned char>(c), out);
    before = ',';
  }
  out += ']';
}

/// The "t=" of a cursor: when journald received the entry, in microseconds, hexadecimal.
std::optional<std::uint64_t> time_of(std::string_view cursor) {
  const std::size_t at = cursor.find(";t=");
  if (at == std::string_view::npos) return std::nullopt;
  const char* const begin = cursor.data() + at + 3;
  std::uint64_t time = 0;
  const auto [end, error] = std::from_chars(begin, cursor.data() + cursor.size(), time, 16);
  if (error != std::errc() || end == begin) return std::nullopt;
  return time;
}

}  // namespace

void JournalReader::Close::operator()(sd_journal* journal) const {
  if (journal == nullptr) return;
  sd_journal_close(journal);
}

JournalReader::JournalReader(sd_journal* journal) : journal_(journal) {}
JournalReader::JournalReader(JournalReader&&) noexcept = default;
JournalReader& JournalReader::operator=(JournalReader&&) noexcept = default;
JournalReader::~JournalReader() = default;

Result<JournalReader> JournalReader::open(const std::string& folder) {
  Result<JournalReader> reader = open_watched(folder);
  if (!reader) return reader;
  if (Status status = reader.value().begin_at_oldest(); !status) return status.error();
  return reader;
}

Result<JournalReader> JournalReader::open_watched(const std::string& folder) {
  const TruncationGuard guard;
  sd_journal* opened = nullptr;
  // SD_JOURNAL_SYSTEM would leave out the journals of users.
  const int result = folder.empty() ? sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY)
                                    : sd_journal_open_directory(&opened, folder.c_str(), 0);
  if (result < 0) {
    Error error = failed("cannot open", result);
    if (!folder.empty()) error.where = folder;
    return error;
  }
  JournalReader reader(opened);
  for (const char* match : kMatches) {
    if (Status status = check("match", sd_journal_add_match(opened, match, 0)); !status) {
      return status.error();
    }
  }
  // Compressed fields are unpacked no further than this.
  sd_journal_set_data_threshold(opened, kLineBytesMax + sizeof "MESSAGE=");
  // From here on changes are noted, so that none is missed between reading and waiting.
  reader.descriptor_ = sd_journal_get_fd(opened);
  if (reader.descriptor_ < 0) return failed("cannot watch", reader.descriptor_);
  return reader;
}

Status JournalReader::begin_at_oldest() {
  const TruncationGuard guard;
  cursor_.clear();
  return check("seek", sd_journal_seek_head(journal_.get()));
}

Status JournalReader::begin_at_now() {
  cursor_.clear();
  if (Status status = check("seek", sd_journal_seek_tail(journal_.get())); !status) return status;
  // Onto the last entry, or the next one would be looked for behind an end that moves.
  int there = 0;
  {
    const TruncationGuard guard;
    there = sd_journal_previous(journal_.get());
    if (there > 0) remember_place();
  }
  if (there < 0) return failed("seek", there);
  return there == 0 ? begin_at_oldest() : Status();
}

Status JournalReader::begin_since(TimeUs time) {
  const TruncationGuard guard;
  cursor_.clear();
  const auto from = static_cast<std::uint64_t>(std::max<TimeUs>(time, 0));
  return check("seek", sd_journal_seek_realtime_usec(journal_.get(), from));
}

Status JournalReader::resume(const std::string& cursor) {
  const TruncationGuard guard;
  const std::optional<std::uint64_t> time = time_of(cursor);
  if (!time) return Error{"journal", "no cursor: " + cursor.substr(0, 200)};
  if (Status status = check("cursor", sd_journal_seek_cursor(journal_.get(), cursor.c_str()));
      !status) {
    return status;
  }
  const int there = sd_journal_next(journal_.get());
  cursor_ = cursor;
  if (there > 0 && sd_journal_test_cursor(journal_.get(), cursor.c_str()) > 0) return {};
  ++counters_.gaps;
  return check("seek", sd_journal_seek_realtime_usec(journal_.get(), *time + 1));
}

std::string_view JournalReader::next() {
  for (;;) {
    const TruncationGuard guard;
    const int there = sd_journal_next(journal_.get());
    if (there == 0) return {};
    if (there < 0) {
      // libsystemd puts a file aside that it cannot read on in; the others come at the next call.
      ++counters_.unreadable;
      return {};
    }
    remember_place();
    // What was read of a page that is gone is zeros.
    if (read_entry() && TruncationGuard::count() == 0) break;
    ++counters_.unreadable;
  }
  ++counters_.entries;
  const std::size_t size = record_.size();
  record_.append(kRecordPadding, ' ');
  return std::string_view(record_).substr(0, size);
}

/// False when the entry cannot be read to its end.
bool JournalReader::read_entry() {
  std::uint64_t received = 0;
  if (sd_journal_get_realtime_usec(journal_.get(), &received) < 0) return false;
  record_ = "{\"__REALTIME_TIMESTAMP\":\"";
  append_number(received, record_);
  record_ += '"';
  for (const char* field : kFields) {
    if (!append_field(field)) return false;
  }
  record_ += '}';
  return true;
}

/// Nothing is appended for a field that the entry does not have. False when it cannot be read.
bool JournalReader::append_field(const char* name) {
  const void* data = nullptr;
  std::size_t size = 0;
  const int result = sd_journal_get_data(journal_.get(), name, &data, &size);
  if (result == -ENOENT) return true;
  if (result < 0) return false;
  const std::string_view key(name);
  std::string_view value(static_cast<const char*>(data), size);
  if (size <= key.size()) return false;
  value.remove_prefix(key.size() + 1);
  const bool is_message = key == "MESSAGE";
  const std::size_t most = is_message ? kLineBytesMax : kFieldBytesMax;
  if (value.size() > most) {
    value = value.substr(0, most);
    if (is_message) ++counters_.cut;
  }
  record_ += ",\"";
  record_ += key;
  record_ += "\":";
  if (is_utf8(value)) {
    append_text(value, record_);
  } else {
    append_bytes(value, record_);
  }
  return true;
}

/// At once, since a vacuum empties files before it deletes them.
void JournalReader::remember_place() {
  char* cursor = nullptr;
  if (sd_journal_get_cursor(journal_.get(), &cursor) >= 0) cursor_ = cursor;
  std::free(cursor);  // NOLINT(cppcoreguidelines-no-malloc): libsystemd allocated it
}

int JournalReader::descriptor() const {
  return descriptor_;
}

short JournalReader::poll_events() const {
  const int events = sd_journal_get_events(journal_.get());
  return events < 0 ? short{0} : static_cast<short>(events);
}

int JournalReader::timeout_ms() const {
  std::uint64_t until = 0;
  if (sd_journal_get_timeout(journal_.get(), &until) < 0 || until == UINT64_MAX) {
    return kJournalLookMs;
  }
  struct timespec clock {};
  clock_gettime(CLOCK_MONOTONIC, &clock);
  const std::uint64_t now = static_cast<std::uint64_t>(clock.tv_sec) * 1'000'000 +
                            static_cast<std::uint64_t>(clock.tv_nsec) / 1000;
  if (until <= now) return 0;
  return static_cast<int>(std::min<std::uint64_t>((until - now + 999) / 1000, kJournalLookMs));
}

Result<bool> JournalReader::process() {
  const TruncationGuard guard;
  const int change = sd_journal_process(journal_.get());
  if (change < 0) return failed("cannot watch", change);
  if (change == SD_JOURNAL_INVALIDATE) ++counters_.invalidated;
  return change != SD_JOURNAL_NOP;
}

bool JournalReader::any_files() const {
  std::uint64_t bytes = 0;
  return sd_journal_get_usage(journal_.get(), &bytes) >= 0 && bytes > 0;
}

}  // namespace doorward
