// What the server knows of its fleet, but for baselines and alerts: a fold over the ordered log.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/event.h"
#include "server/store/ordered_log.h"
#include "sketch/hash.h"

namespace doorward {

inline constexpr const char* kDefaultGroup = "default";

struct AgentRecord {
  std::string id;
  std::string host;
  std::uint64_t machine = 0;
  std::string group;
  std::string serial;  ///< of its newest certificate
  TimeUs ends = 0;     ///< of that
  TimeUs enrolled = 0;
  std::string token;  ///< name of the token it came with
  std::string address;
  bool revoked = false;
  std::string revoked_by, revoked_reason;
  TimeUs revoked_at = 0;
  std::uint64_t moves = 0;       ///< greatest number of a move
  std::uint64_t renewals = 0;    ///< greatest number of a renewal, less one
  std::uint64_t drops = 0;       ///< greatest number of a drop
  std::uint64_t last_delta = 0;  ///< greatest sequence that was applied
  TimeUs last_delta_at = 0;
};

struct TokenRecord {
  std::string digest;  ///< hexadecimal; its first 8 digits are the name
  std::string group;
  TimeUs made = 0, ends = 0;
  std::uint32_t uses = 1, used = 0;
  bool revoked = false;
  std::string by;
  [[nodiscard]] std::string name() const { return digest.substr(0, 8); }
  [[nodiscard]] bool good(TimeUs now) const { return !revoked && now < ends && used < uses; }
};

/// A file of a policy, under its name in the folder ("policy.toml", "rules/x.toml").
struct PolicyFileText {
  std::string name;
  std::string text;
  friend bool operator==(const PolicyFileText&, const PolicyFileText&) = default;
};
using PolicyFiles = std::vector<PolicyFileText>;  ///< in order of name

struct PolicyVersion {
  std::uint64_t version = 0;
  TimeUs at = 0;
  std::string by, comment;
  std::uint64_t from = 0;  ///< a rollback: of which
  std::shared_ptr<const PolicyFiles> files;
};

struct GroupRecord {
  std::string name;
  TimeUs made = 0;
  std::vector<PolicyVersion> policies;  ///< by version: 1, 2 ...; the last is in force
  [[nodiscard]] const PolicyVersion* policy() const {
    return policies.empty() ? nullptr : &policies.back();
  }
};

enum class Role : std::uint8_t { none = 0, viewer = 1, analyst = 2, admin = 3 };
std::string_view role_name(Role role);

struct ApiTokenRecord {
  std::string name;
  std::uint64_t number = 0;
  Role role = Role::none;
  std::string digest;
  TimeUs made = 0, ends = 0;  ///< 0: never ends
  std::string by;
};

struct VerdictRecord {
  std::uint64_t place = 0;
  std::string id;      ///< of the alert
  std::string agent;   ///< whose alert it was; empty: unknown, or the fleet's
  bool learn = false;  ///< false positive or benign: what was held back is usual
};

/// Whose an alert was, of the newest kAlertAgentsMax: fixed memory (about 60 bytes each), whatever
/// the number of alerts. The oldest goes first; a verdict on one that is gone has no agent.
class AlertAgents {
 public:
  /// The first to name an alert has it.
  void add(std::string_view alert, std::string_view agent);
  /// Empty when unknown.
  [[nodiscard]] std::string_view find(std::string_view alert) const;

 private:
  struct Low {
    std::size_t operator()(const Hash128& name) const { return name.low; }
  };
  std::unordered_map<Hash128, std::uint32_t, Low> agents_;  // index into names_
  std::vector<Hash128> ring_;
  std::size_t next_ = 0;
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t, std::less<>> name_index_;
};
inline constexpr std::size_t kAlertAgentsMax = 200'000;

class FleetState {
 public:
  /// Entries in order; of kinds that do not belong here nothing is taken.
  void fold(const LogEntry& entry);
  /// The place of the last entry that was folded, whatever its kind.
  [[nodiscard]] std::uint64_t folded() const { return folded_; }

  [[nodiscard]] const std::map<std::string, AgentRecord, std::less<>>& agents() const {
    return agents_;
  }
  [[nodiscard]] const AgentRecord* agent(std::string_view id) const;
  [[nodiscard]] const std::map<std::string, TokenRecord, std::less<>>& tokens() const {
    return tokens_;
  }
  [[nodiscard]] const std::map<std::string, GroupRecord, std::less<>>& groups() const {
    return groups_;
  }
  [[nodiscard]] const GroupRecord* group(std::string_view name) const;
  /// Those that were taken away too, with Role::none: their names go on counting.
  [[nodiscard]] const std::map<std::string, ApiTokenRecord, std::less<>>& api_tokens() const {
    return api_tokens_;
  }
  /// The newest key of the fleet, and its number (1...; 0: none yet).
  [[nodiscard]] const HashKey& key() const { return key_; }
  [[nodiscard]] std::uint64_t key_number() const { return key_number_; }
  [[nodiscard]] TimeUs key_made() const { return key_made_; }
  /// Verdicts on this agent's alerts after a place, oldest first, at most `most`.
  [[nodiscard]] std::vector<VerdictRecord> verdicts_after(std::string_view agent,
                                                          std::uint64_t place,
                                                          std::size_t most) const;
  /// How many verdicts an alert had (the greatest number).
  [[nodiscard]] std::uint64_t verdicts_on(std::string_view id) const;
  /// The greatest number of an audit entry.
  [[nodiscard]] std::uint64_t audits() const { return audits_; }
  /// Entries of its kinds whose data it could not read, and left out.
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }

 private:
  bool fold_agent(const LogEntry& entry);
  bool fold_token(const LogEntry& entry);
  bool fold_policy(const LogEntry& entry);
  bool fold_alert(const LogEntry& entry);
  bool fold_verdict(const LogEntry& entry);
  bool fold_api_token(const LogEntry& entry);

  std::uint64_t folded_ = 0;
  std::map<std::string, AgentRecord, std::less<>> agents_;
  std::map<std::string, TokenRecord, std::less<>> tokens_;
  std::map<std::string, GroupRecord, std::less<>> groups_;
  std::map<std::string, ApiTokenRecord, std::less<>> api_tokens_;
  HashKey key_{};
  std::uint64_t key_number_ = 0;
  TimeUs key_made_ = 0;
  std::map<std::string, std::vector<VerdictRecord>, std::less<>> verdicts_;  // by agent
  std::map<std::string, std::uint64_t, std::less<>> verdict_counts_;
  AlertAgents alert_agents_;
  std::uint64_t audits_ = 0;
  std::uint64_t damaged_ = 0;
};

}  // namespace doorward
