// The `auditd` source: audit.log in, one event an attempt out.
#include <string>
#include <utility>

#include "plugins/sources/auditd/logons.h"
#include "plugins/sources/auditd/record.h"
#include "plugins/sources/auditd/stamp.h"
#include "plugins/sources/source.h"
#include "plugins/state_fields.h"

namespace doorward {
namespace auditd {
namespace {

/// A stamp that is further behind the newest than this is not late but from another time: the clock
/// was set back, or an older file follows. Event time then goes on from there.
constexpr TimeUs kLateMaxUs = 3600 * kSecondUs;

constexpr std::uint8_t kStateVersion = 1;

class AuditdSource final : public Source {
 public:
  explicit AuditdSource(const SourceOptions& options) : logons_(options.host_name, counters_) {}

  Stamp stamp(std::string_view line, InputState& /*input*/) override { return read_stamp(line); }

  void feed(std::string_view line, const Stamp& stamp, EventSink& sink) override {
    ++counters_.lines;
    if (stamp.time == kNoTime) {
      ++counters_.no_stamp;
      return;
    }
    if (stamp.time > newest_ || newest_ - stamp.time > kLateMaxUs) newest_ = stamp.time;
    expire(sink);
    const std::size_t offset = type_offset(line);
    if (offset == std::string_view::npos || !may_be_logon(line, offset)) {
      ++counters_.other;
      return;
    }
    take(line, offset, stamp, sink);
  }

  /// Does not go back by an hour, as lines can: other logs may be that far behind.
  void advance(TimeUs now, EventSink& sink) override {
    if (now <= newest_) return;
    newest_ = now;
    expire(sink);
  }

  void save(StateWriter& out) const override {
    out.version(kStateVersion);
    archive_counters(out, counters_);
    archive_time_if_any(out, newest_);
    logons_.save(out);
  }

  void load(StateReader& in) override {
    in.version(kStateVersion);
    archive_counters(in, counters_);
    archive_time_if_any(in, newest_);
    logons_.load(in);
    if (in.ok()) return;
    counters_ = {};
    newest_ = kNoTime;
  }

  void finish(EventSink& sink) override { logons_.finish(sink); }

  [[nodiscard]] const SourceCounters& counters() const override { return counters_; }

 private:
  void expire(EventSink& sink) {
    if (newest_ >= logons_.due()) logons_.expire(newest_, sink);
  }

  void take(std::string_view line, std::size_t offset, const Stamp& stamp, EventSink& sink) {
    const RecordType type = read_type(line, offset);
    if (type == RecordType::other) {
      ++counters_.other;
      return;
    }
    switch (parse_record(line, type, stamp, names_, record_)) {
      case Parse::ok:
        logons_.take(record_, newest_, sink);
        return;
      case Parse::other:
        ++counters_.other;
        return;
      case Parse::malformed:
        ++counters_.malformed;
        return;
    }
  }

  SourceCounters counters_;
  TimeUs newest_ = kNoTime;
  Logons logons_;
  Record record_;
  NameBuffer names_{};
};

/// A file whose first lines have the head of an audit record is audit.log and nothing else.
int sniff(std::string_view head) {
  int lines = 0;
  int ours = 0;
  while (!head.empty() && lines < 10) {
    const std::size_t end = head.find('\n');
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
    if (line.empty()) continue;
    ++lines;
    if (type_offset(line) != std::string_view::npos && read_stamp(line).time != kNoTime) ++ours;
  }
  if (lines == 0 || ours == 0) return 0;
  return ours == lines ? 100 : 90 * ours / lines;
}

std::unique_ptr<Source> make(const SourceOptions& options) {
  return std::make_unique<AuditdSource>(options);
}

}  // namespace
}  // namespace auditd

extern const SourcePlugin kSourceAuditd;
const SourcePlugin kSourceAuditd = {"auditd",
                                    "Linux audit log, /var/log/audit/audit.log, raw or enriched",
                                    Told::auditd, auditd::sniff, auditd::make};

}  // namespace doorward
