#include "agent/daemon/live_plan.h"

#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/folder_files.h"
#include "agent/follow/glob_follow.h"
#include "agent/follow/path_watch.h"
#include "agent/live/folder_stream.h"
#include "agent/live/journal_stream.h"
#include "agent/live/log_stream.h"

namespace doorward {
namespace {

constexpr TimeUs kDayUs = std::int64_t{86'400} * kSecondUs;
/// A log that nobody has written to for so long is a left-over: its syslog daemon is gone.
constexpr TimeUs kStaleUs = 7 * kDayUs;
constexpr TimeUs kFindAgainUs = 60 * kSecondUs;
constexpr const char* kJournald = "journald";

/// When a file was last written to; kNoTime: it is not there.
TimeUs written(const std::string& path) {
  struct stat what {};
  if (stat(path.c_str(), &what) != 0 || !S_ISREG(what.st_mode)) return kNoTime;
  return static_cast<TimeUs>(what.st_mtim.tv_sec) * kSecondUs;
}

}  // namespace

class LivePlan::Impl {
 public:
  Impl(DaemonSettings settings, HostPaths paths, LiveInputs& inputs)
      : settings_(std::move(settings)), paths_(std::move(paths)), inputs_(inputs) {}

  void begin(bool first, TimeUs now) {
    first_ = first;
    saved_ = inputs_.saved_streams();
    for (const InputSettings& input : settings_.inputs) {
      if (names_folder(input.path)) {
        add_folder(input);
      } else {
        add_logs(input.path, input.source);
      }
    }
    if (settings_.automatic) find_host_logs(now);
    look(now);
    news_.push_back(summary());
  }

  void look(TimeUs now) {
    if (wants_more() && (found_at_ == kNoTime || now - found_at_ >= kFindAgainUs)) {
      find_host_logs(now);
    }
    std::vector<bool> names(groups_.size(), false);
    for (const PathWatch::Changed& changed : watch_.take()) {
      if (changed.index < names.size()) names[changed.index] = changed.names;
    }
    for (std::size_t i = 0; i < groups_.size(); ++i) look_at(groups_[i], names[i]);
  }

  void add_descriptors(std::vector<int>& out) const {
    out.push_back(watch_.descriptor());
    for (const FolderStream* folder : folders_) out.push_back(folder->descriptor());
    if (journal_ != nullptr) out.push_back(journal_->descriptor());
  }

  std::vector<Error> take_errors() {
    for (Group& group : groups_) {
      std::vector<Error> more = group.follow->take_errors();
      std::move(more.begin(), more.end(), std::back_inserter(errors_));
    }
    return std::exchange(errors_, {});
  }
  std::vector<std::string> take_news() { return std::exchange(news_, {}); }

 private:
  struct Group {
    std::unique_ptr<GlobFollow> follow;
    std::string source;
  };

  [[nodiscard]] bool wants_more() const {
    return settings_.automatic && (!has_auth_ || !has_audit_);
  }

  void add_logs(const std::string& pattern, const std::string& source) {
    HistoryLimit limit;
    limit.days = static_cast<double>(settings_.history_days);
    const Start start = !first_                       ? Start::begin
                        : settings_.history_days == 0 ? Start::now
                                                      : Start::history;
    Group group{std::make_unique<GlobFollow>(pattern, FollowOptions{}, start, limit), source};
    for (const auto& [name, bytes] : saved_) {
      const bool ours =
          name == pattern || fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0;
      if (!ours) continue;
      const LogPosition position = saved_position(bytes);
      if (position.known()) group.follow->resume(name, position);
    }
    watch_.add(pattern);
    groups_.push_back(std::move(group));
  }  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): it does not see the vector own it

  void add_folder(const InputSettings& input) {
    auto stream = std::make_unique<FolderStream>(input.path);
    folders_.push_back(stream.get());
    inputs_.add(input.path, std::move(stream), input.source);
  }

  /// Streams come and go with the logs of a pattern.
  void look_at(Group& group, bool names) {
    group.follow->look(names);
    for (const std::string& path : group.follow->take_dropped()) {
      inputs_.remove(path);
      news_.push_back(path + ": gone");
    }
    for (const auto& log : group.follow->logs()) {
      if (inputs_.has(log->path())) continue;
      inputs_.add(log->path(), std::make_unique<LogStream>(*log), group.source);
    }
  }

