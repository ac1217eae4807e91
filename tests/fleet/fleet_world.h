// A fleet in memory: agents with a disk that can be killed at any place, and a server that sums.
#pragma once

#include <cassert>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/fleet/learning.h"
#include "plugins/event.h"
#include "proto/additions_codec.h"
#include "proto/baseline_codec.h"

namespace doorward::testing {

inline constexpr TimeUs kFleetNow = TimeUs{1'800'000'000} * kSecondUs;

inline BaselineOptions fleet_options() {
  BaselineOptions options;
  options.bytes = std::size_t{256} << 10;
  options.key.bytes.fill(7);
  return options;
}

inline Baseline empty_baseline() {
  Result<Baseline> made = Baseline::make(fleet_options());
  assert(made);
  return std::move(made).value();
}

/// One "line" of a log: what learning it adds. Agents share most of what they see.
inline void learn_line(std::uint64_t number, Baseline& baseline) {
  const std::int64_t newest = baseline.epoch_of(kFleetNow);
  const std::int64_t epoch = newest - static_cast<std::int64_t>(number % 2);
  baseline.advance(newest);
  const HashKey key = fleet_options().key;
  const Hash128 user = hash_text(key, "user " + std::to_string(number % 40));
  const Hash128 address = hash_text(key, "address " + std::to_string(number % 700));
  const Hash128 pair = join(user, address, 3);
  baseline.pairs(Space::successes).add(pair, epoch);
  baseline.totals(Space::successes).add(join(user, user, 4), epoch);
  baseline.distinct(Space::failures).add(join(user, user, 5), pair, epoch);
  // Fewer names than a baseline has room for.
  const Hash128 name = hash_text(key, "hours " + std::to_string(number % 3));
  baseline.histograms().add(name, static_cast<unsigned>(number % 24), epoch);
}

/// Sums rounds of deltas, each (agent, sequence) once.
class SummingServer {
 public:
  explicit SummingServer() : fleet_(empty_baseline()) {}

  void take(const std::string& agent, const SealedDelta& delta) {
    if (delta.sequence <= applied_[agent]) return;
    applied_[agent] = delta.sequence;
    const Result<Additions> additions = decode_additions(delta.additions);
    assert(additions);
    open_.add(additions.value());
    sum_.add(additions.value());
    open_includes_[agent] = delta.sequence;
    lines_bytes_ += delta.lines_bytes;
  }
  void close_round() {
    if (open_.empty()) return;
    open_.apply_to(fleet_);
    rounds_.push_back({encode_additions(open_), open_includes_});
    for (const auto& [agent, sequence] : open_includes_) included_[agent] = sequence;
    open_.clear();
    open_includes_.clear();
  }
  /// What the agent needs next; the whole when it has nothing or is too far behind.
  [[nodiscard]] std::optional<FleetPatch> patch(const std::string& agent,
                                                std::uint64_t generation) const {
    if (generation == rounds_.size()) return std::nullopt;
    FleetPatch out;
    if (generation == 0 || generation > rounds_.size() || rounds_.size() - generation > 5) {
      out.generation = rounds_.size();
      out.whole = encode_baseline(fleet_);
      const auto found = included_.find(agent);
      out.includes = found == included_.end() ? 0 : found->second;
      return out;
    }
    const Round& round = rounds_[generation];
    out.previous = generation;
    out.generation = generation + 1;
    out.additions = round.additions;
    const auto found = round.includes.find(agent);
    out.includes = found == round.includes.end() ? 0 : found->second;
    return out;
  }
  [[nodiscard]] std::uint64_t applied(const std::string& agent) const {
    const auto found = applied_.find(agent);
    return found == applied_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::uint64_t generation() const { return rounds_.size(); }
  [[nodiscard]] const Additions& sum() const { return sum_; }
  [[nodiscard]] std::vector<std::uint8_t> fleet() const { return encode_baseline(fleet_); }
  [[nodiscard]] std::uint64_t lines_bytes() const { return lines_bytes_; }
  [[nodiscard]] Baseline fleet_copy() const { return fleet_.copy(); }

 private:
  struct Round {
    std::vector<std::uint8_t> additions;
    std::map<std::string, std::uint64_t> includes;
  };
  Baseline fleet_;
  Additions open_;
  Additions sum_;
  std::map<std::string, std::uint64_t> open_includes_, included_, applied_;
  std::vector<Round> rounds_;
  std::uint64_t lines_bytes_ = 0;

 public:
  SummingServer(const SummingServer& other)
      : fleet_(other.fleet_.copy()),
        open_(other.open_),
        sum_(other.sum_),
        open_includes_(other.open_includes_),
        included_(other.included_),
        applied_(other.applied_),
        rounds_(other.rounds_),
        lines_bytes_(other.lines_bytes_) {}
  /// Restored from a backup.
  void restore(const SummingServer& from) {
    fleet_ = from.fleet_.copy();
    open_ = from.open_;
    sum_ = from.sum_;
    open_includes_ = from.open_includes_;
    included_ = from.included_;
    applied_ = from.applied_;
    rounds_ = from.rounds_;
    lines_bytes_ = from.lines_bytes_;
  }
  SummingServer& operator=(const SummingServer&) = delete;
};

/// One agent; its log is the numbers from `first` on.
class SimulatedAgent {
 public:
  SimulatedAgent(std::string name, std::uint64_t first) : name_(std::move(name)), first_(first) {
    start();
    save();
  }

  void read(std::size_t lines) {
    for (std::size_t i = 0; i < lines; ++i) learn_line(first_ + position_++, *baseline_);
  }
  void seal() {
    learning_->seal({}, position_);
    learning_->number();
  }
  void seal_offline() { learning_->seal({}, position_); }
  void snapshot() {
    snapshot_ = {encode_baseline(*baseline_), learning_->image().encode(), position_,
                 learning_->image().numbered};
  }
  /// The snapshot of last time is on disk: what is numbered in it may be sent.
  void written() {
    disk_ = snapshot_;
    offered_ = disk_.numbered;
  }
  void save() {
    snapshot();
    written();
  }
  void send(SummingServer& server, std::size_t most) const {
    for (const auto& delta : offered_) {
      if (delta->sequence <= server.applied(name_)) continue;
      if (most-- == 0) return;
      server.take(name_, *delta);
    }
  }
  /// False: there was nothing to apply.
  bool patch(const SummingServer& server) {
    const std::optional<FleetPatch> patch = server.patch(name_, learning_->generation());
    if (!patch) return false;
    Result<PreparedPatch> prepared =
        prepare_patch(*patch, learning_->begin_patch(), fleet_options(), kFleetNow);
    assert(prepared);
    if (between_) between_();
    const Status applied = learning_->apply(std::move(prepared).value(), *baseline_);
    assert(applied);
    return true;
  }
  bool welcome(const SummingServer& server) { return learning_->welcome(server.applied(name_)); }
  /// kill -9, and a start.
  void kill() {
    start();
    offered_ = disk_.numbered;
  }

  [[nodiscard]] std::uint64_t lines() const { return position_; }
  [[nodiscard]] std::uint64_t first() const { return first_; }
  [[nodiscard]] std::vector<std::uint8_t> bytes() const { return encode_baseline(*baseline_); }
  [[nodiscard]] FleetLearning& learning() { return *learning_; }
  /// Called between the making and the applying of a patch.
  void set_between(std::function<void()> between) { between_ = std::move(between); }

 private:
  struct Saved {
    std::vector<std::uint8_t> baseline, learning;
    std::uint64_t position = 0;
    SealedDeltas numbered;
  };

  void start() {
    if (disk_.baseline.empty()) {
      baseline_.emplace(empty_baseline());
      learning_ = std::make_unique<FleetLearning>(name_);
    } else {
      Result<Baseline> baseline = decode_baseline(disk_.baseline, fleet_options().key);
      assert(baseline);
      baseline_.emplace(std::move(baseline).value());
      auto learning = FleetLearning::load(disk_.learning, name_);
      assert(learning);
      learning_ = std::move(learning).value();
      position_ = disk_.position;
    }
    learning_->attach(*baseline_);
  }

  std::string name_;
  std::uint64_t first_;
  std::uint64_t position_ = 0;
  std::optional<Baseline> baseline_;
  std::unique_ptr<FleetLearning> learning_;
  Saved snapshot_, disk_;
  SealedDeltas offered_;
  std::function<void()> between_;
};

}  // namespace doorward::testing
