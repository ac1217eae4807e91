// Sources whose lines are JSON: entries of the journal as `journalctl -o json` writes them, and
// AWS CloudTrail's records. stamp() and feed(), events thrown away.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/sources/auditd_lines.h"
#include "bench/support/items.h"
#include "plugins/sources/source.h"

namespace doorward {
extern const SourcePlugin kSourceJournald;
extern const SourcePlugin kSourceCloudtrail;

namespace {

constexpr int kRecords = 50'000;

class Ignore final : public EventSink {
 public:
  void on_event(const Event& event) override {
    ++events;
    benchmark::DoNotOptimize(event.time);
  }
  std::uint64_t events = 0;
};

/// Records that lie one after the other as in a reader's buffer.
struct Records {
  std::string text;
  std::vector<std::string_view> list;
};

Records cut(std::string text) {
  Records records{std::move(text), {}};
  const std::size_t used = records.text.size();
  records.text.append(kRecordPadding, '\0');
  for (std::size_t at = 0; at < used;) {
    const std::size_t end = records.text.find('\n', at);
    records.list.push_back(std::string_view(records.text).substr(at, end - at));
    at = end + 1;
  }
  return records;
}

/// Of five entries one tells a logon, one a failure, and three are others' (a service, cron).
std::string journal_entries() {
  bench::Dice dice;
  std::string text;
  for (int i = 0; i < kRecords; ++i) {
    const std::string number = std::to_string(1000 + i % 30000);
    const std::uint32_t user = dice.next(300);
    const std::string who =
        "user" + std::to_string(user) + " from 10.1.7." + std::to_string(user % 250);
    const bool sshd = i % 5 < 2;
    std::string message = i % 5 == 0 ? "Accepted password for " + who + " port " + number + " ssh2"
                          : i % 5 == 1 ? "Failed password for " + who + " port " + number + " ssh2"
                                       : "worker " + number + " took 12 ms for 3 of 8 requests";
    char time[32];
    std::snprintf(time, sizeof time, "%llu", 1'795'177'216'000'000ULL + 500'000ULL * i);
    text +=
        R"({"__CURSOR":"s=9c2f8a6d;i=)" + number + R"(;b=5e1f","__REALTIME_TIMESTAMP":")" + time +
        R"(","__MONOTONIC_TIMESTAMP":"91233112","_BOOT_ID":"5e1f0b6c","_HOSTNAME":"web-1",)" +
        R"("_MACHINE_ID":"0123456789abcdef","PRIORITY":"6","SYSLOG_FACILITY":"10","MESSAGE":")" +
        message + R"(","_SOURCE_REALTIME_TIMESTAMP":")" + time + R"(","SYSLOG_IDENTIFIER":")" +
        (sshd ? "sshd" : "app") + R"(","_PID":")" + number + R"(","_UID":")" + (sshd ? "0" : "33") +
        R"(","_TRANSPORT":"syslog","_COMM":")" + (sshd ? "sshd" : "app") + R"(","_EXE":")" +
        (sshd ? "/usr/sbin/sshd" : "/usr/bin/app") + R"(","_CAP_EFFECTIVE":")" +
        (sshd ? "1ffffffffff" : "0") + "\"}\n";
  }
  return text;
}

/// Of five records one is a console sign-in, the others calls.
std::string cloudtrail_records() {
  bench::Dice dice;
  std::string text;
  for (int i = 0; i < kRecords; ++i) {
    const std::uint32_t user = dice.next(300);
    const std::string name = "user" + std::to_string(user);
    char time[32];
    std::snprintf(time, sizeof time, "2026-11-%02dT%02d:%02d:%02dZ", 1 + i / 2000 % 28, i / 90 % 24,
                  i % 60, i * 7 % 60);
    const bool sign_in = i % 5 == 0;
    text += R"({"eventVersion":"1.08","userIdentity":{"type":"IAMUser","principalId":"AIDA)" +
            std::to_string(100000 + user) + R"(","arn":"arn:aws:iam::210987654321:user/)" + name +
            R"(","accountId":"210987654321","userName":")" + name + R"("},"eventTime":")" + time +
            R"(","eventSource":")" + (sign_in ? "signin.amazonaws.com" : "ec2.amazonaws.com") +
            R"(","eventName":")" + (sign_in ? "ConsoleLogin" : "DescribeInstances") +
            R"(","awsRegion":"eu-north-1","sourceIPAddress":"203.0.113.)" +
            std::to_string(user % 250) +
            R"(","userAgent":"Mozilla/5.0 Linux x86_64","requestParameters":null,)" +
            R"("responseElements":)" + (sign_in ? R"({"ConsoleLogin":"Success"})" : "null") +
            R"(,"eventID":"11111111-0000-4000-8000-)" + std::to_string(100000000000 + i) +
            R"(","readOnly":true,"eventType":")" + (sign_in ? "AwsConsoleSignIn" : "AwsApiCall") +
            R"(","managementEvent":true,"recipientAccountId":"210987654321"})" + "\n";
  }
  return text;
}

void feed_records(benchmark::State& state, const SourcePlugin& plugin, const Records& records) {
  const std::unique_ptr<Source> source = plugin.make({});
  Ignore sink;
  const auto pass = [&] {
    InputState input;
    for (const std::string_view line : records.list) {
      source->feed(line, source->stamp(line, input), sink);
    }
  };
  pass();
  sink.events = 0;
  {
    bench::Items items(state);
    for (auto _ : state) {
      pass();
      items.add(records.list.size());
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(records.text.size()) *
                          static_cast<std::int64_t>(state.iterations()));
  state.counters["events"] =
      static_cast<double>(sink.events) / static_cast<double>(state.iterations());
}

void journald_entries(benchmark::State& state) {
  static const Records kEntries = cut(journal_entries());
  feed_records(state, kSourceJournald, kEntries);
}
BENCHMARK(journald_entries)->Unit(benchmark::kMillisecond);

void cloudtrail_json(benchmark::State& state) {
  static const Records kList = cut(cloudtrail_records());
  feed_records(state, kSourceCloudtrail, kList);
}
BENCHMARK(cloudtrail_json)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace doorward
