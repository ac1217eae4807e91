// The same attempt seen by two logs becomes one event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/twin_absence.h"
#include "agent/twin_index.h"
#include "plugins/event.h"
#include "plugins/held_event.h"
#include "plugins/limits.h"
#include "plugins/state_archive.h"

namespace doorward {

/// Stands between the sources of host logs (authlog, journald, auditd) and what scores. Two events
/// are twins when their logs differ and they agree in action, outcome, user, address, pid and host,
/// where a field that one of them lacks agrees with anything (the user only under the same pid),
/// and are at most kTwinTimeMaxUs apart (see twin_traits.h). Each event has at most one twin of
/// each other log, so that three failures here and three there are three. Among several candidates
/// it is the first of the same process, else the nearest in time.
///
/// The merged event bears the earlier time, so that it does not depend on which log is read faster;
/// the text comes from the auth log or journal, which know method, port and the whole name
/// (libaudit cuts names at 32 bytes), and what is empty there from audit. Its `told` names both.
///
/// What all expected logs have told of leaves at once, since an alert has to come within
/// milliseconds. What they have not waits until event time is kTwinTimeMaxUs past it, and then
/// leaves alone, in the order of event time. So the order in which events leave is
///
/// * of events that left alone: that of event time (of equal ones, that of arrival);
/// * of events told by all: that in which the slower log tells of them;
/// * of a success that was told by all, and failures of its address that were not and are no later:
///   five or more of them leave before it, although their time has not come, because guessing has
///   to be seen before the success that ends it. Their twin is then late, see below.
///
/// How the lines of the logs interleave on arrival changes nothing in that, as long as each log
/// keeps its own order and advance() is called before each line with the least of the logs' newest
/// stamps, that of the line included; but for this:
///
/// * Two attempts, both told by all logs, that one log tells in another order than the other leave
///   in the order of the log that is read later. auth.log tells of a name without a password, and
///   audit.log of a refused key, when the process ends, so they are behind others there.
/// * What leaves alone just when event time passes between the stamps of a complete event's lines
///   leaves before or after that.
/// * Where one of the logs has no pid (sudo) and an account fails several times within
///   kTwinTimeMaxUs, which of the failures is whose twin.
/// * What is born late, see below, is merged when its log is read that far ahead of the other, and
///   else is late: whether the event names both logs, and when it leaves.
/// * A success whose twin is missing leaves when that is known.
///
/// Some events are born late: a failure that is only told by its process ending bears a time
/// up to kAttemptTimeMaxUs back, when its twin has long gone on. Holding every event for two
/// minutes would delay every alert by as much, so what went on alone is remembered, without its
/// text, as long as that: a late twin of it is swallowed and counted. It is not lost, since its
/// attempt was told, and not doubled; only `told` of the first names one log. Anything else that is
/// late leaves at once.
///
/// A success that the audit log should have told of and has not (twin_absence.h) leaves with
/// Field::twin = kMissingTwin. While that cannot be told yet, it waits on, behind the others and
/// out of their order, for at most TwinAbsence::kSilenceMaxUs; a twin that comes in that time is
/// merged and sends it on. A real logon has its twin within a second, so nothing waits but what is
/// forged, and the first one after auditd fell silent.
///
/// With fewer than two such logs everything passes through, without a copy or delay.
/// Does not allocate in steady state. For one thread.
class TwinMerge final : public EventSink {
 public:
  /// `next` must outlive this.
  explicit TwinMerge(EventSink& next);
  ~TwinMerge() override;
  TwinMerge(const TwinMerge&) = delete;
  TwinMerge& operator=(const TwinMerge&) = delete;

  /// Which logs are read. Going below two hands on what is held.
  void expect(Told both);

  /// Whether complete events wait like the others, so that all leave in the order of event time but
  /// for what is late or missing: for what is in no hurry. Not saved.
  void keep_order(bool keep) { keep_order_ = keep; }

  void on_event(const Event& event) override;