  /// The log that an earlier run read stays the one, so that nothing is read twice.
  void find_host_logs(TimeUs now) {
    found_at_ = now;
    if (!has_auth_) has_auth_ = find_auth_log(now);
    if (!has_audit_) has_audit_ = find_audit_log();
  }

  bool find_auth_log(TimeUs now) {
    if (settings_.journald == Wanted::yes) return open_journal(now);
    const bool journal_was_read =
        settings_.journald == Wanted::automatic && saved_.contains(kJournald);
    if (journal_was_read && open_journal(now)) return true;
    for (const std::string& path : paths_.auth_logs) {
      const TimeUs changed = written(path);
      const bool fresh = changed != kNoTime && now - changed < kStaleUs;
      if (!fresh && !saved_.contains(path)) continue;
      add_logs(path, "authlog");
      return true;
    }
    return settings_.journald == Wanted::automatic && open_journal(now);
  }

  bool find_audit_log() {
    // One that was read before may just be between two rotations.
    const bool file = written(paths_.audit_log) != kNoTime || saved_.contains(paths_.audit_log);
    const bool relay =
        written(paths_.audit_relay) != kNoTime || saved_.contains(paths_.audit_relay);
    switch (settings_.auditd) {
      case AuditdFrom::nothing:
        return true;
      case AuditdFrom::file:
        add_logs(paths_.audit_log, "auditd");
        return true;
      case AuditdFrom::relay:
        add_logs(paths_.audit_relay, "auditd");
        return true;
      case AuditdFrom::automatic:
        break;
    }
    if (!file && !relay) return false;
    const bool relay_was_read = saved_.contains(paths_.audit_relay);
    add_logs(relay && (relay_was_read || !file) ? paths_.audit_relay : paths_.audit_log, "auditd");
    return true;
  }

  bool open_journal(TimeUs now) {
    const TimeUs since = first_ ? now - settings_.history_days * kDayUs : now;
    Result<std::unique_ptr<JournalStream>> opened = JournalStream::open(paths_.journal, since);
    if (!opened) {
      if (!std::exchange(journal_told_, true)) errors_.push_back(opened.error());
      return false;
    }
    if (!opened.value()->present() && settings_.journald != Wanted::yes) return false;
    journal_ = opened.value().get();
    inputs_.add(kJournald, std::move(opened).value(), kJournald);
    return true;
  }

  [[nodiscard]] std::string summary() const {
    std::string out;
    for (const StreamStatus& stream : inputs_.streams()) {
      out += (out.empty() ? "reading " : ", ") + stream.name;
    }
    return out.empty() ? "no log was found to read; looking again every minute" : out;
  }

  const DaemonSettings settings_;
  const HostPaths paths_;
  LiveInputs& inputs_;
  PathWatch watch_;
  std::map<std::string, std::vector<std::uint8_t>> saved_;
  std::vector<Group> groups_;
  std::vector<FolderStream*> folders_;  // owned by inputs_
  JournalStream* journal_ = nullptr;    // owned by inputs_
  std::vector<Error> errors_;
  std::vector<std::string> news_;
  TimeUs found_at_ = kNoTime;
  bool first_ = false;
  bool has_auth_ = false;
  bool has_audit_ = false;
  bool journal_told_ = false;
};

LivePlan::LivePlan(const DaemonSettings& settings, HostPaths paths, LiveInputs& inputs)
    : impl_(std::make_unique<Impl>(settings, std::move(paths), inputs)) {}
LivePlan::~LivePlan() = default;

void LivePlan::begin(bool first, TimeUs now) {
  impl_->begin(first, now);
}
void LivePlan::look(TimeUs now) {
  impl_->look(now);
}
void LivePlan::add_descriptors(std::vector<int>& out) const {
  impl_->add_descriptors(out);
}
std::vector<Error> LivePlan::take_errors() {
  return impl_->take_errors();
}
std::vector<std::string> LivePlan::take_news() {
  return impl_->take_news();
}

}  // namespace doorward
