// The fleet's policy on this host: STATE_DIR/policy.
//
//   policy/7-3f9a0c21/policy.toml, rules/, ...   a version, whole; the name has its checksum in it
//   policy/current                               which of them is in force
//
// The folders are 0700, the files 0600. A version is written into a temporary folder, which is
// renamed when all of it is on disk; then it is tried; then `current` is replaced. So after a kill
// or a power cut at any moment there is either the policy before or the new one, and never one that
// this agent has refused.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/policy/policy.h"
#include "sketch/result.h"

namespace doorward {

/// In the state's folder.
inline constexpr const char* kPolicyFolder = "policy";
/// Versions that are kept on disk, the one in force among them.
inline constexpr std::size_t kPolicyVersionsKept = 3;
/// Longest reason for a refusal that is told to the server, in bytes; it is cut there.
inline constexpr std::size_t kPolicyReasonBytesMax = 1000;

/// A version on disk.
struct StoredPolicy {
  std::uint64_t version = 0;
  std::string folder;  ///< STATE_DIR/policy/7-3f9a0c21
  PolicyTexts texts;
};

/// The policy in force, for whoever only reads settings; changes nothing. nullopt: there is none,
/// because the server sent none or the host is in no fleet. Errors: it is damaged, this version of
/// the agent cannot use it, or it may not be read; then there is none to go by.
Result<std::optional<StoredPolicy>> read_current_policy(const std::string& state_dir);

/// Of the running agent, which holds the lock of the state's folder. Not thread-safe.
class PolicyStore {
 public:
  /// Puts a policy in force that lies in a folder; "" is none. The daemon's way to reload: with
  /// options.policy set to the folder. Errors: it is refused, and the one before stays in force.
  using TryIt = std::function<Status(const std::string& folder)>;

  /// Looks at what is there, and removes what was left half written. A damaged `current` is set
  /// aside as current.damaged: there is then no policy until the server sends it again. Errors: the
  /// folder cannot be made or read.
  static Result<std::unique_ptr<PolicyStore>> open(const std::string& state_dir);

  /// The version in force; 0: none. For Hello and Heartbeat.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  /// The version that was refused last, and why; 0 once another is in force.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  /// What was set aside or cannot be used, for the log; empties the list.
  [[nodiscard]] std::vector<std::string> take_warnings();

  /// Takes a version that the server sent: checks it, writes it, tries it, puts it in force and
  /// removes versions beyond kPolicyVersionsKept. The version in force, sent again, is taken
  /// without being tried. Errors: it is refused; refused() and reason() tell the same.
  Status offer(std::uint64_t version, const PolicyTexts& files, const TryIt& try_it);

 private:
  explicit PolicyStore(std::string folder) : folder_(std::move(folder)) {}
  void clean(bool old_versions);
  Status refuse(std::uint64_t version, const Error& why);
  Status write_version(const PolicyTexts& files, const std::string& name) const;

  std::string folder_;  // STATE_DIR/policy
  std::uint64_t version_ = 0;
  std::string name_;  // of the folder in force
  std::uint64_t refused_ = 0;
  std::string reason_;
  std::vector<std::string> warnings_;
};

}  // namespace doorward
