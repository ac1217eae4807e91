// Whether the audit log ought to have told of a logon, and did not.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "plugins/event.h"
#include "plugins/limits.h"
#include "plugins/state_archive.h"
#include "sketch/entity_table.h"

namespace doorward {

/// Anybody can write a line "Accepted password for root" to the authentication log; nobody but root
/// can write its audit record. So a logon without that record is forged, provided that
///
/// * the audit log tells of such logons: before, one by the same program on the same host was told
///   by both logs. A host without auditd in a central log, a program that logs on without PAM, or
///   one whose records are filtered out, never gets there.
/// * it was being written: it has records from kTwinTimeMaxUs before the logon and as much after it
///   (su, sudo: kAttemptTimeMaxUs more, since their record may come when they end), and no gap lies
///   around it. A gap is what lasts longer than kGapMinUs and four times the silence in which a
///   moment of this log lies on average, so a busy log has gaps of ten seconds and an idle one only
///   of hours. A log that ends earlier, begins later, was rotated away or not written for a while
///   accuses nobody.
///
/// Records of several hosts are told apart by their node=. Fixed memory, taken at construction; for
/// one thread.
class TwinAbsence {
 public:
  /// Whose records are watched, by node=. At the limit EntityTable chooses whose are forgotten:
  /// their logons are not judged.
  static constexpr std::size_t kNodesMax = 1024;
  /// (host, program) whose logons both logs told of. At the limit likewise.
  static constexpr std::size_t kProgramsMax = 8192;
  /// Gaps that are remembered of one node. At the limit the oldest is forgotten; judgement comes
  /// within minutes.
  static constexpr std::size_t kGapsMax = 8;
  static constexpr TimeUs kGapMinUs = kTwinTimeMaxUs;
  /// How long a logon waits for records that show whether the audit log was being written. Then
  /// the log is taken for silent, and its program for unknown until both tell of a logon again.
  static constexpr TimeUs kSilenceMaxUs = 300 * kSecondUs;

  TwinAbsence();

  /// A record of the audit log, of whatever kind, and its stamp.
  void heard(std::string_view audit_line, TimeUs time);

  /// A success that both told of; `audit_line` is the audit log's record of it.
  void told_by_both(const Event& event, std::string_view audit_line);

  enum class Verdict : std::uint8_t {
    excused,  ///< no reason to expect more
    wait,     ///< more records have to come first
    missing,
  };
  /// Of a success that the audit log has not told of.
  [[nodiscard]] Verdict judge(const Event& event) const;

  /// A logon waited in vain: this program is not judged until told_by_both() again.
  void fell_silent(const Event& event);

  /// Writes the nodes and programs that are known.
  void save(StateWriter& out) const;
  /// Takes up what save() wrote, before anything is heard; knows nothing after a mistake.
  void load(StateReader& in);

 private:
  struct Gap {
    TimeUs from = 0;
    TimeUs to = 0;
  };
  struct Node : EntityHead {
    TimeUs first = 0;  ///< stamp of the oldest record since the clock was set; 0: none
    TimeUs last = 0;   ///< stamp of the newest record; 0: none
    // Sums over the silences between records, of their squares and of themselves, in seconds; their
    // ratio is the mean silence around a moment.
    double squares = 0;
    double seconds = 0;
    std::uint32_t gaps = 0;  ///< counted so far
    std::array<Gap, kGapsMax> gap{};
  };
  struct Program : EntityHead {
    Hash128 node;
    TimeUs since = 0;  ///< time of the first logon that both told of
    std::uint32_t silent = 0;
  };

  template <class Archive, class AnyNode>
  static void archive_node(Archive& a, AnyNode& node);
  template <class Archive, class AnyProgram>
  static void archive_program(Archive& a, AnyProgram& program);

  static void note(Node& node, TimeUs time);
  [[nodiscard]] static bool in_gap(const Node& node, TimeUs from, TimeUs to);
  [[nodiscard]] Program* program_of(const Event& event) const;

  std::unique_ptr<Node[]> node_memory_;
  std::unique_ptr<Program[]> program_memory_;
  EntityTable<Node> nodes_;
  EntityTable<Program> programs_;
};

}  // namespace doorward