  /// A line of the audit log and its stamp, whatever is in it: the log was being written then.
  /// After the events of that line, before the next advance().
  void heard_audit(std::string_view line, TimeUs time) {
    if (absence_) absence_->heard(line, time);
  }

  /// Event time is now at least `now`; a step back by more than an hour is taken as the clock being
  /// set. Hands on what has waited long enough. kNoTime: nothing happens.
  void advance(TimeUs now);

  /// Hands on all that is held, in order.
  void finish();

  /// Writes all that is held and remembered, what is expected, and the counters.
  void save(StateWriter& out) const;
  /// Takes up what save() wrote, before the first event; expect() says what has changed since.
  /// After a mistake, see in.ok(), nothing is held and what was expected before still is.
  void load(StateReader& in);

  /// Events that were merged into another or swallowed as its late twin.
  [[nodiscard]] std::uint64_t merged() const { return merged_; }
  /// Of these: came when their twin had already gone on.
  [[nodiscard]] std::uint64_t late() const { return late_; }
  /// Events that went on before their time because kHeldEventsMax were held.
  [[nodiscard]] std::uint64_t pushed_out() const { return pushed_out_; }
  /// Successes that left with kMissingTwin.
  [[nodiscard]] std::uint64_t missing() const { return missing_; }

 private:
  struct Keys;
  struct Trace;
  struct Waiting;

  template <class TraitsOf>
  static std::int32_t find_slot(const TwinIndex& index, const Keys& keys, const Event& event,
                                TimeUs time_max, TraitsOf traits);
  Waiting* find_waiting(const Event& event, const Keys& keys);
  bool was_told(const Event& event, const Keys& keys, TimeUs time_max);
  void make_tables();
  void reset();
  template <class Archive, class AnyMerge>
  static void archive_numbers(Archive& a, AnyMerge& merge);
  void save_tables(StateWriter& out) const;
  void load_tables(StateReader& in);
  void hold(const Event& event, const Keys& keys);
  void merge(Waiting& first, const Event& second);
  [[nodiscard]] bool told_by_all(Told told) const;
  void hand_on_failures_before(const Event& success, TimeUs until);
  std::int32_t take_earliest();
  void leave_heap(std::size_t position);
  void hand_on_earliest(bool may_wait);
  void hand_on(std::int32_t slot, bool missing);
  void review_suspects(bool last);
  [[nodiscard]] bool lacks_audit(const Event& event) const;
  void remember(const Event& event);
  void sift_up(std::size_t position);
  void sift_down(std::size_t position);
  void place(std::size_t position, std::int32_t slot);
  [[nodiscard]] bool before(std::int32_t a, std::int32_t b) const;

  EventSink& next_;
  Told expected_ = Told::none;
  bool merging_ = false;
  bool keep_order_ = false;
  TimeUs now_ = kNoTime;
  std::uint64_t arrivals_ = 0;
  std::uint64_t merged_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t pushed_out_ = 0;
  std::uint64_t missing_ = 0;

  std::unique_ptr<Waiting[]> waiting_;  ///< kHeldEventsMax of them
  std::vector<std::int32_t> free_;
  std::vector<std::int32_t> heap_;     ///< slots of waiting_, earliest first
  std::vector<std::int32_t> leaving_;  ///< scratch: slots about to be handed on
  std::unique_ptr<TwinIndex> waiting_index_;
  std::unique_ptr<Trace[]> traces_;  ///< a ring of what went on alone
  std::size_t next_trace_ = 0;
  std::unique_ptr<TwinIndex> trace_index_;
  HeldEvent scratch_;
  std::unique_ptr<TwinAbsence> absence_;  ///< with an audit log
  std::vector<std::int32_t> suspects_;    ///< slots of waiting_ that left heap_ and wait on
  TimeUs reviewed_ = kNoTime;

  // Of the event before.
  TimeUs last_time_ = kNoTime;
  Told last_told_ = Told::none;
  std::uint64_t last_user_ = 0;
  std::uint32_t last_pid_ = 0;
};

}  // namespace doorward
