// What the server's store takes and how quickly it answers:
//
//   store-bench FOLDER [ALERTS]
//
// FOLDER (made, and emptied at the end) should be on the disk that is meant. Appends entries of
// 1 KiB in transactions of 1, 100 and 1000; then ALERTS alerts (1,000,000) in groups of 1000, and
// searches in them: best and worst of twenty, in milliseconds. Documents are about 1 KiB.
#include <entries_generated.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "plugins/json_writer.h"
#include "plugins/time_text.h"
#include "server/store/sqlite_log.h"

namespace doorward {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "store-bench: error: %s\n", error.message().c_str());
  std::exit(1);
}

Store open_or_fail(const std::string& folder) {
  std::filesystem::create_directories(folder);
  Result<Store> store = open_store(folder);
  if (!store) fail(store.error());
  return std::move(store).value();
}

void measure_appends(const std::string& folder, std::size_t batch) {
  Store store = open_or_fail(folder);
  std::mt19937 random(1);
  std::vector<LogEntry> entries(batch);
  for (LogEntry& entry : entries) {
    entry.kind = EntryKind::delta;
    entry.data.resize(1024);
    for (std::uint8_t& byte : entry.data) byte = static_cast<std::uint8_t>(random());
  }
  std::uint64_t number = 0;
  const auto begin = Clock::now();
  while (seconds_since(begin) < 3) {
    for (LogEntry& entry : entries) {
      ++number;
      entry.subject = "3f2504e04f8911d39a0c0305e82c" + std::to_string(1000 + number % 5000);
      entry.number = number;
    }
    const auto places = store.log->append(entries);
    if (!places) fail(places.error());
  }
  std::printf("append, %4zu a transaction: %9.0f entries/s\n", batch,
              static_cast<double>(number) / seconds_since(begin));
}

class Alerts {
 public:
  explicit Alerts(std::uint64_t alerts) : alerts_(alerts) {}

