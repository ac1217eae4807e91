#include "bench/server/load_messages.h"

#include <ctime>
#include <vector>

#include "proto/additions_codec.h"

namespace doorward {
namespace {

constexpr std::int64_t kEpochUs = std::int64_t{7} * 24 * 3600 * 1'000'000;
constexpr std::uint64_t kOwnKeys = 400;
constexpr std::uint64_t kFleetKeys = 200'000;
/// All agents are on this one: identities are kept from run to run, in the order they came in.
constexpr std::uint64_t kMachine = 0x6C6F6164;

/// A number that looks like a hash.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ value >> 31U) * 0x9E3779B97F4A7C15ULL;
  value = (value ^ value >> 29U) * 0xBF58476D1CE4E5B9ULL;
  return value ^ value >> 32U;
}

std::string host_of(std::size_t number) {
  return "load-" + std::to_string(number);
}

std::string time_text(std::int64_t time_us) {
  const std::time_t seconds = static_cast<std::time_t>(time_us / 1'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
  return {text, size};
}

std::string document_of(LoadRandom& random, std::size_t number, const std::string& id,
                        std::int64_t time_us) {
  const std::string user = "user" + std::to_string(random() % 3000);
  const std::string source =
      "198.51." + std::to_string(random() % 256) + "." + std::to_string(1 + random() % 254);
  const std::string host = host_of(number);
  return R"({"@timestamp":")" + time_text(time_us) +
         R"(","event":{"kind":"alert","category":["authentication"],"action":"ssh_login",)"
         R"("outcome":"success","dataset":"system.auth","id":")" +
         id + R"(","risk_score":47,"severity":47,"original":")" + std::string(420, 'o') +
         R"("},"user":{"name":")" + user + R"("},"source":{"ip":")" + source +
         R"(","port":50122},"host":{"name":")" + host +
         R"("},"process":{"name":"sshd","pid":4711},"rule":{"id":"unusual_logon",)"
         R"("name":"Unusual logon","description":"Several things about one logon are rare together.",)"
         R"("version":"1"},"threat":[{"framework":"MITRE ATT&CK","tactic":{"id":"TA0001","name":)"
         R"("Initial Access"},"technique":[{"id":"T1078","name":"Valid Accounts"}]}],"message":")" +
         user + " logged on to " + host + " from " + source +
         R"(, a network that nobody in the fleet used before","doorward":{"score":81.5,)"
         R"("p_value":2.1e-6,"occurrences":1,"evidence":[{"field":"source.ip","p_value":0.0021,)"
         R"("text":"new address for the user, new network"},{"field":"host.name","p_value":0.011,)"
         R"("text":"new host for the user"},{"field":"hour","p_value":0.04,"text":"an empty hour"}]}})";
}

}  // namespace

Frame load_enrol(const std::string& token, const Der& request, std::size_t number) {
  flatbuffers::FlatBufferBuilder builder;
  // No machine: certificates come in another order than they were asked for, and agents are
  // numbered by that of certificates.
  const auto made = wire::CreateEnrolDirect(builder, kProtocolVersion, token.c_str(), &request,
                                            host_of(number).c_str(), 0, "server-load 1");
  return make_frame(builder, wire::Message::Enrol, made.Union());
}

Frame load_hello(std::size_t number, std::uint64_t instance, std::uint64_t next_sequence) {
  flatbuffers::FlatBufferBuilder builder;
  const auto version = builder.CreateString("server-load 1");
  const auto host = builder.CreateString(host_of(number));
  wire::HelloBuilder hello(builder);
  hello.add_protocol(kProtocolVersion);
  hello.add_protocol_min(kProtocolMin);
  hello.add_version(version);
  hello.add_host_name(host);
  hello.add_machine(kMachine);
  hello.add_instance(instance);
  hello.add_baseline_bytes(std::uint64_t{8} << 20U);
  hello.add_next_sequence(next_sequence);
  return make_frame(builder, wire::Message::Hello, hello.Finish().Union());
}

Frame load_heartbeat(std::int64_t time_us, std::uint64_t policy, std::uint64_t generation) {
  flatbuffers::FlatBufferBuilder builder(256);
  wire::HeartbeatBuilder heartbeat(builder);
  heartbeat.add_time(time_us);
  heartbeat.add_policy(policy);
  heartbeat.add_generation(generation);
  heartbeat.add_rss_bytes(std::uint64_t{20} << 20U);
  return make_frame(builder, wire::Message::Heartbeat, heartbeat.Finish().Union());
}

Additions load_additions(LoadRandom& random, std::size_t number, std::int64_t time_us,
                         std::size_t entries) {
  Additions additions(entries + 1);
  const std::int64_t epoch = time_us / kEpochUs;
  for (std::size_t i = 0; i < entries; ++i) {
    const bool own = random() % 10 < 7;
    const std::uint64_t key = own ? mixed(number * kOwnKeys + random() % kOwnKeys + kFleetKeys)
                                  : mixed(random() % kFleetKeys);
    const auto n = static_cast<std::uint32_t>(1 + random() % 4);
    switch (i % 4) {
      case 0:
        additions.total(Space::successes, key, epoch, n);
        break;
      case 1:
        additions.distinct(Space::successes, key,
                           static_cast<std::uint32_t>(mixed(random() % 8) & 0xFFFFFFU), epoch);
        break;
      default:
        additions.pair(i % 8 == 7 ? Space::failures : Space::successes, key, epoch, n);
    }
  }
  return additions;
}

Frame load_delta(const Additions& additions, std::uint64_t sequence, std::uint64_t key_name) {
  const std::vector<std::uint8_t> bytes = encode_additions(additions);
  flatbuffers::FlatBufferBuilder builder(bytes.size() + 512);
  const auto packed = builder.CreateVector(bytes);
  wire::DeltaBuilder delta(builder);
  delta.add_sequence(sequence);
  delta.add_key_name(key_name);
  delta.add_additions(packed);
  delta.add_lines_bytes(additions.size() * 2000);
  const std::vector<flatbuffers::Offset<wire::Delta>> deltas = {delta.Finish()};
  return make_frame(builder, wire::Message::DeltaBatch,
                    wire::CreateDeltaBatchDirect(builder, &deltas).Union());
}

Frame load_alert(LoadRandom& random, std::size_t number, std::uint64_t sequence,
                 std::int64_t time_us) {
  const std::uint64_t parts[] = {random(), random()};
  const std::string id = hex_of({reinterpret_cast<const std::uint8_t*>(parts), sizeof parts});
  flatbuffers::FlatBufferBuilder builder(2048);
  const std::vector<flatbuffers::Offset<wire::AlertItem>> alerts = {wire::CreateAlertItemDirect(
      builder, sequence, 1, 81.5, id.c_str(), 1, document_of(random, number, id, time_us).c_str())};
  return make_frame(builder, wire::Message::AlertBatch,
                    wire::CreateAlertBatchDirect(builder, &alerts).Union());
}

}  // namespace doorward
