// A policy folder as a person writes it, for tests.
#pragma once

#include <string>
#include <vector>

#include "plugins/policy/policy.h"

namespace doorward {

inline const std::string kPolicyToml = R"([alerts]
budget_per_day = 2

[rules.rare_hour_for_user]
enabled = false

[rules.rare_host_for_user]
threshold = 70
strength = 2
discount = 0.4

[intervals]
delta_s = 30
heartbeat_s = 15
)";

inline const std::string kVpnToml = R"([[exception]]
name = "vpn-egress"
rule = ["rare_source_ip_for_user", "unusual_logon"]
source.ip = "@../sets/vpn.txt"
reason = "staff leave through any of the VPN's exits"
owner = "it-network"
expires = 2030-01-31
)";

inline const std::string kOwnRule = R"(id = "root_on_gate"
name = "root on the gate"
description = "Somebody logged on to the gate as root."
detector = "sequence"
threshold = 50
severity = "high"
risk_score = 73
suppress_by = ["source.ip"]

[when]
user.name = "root"
host.name = "gate-01"

[sequence]
score = 80
[[sequence.step]]
event.outcome = "success"

[[test]]
name = "root on the gate"
expect = "alert"
[test.event]
"@timestamp" = 2026-03-02T10:12:00Z
event.outcome = "success"
user.name = "root"
host.name = "gate-01"
source.ip = "203.0.113.9"
)";

inline PolicyTexts office_policy() {
  return {{"exceptions/vpn.toml", kVpnToml},
          {"policy.toml", kPolicyToml},
          {"rules/root_on_gate.toml", kOwnRule},
          {"sets/vpn.txt", "# exits\n198.51.100.0/24\n2001:db8:77::/48\n"}};
}

inline std::string& text_of(PolicyTexts& texts, const std::string& name) {
  for (PolicyText& text : texts) {
    if (text.name == name) return text.text;
  }
  texts.push_back({name, ""});
  return texts.back().text;
}

inline std::vector<std::string> words_of(const std::vector<Error>& errors) {
  std::vector<std::string> out;
  for (const Error& error : errors) out.push_back(error.message());
  return out;
}

}  // namespace doorward