  /// A year of alerts of 20,000 users, 2,000 hosts and 65,536 addresses, some far more often than
  /// others.
  LogEntry make(std::uint64_t i) {
    const std::string user = "user" + std::to_string(skewed(20'000));
    const std::string host = "host-" + std::to_string(skewed(2'000));
    const unsigned at = skewed(65'536);
    const std::string address = "10." + std::to_string(at % 7) + "." + std::to_string(at / 256) +
                                "." + std::to_string(at % 256);
    const std::string id = "id-" + std::to_string(i) + "-1f4a9be07c3d";
    const std::string rule = "rule_" + std::to_string(skewed(30));
    const double score = static_cast<double>(random_() % 1000) / 10;
    std::string document;
    JsonWriter json(document);
    json.open().text("@timestamp", format_time(kStart + static_cast<TimeUs>(i) * step()));
    json.text("message", rule + ": " + user + " from " + address + " to " + host +
                             ", which was never seen before; 1 in 480");
    json.open("event").text("kind", "alert").text("id", id).number("severity", 47);
    json.text("original", std::string(500, 'x')).close();
    json.open("rule").text("id", rule).text("description", std::string(120, 'y')).close();
    json.open("user").text("name", user).close();
    json.open("source").text("address", address).text("ip", address).close();
    json.open("host").text("name", host).close();
    json.open("doorward").real("score", score).text("severity", "medium").close().close();
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(log::CreateAlertDirect(builder,
                                          ("agent-" + std::to_string(skewed(2'000))).c_str(), 1,
                                          score, 1, document.c_str()));
    LogEntry out;
    out.kind = EntryKind::alert;
    out.subject = id;
    out.at = kStart + static_cast<TimeUs>(i) * step();
    out.data.assign(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
    return out;
  }
  [[nodiscard]] TimeUs time_at(double share) const {
    return kStart + static_cast<TimeUs>(share * static_cast<double>(alerts_)) * step();
  }

 private:
  static constexpr TimeUs kStart = TimeUs{1'767'225'600} * 1'000'000;
  [[nodiscard]] TimeUs step() const {
    return TimeUs{365} * 24 * 3600 * 1'000'000 / static_cast<TimeUs>(alerts_);
  }
  unsigned skewed(unsigned n) {
    const double u = std::uniform_real_distribution<double>(0, 1)(random_);
    return static_cast<unsigned>(u * u * u * n);
  }
  std::uint64_t alerts_;
  std::mt19937_64 random_{7};
};

void measure_search(AlertIndex& index, const char* what, const AlertQuery& query) {
  double best = 1e9;
  double worst = 0;
  std::size_t rows = 0;
  for (int i = 0; i < 20; ++i) {
    const auto begin = Clock::now();
    const auto found = index.search(query);
    const double took = seconds_since(begin) * 1e3;
    if (!found) {
      std::printf("search %-34s %s\n", what, found.error().message().c_str());
      return;
    }
    rows = found.value().size();
    best = std::min(best, took);
    worst = std::max(worst, took);
  }
  std::printf("search %-34s %8.2f %8.2f ms  %zu rows\n", what, best, worst, rows);
}

void measure_alerts(const std::string& folder, std::uint64_t alerts) {
  Store store = open_or_fail(folder);
  Alerts made(alerts);
  double appending = 0;
  double folding = 0;
  for (std::uint64_t i = 0; i < alerts;) {
    std::vector<LogEntry> entries;
    for (; entries.size() < 1000 && i < alerts; ++i) entries.push_back(made.make(i));
    auto begin = Clock::now();
    const auto places = store.log->append(entries);
    if (!places) fail(places.error());
    appending += seconds_since(begin);
    for (std::size_t n = 0; n < entries.size(); ++n) entries[n].place = places.value()[n].value();
    begin = Clock::now();
    if (const Status folded = store.alerts->fold(entries); !folded) fail(folded.error());
    folding += seconds_since(begin);
  }
  std::printf("%llu alerts: append %.0f/s, fold %.0f/s, %.0f MiB on disk\n",
              static_cast<unsigned long long>(alerts), static_cast<double>(alerts) / appending,
              static_cast<double>(alerts) / folding,
              static_cast<double>(store.log->sizes().value().bytes) / (1 << 20));

  AlertIndex& index = *store.alerts;
  measure_search(index, "newest", {});
  measure_search(index, "user, frequent", {.user = "user0"});
  measure_search(index, "user, rare", {.user = "user19990"});
  measure_search(index, "user, unknown", {.user = "nobody"});
  measure_search(index, "user prefix*", {.user = "user1234*"});
  measure_search(index, "user *suffix, none", {.user = "*nobody"});
  measure_search(index, "address", {.address = "10.3.7.99"});
  measure_search(index, "network /24", {.address = "10.3.7.0/24"});
  measure_search(index, "network /8 (all)", {.address = "10.0.0.0/8"});
  measure_search(index, "network, none", {.address = "192.0.2.0/24"});
  measure_search(index, "host, rule", {.rule = "rule_29", .host = "host-7"});
  measure_search(index, "score >= 99.9", {.min_score = 99.9});
  measure_search(index, "last day", {.from = made.time_at(364.0 / 365)});
  measure_search(index, "a month, half a year ago",
                 {.from = made.time_at(0.5), .to = made.time_at(0.583)});
  measure_search(index, "the same of a frequent user",
                 {.user = "user0", .from = made.time_at(0.5), .to = made.time_at(0.583)});
  measure_search(index, "the older half", {.to = made.time_at(0.5)});
  measure_search(index, "verdict open, page 1000", {.before = alerts - 50'000});
  measure_search(index, "text, frequent", {.text = "rule_3"});
  measure_search(index, "text, none", {.text = "no such words"});
  for (const char* name : {"user0", "user777"}) {
    const auto begin = Clock::now();
    const auto history = index.history(AlertIndex::Entity::user, name);
    if (!history) fail(history.error());
    std::printf("history of %-8s (%llu alerts): %.1f ms\n", name,
                static_cast<unsigned long long>(history.value().alerts),
                seconds_since(begin) * 1e3);
  }
  auto begin = Clock::now();
  const auto retired = index.retire(0, alerts - 1000, 1000);
  if (!retired) fail(retired.error());
  if (const Status gone = store.log->forget(retired.value()); !gone) fail(gone.error());
  std::printf("retire and forget 1000: %.1f ms\n", seconds_since(begin) * 1e3);
  begin = Clock::now();
  if (const Status copied = store.log->copy_to(folder + "/backup.db", nullptr); !copied) {
    fail(copied.error());
  }
  std::printf("backup: %.1f s\n", seconds_since(begin));
}

}  // namespace
}  // namespace doorward

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fputs("usage: store-bench FOLDER [ALERTS]\n", stderr);
    return 1;
  }
  const std::string folder = argv[1];
  for (const std::size_t batch : {1, 100, 1000}) {
    doorward::measure_appends(folder + "/append" + std::to_string(batch), batch);
  }
  const std::uint64_t alerts = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  if (alerts > 0) doorward::measure_alerts(folder + "/alerts", alerts);
  for (const char* part : {"/append1", "/append100", "/append1000", "/alerts"}) {
    std::filesystem::remove_all(folder + part);
  }
  return 0;
}
