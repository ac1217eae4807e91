// The authlog source: lines of auth.log or secure in, logons out.
#include "plugins/sources/authlog/attempts.h"
#include "plugins/sources/authlog/emitter.h"
#include "plugins/sources/authlog/messages.h"
#include "plugins/sources/authlog/recent.h"
#include "plugins/sources/authlog/record.h"
#include "plugins/sources/authlog/repeats.h"
#include "plugins/sources/authlog/stamp.h"
#include "plugins/sources/source.h"
#include "plugins/state_fields.h"

namespace doorward {

extern const SourcePlugin kSourceAuthlog;

namespace authlog {
namespace {

constexpr std::uint8_t kStateVersion = 1;

class AuthlogSource final : public Source {
 public:
  explicit AuthlogSource(const SourceOptions& options)
      : stamps_(options.zone), out_(counters_), attempts_(out_), desk_{attempts_, out_} {}

  Stamp stamp(std::string_view line, InputState& input) override {
    return stamps_.read(line, input);
  }

  void feed(std::string_view line, const Stamp& stamp, EventSink& sink) override {
    ++counters_.lines;
    out_.set_sink(sink);
    if (stamp.time == kNoTime) {
      ++counters_.no_stamp;
      return;
    }
    attempts_.expire(stamp.time);
    Record record;
    record.time = stamp.time;
    if (!read_record(line, stamp.length, record)) {
      ++counters_.malformed;
      return;
    }
    switch (read_line(record)) {
      case Reading::used:
        break;
      case Reading::other:
        ++counters_.other;
        break;
      case Reading::malformed:
        ++counters_.malformed;
        break;
    }
  }

  void advance(TimeUs now, EventSink& sink) override {
    if (now == kNoTime) return;
    out_.set_sink(sink);
    attempts_.expire(now);
  }

  void save(StateWriter& out) const override {
    out.version(kStateVersion);
    archive_counters(out, counters_);
    attempts_.save(out);
    recent_.save(out);
  }

  void load(StateReader& in) override {
    in.version(kStateVersion);
    archive_counters(in, counters_);
    attempts_.load(in);
    recent_.load(in);
    if (in.ok()) return;
    counters_ = {};
    attempts_.forget_all();
  }

  void finish(EventSink& sink) override {
    out_.set_sink(sink);
    attempts_.clear();
  }

  [[nodiscard]] const SourceCounters& counters() const override { return counters_; }

 private:
  Reading read_line(Record& record) {
    if (record.program == Program::other && !record.tag.empty()) {
      recent_.remember_other();
      return Reading::other;
    }
    if (const std::optional<std::uint32_t> times = read_repeat_notice(record.message)) {
      const Record* earlier = recent_.find(record);
      if (earlier == nullptr) return Reading::other;
      Record again = *earlier;
      again.time = record.time;
      again.times = *times;
      again.repeated = true;
      return read_message(again);
    }
    if (record.tag.empty()) {
      recent_.remember_other();
      return Reading::other;
    }
    if (take_repeat_frame(record)) return read_message(record);
    recent_.remember(record);
    return read_message(record);
  }

  Reading read_message(const Record& record) {
    if (record.times == 0) return Reading::used;
    switch (record.program) {
      case Program::sshd:
        return read_sshd(record, desk_);
      case Program::sudo:
        return read_sudo(record, desk_);
      case Program::su:
        return read_su(record, desk_);
      case Program::login:
        return read_login(record, desk_);
      case Program::gdm:
        return read_gdm(record, desk_);
      case Program::logind:
        // "New session 3 of user alice.": sshd, login or gdm have told of that logon.
        return Reading::used;
      case Program::other:
        break;
    }
    return Reading::other;
  }

  SourceCounters counters_;
  StampReader stamps_;
  Emitter out_;
  AttemptTable attempts_;
  RecentMessages recent_;
  Desk desk_;
};

/// Lines of a file's head that are looked at.
constexpr int kSniffLines = 200;

int sniff(std::string_view head) {
  StampReader stamps{TimeZone{}};
  int lines = 0;
  int records = 0;
  int logons = 0;
  while (!head.empty() && lines < kSniffLines) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    if (line.empty()) continue;
    ++lines;
    InputState input;
    input.year = 2000;  // a leap year, so that any day may come
    Record record;
    const Stamp stamp = stamps.read(line, input);
    if (stamp.time == kNoTime || !read_record(line, stamp.length, record)) continue;
    ++records;
    if (record.program != Program::other) ++logons;
  }
  // Most lines have to be syslog's; any that a logon program wrote make it an auth.log.
  if (records == 0 || records * 2 < lines) return 0;
  return logons > 0 ? 90 : 40;
}

std::unique_ptr<Source> make(const SourceOptions& options) {
  return std::make_unique<AuthlogSource>(options);
}

}  // namespace
}  // namespace authlog

const SourcePlugin kSourceAuthlog = {"authlog",
                                     "auth.log or secure: sshd, sudo, su, login and gdm through "
                                     "syslog (RFC 3164, ISO 8601, RFC 5424)",
                                     Told::authlog, authlog::sniff, authlog::make};

}  // namespace doorward
