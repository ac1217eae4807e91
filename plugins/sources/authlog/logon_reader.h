// Records of logon programs in, logons out: what the sources of syslog and of the journal share.
#pragma once

#include "plugins/sources/authlog/attempts.h"
#include "plugins/sources/authlog/emitter.h"
#include "plugins/sources/authlog/messages.h"
#include "plugins/sources/authlog/recent.h"
#include "plugins/sources/authlog/record.h"
#include "plugins/sources/source.h"

namespace doorward::authlog {

/// Everything that such a source remembers from record to record, its counters too. Not
/// thread-safe. Allocates as AttemptTable does.
class LogonReader {
 public:
  /// `told`: the log that the records come from, for Event::told.
  explicit LogonReader(Told told)
      : out_(counters_, told), attempts_(out_), desk_{attempts_, out_} {}
  LogonReader(const LogonReader&) = delete;
  LogonReader& operator=(const LogonReader&) = delete;

  /// The sink of the coming calls. Has to live until the next set_sink() or the last of them.
  void set_sink(EventSink& sink) { out_.set_sink(sink); }

  /// Event time is at least `now`: closes what is overdue.
  void expire(TimeUs now) { attempts_.expire(now); }

  /// The same when no record came; see Source::advance().
  void advance(TimeUs now, EventSink& sink) {
    if (now == kNoTime) return;
    set_sink(sink);
    expire(now);
  }

  /// See Source::save() and load().
  void save(StateWriter& out) const;
  void load(StateReader& in);

  /// One line of syslog, "repeated N times" and its frame taken for what they repeat. Counts what
  /// gave nothing in `other` or `malformed`.
  void read_line(Record& record);

  /// One message as its program wrote it: no repetitions are looked for. Counts likewise.
  void read_message(const Record& record) { count(reading_of_message(record)); }

  /// Closes everything that is open.
  void clear() { attempts_.clear(); }

  SourceCounters& counters() { return counters_; }
  [[nodiscard]] const SourceCounters& counters() const { return counters_; }

 private:
  Reading reading_of_line(Record& record);
  Reading reading_of_message(const Record& record);
  void count(Reading reading);

  SourceCounters counters_;
  Emitter out_;
  AttemptTable attempts_;
  RecentMessages recent_;
  Desk desk_;
};

/// What the sources of syslog and of the journal have in common: a LogonReader, and all of Source
/// but stamp() and feed().
class LogonSource : public Source {
 public:
  void advance(TimeUs now, EventSink& sink) final { reader_.advance(now, sink); }
  void save(StateWriter& out) const final { reader_.save(out); }
  void load(StateReader& in) final { reader_.load(in); }
  void finish(EventSink& sink) final {
    reader_.set_sink(sink);
    reader_.clear();
  }
  [[nodiscard]] const SourceCounters& counters() const final { return reader_.counters(); }

 protected:
  explicit LogonSource(Told told) : reader_(told) {}
  [[nodiscard]] LogonReader& reader() { return reader_; }

 private:
  LogonReader reader_;
};

}  // namespace doorward::authlog
