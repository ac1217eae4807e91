// The authlog source: lines of auth.log or secure in, logons out.
#include "plugins/sources/authlog/logon_reader.h"
#include "plugins/sources/authlog/record.h"
#include "plugins/sources/authlog/stamp.h"
#include "plugins/sources/source.h"

namespace doorward {

extern const SourcePlugin kSourceAuthlog;

namespace authlog {
namespace {

class AuthlogSource final : public LogonSource {
 public:
  explicit AuthlogSource(const SourceOptions& options)
      : LogonSource(Told::authlog), stamps_(options.zone) {}

  Stamp stamp(std::string_view line, InputState& input) override {
    return stamps_.read(line, input);
  }

  void feed(std::string_view line, const Stamp& stamp, EventSink& sink) override {
    SourceCounters& counters = reader().counters();
    ++counters.lines;
    reader().set_sink(sink);
    if (stamp.time == kNoTime) {
      ++counters.no_stamp;
      return;
    }
    reader().expire(stamp.time);
    Record record;
    record.time = stamp.time;
    if (!read_record(line, stamp.length, record)) {
      ++counters.malformed;
      return;
    }
    reader().read_line(record);
  }

 private:
  StampReader stamps_;
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
