// The inside of the core (core.h).
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "server/core/core.h"
#include "server/core/upkeep.h"

namespace doorward {

class CoreThread final : public Core {
 public:
  CoreThread(const ServerSettings& settings, Store store);
  ~CoreThread() override;

  /// Folds the log; makes the fleet's key and first group when there are none.
  Status load(const std::function<void(double)>& progress);

  void ask(Question question) override;
  void change(Propose propose, Done done) override;
  void listen(Listener listener) override { listeners_.push_back(std::move(listener)); }
  void every_second(Question work) override { work_.push_back(std::move(work)); }
  void reload(const ServerSettings& settings) override;
  void start() override;
  void stop() override;
  void run_pending() override;
  [[nodiscard]] std::size_t waiting() const override { return waiting_.load(); }
  [[nodiscard]] std::string trouble() const override;

 private:
  /// A question, or a proposal.
  struct Item {
    Question question;
    Propose propose;
    Done done;
  };
  /// What became of an item in a turn.
  struct Slot {
    enum class Is : std::uint8_t { asked, deferred, answered, failed, proposed } is = Is::asked;
    std::size_t begin = 0, end = 0;  // its entries
    Error error;
  };
  /// A number that somebody proposed in this turn.
  using Claim = std::tuple<EntryKind, std::string, std::uint64_t>;

  void put(Item item);
  void run();
  void beat();
  /// True when there was something to do.
  bool turn();
  void run_items(std::vector<Item>& items);
  bool propose(Item& item, Slot& slot, std::vector<LogEntry>& entries, FleetView& view);
  [[nodiscard]] bool claim(const std::vector<LogEntry>& entries);
  Result<std::vector<Committed>> commit(std::vector<LogEntry>& entries);
  /// Folds entries that are in the log; tells the listeners.
  void fold(std::vector<LogEntry>& entries);
  /// Folds what others have appended, and what the index of alerts has not got.
  Status catch_up();
  Status catch_up_alerts();
  Status first_entries();
  Status fold_all(std::uint64_t snapshot_place, const std::function<void(double)>& progress);
  [[nodiscard]] std::size_t connected(const std::string& group) const;
  void set_trouble(const Status& status);
  FleetView view();

  ServerSettings settings_;
  Store store_;
  FleetState state_;
  std::unique_ptr<Baselines> baselines_;
  std::unique_ptr<Upkeep> upkeep_;
  LiveAgents live_;
  std::vector<Listener> listeners_;
  std::vector<Question> work_;
  std::uint64_t folded_ = 0;
  bool alerts_behind_ = false;
  std::set<Claim> claims_;
  std::uint64_t audits_ = 0;  // the number given last
  std::vector<Item> deferred_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  std::string trouble_;
  bool stopping_ = false;
  std::atomic<std::size_t> waiting_{0};
  std::thread thread_;
};

}  // namespace doorward
