#include "agent/twin_absence.h"

#include <algorithm>
#include <span>

namespace doorward {
namespace {

/// Nothing here goes stale: silence is judged by its length.
constexpr std::uint32_t kNever = UINT32_MAX;
constexpr double kGapFactor = 4;
/// Silences that are weighed, in seconds; beyond, older ones count half.
constexpr double kMemory = 3600;
/// A step back by more than this is the clock being set, or an older file.
constexpr TimeUs kLateMaxUs = 3600 * kSecondUs;

double to_seconds(TimeUs time) {
  return static_cast<double>(time) / static_cast<double>(kSecondUs);
}

std::uint32_t rank_time(TimeUs time) {
  return static_cast<std::uint32_t>(std::clamp<TimeUs>(time / kSecondUs, 0, UINT32_MAX));
}

std::string_view node_of(std::string_view audit_line) {
  constexpr std::string_view kNode = "node=";
  if (!audit_line.starts_with(kNode)) return {};
  return audit_line.substr(kNode.size(), audit_line.find(' ') - kNode.size());
}

/// The names are those of root's own configuration and need no secret key.
Hash128 hash_of(std::string_view text) {
  static const Hash128 nameless = hash_text(HashKey{}, {});
  return text.empty() ? nameless : hash_text(HashKey{}, text);
}

template <class Entry>
std::span<std::byte> bytes_of(Entry* memory, std::size_t count) {
  return std::as_writable_bytes(std::span(memory, count));
}

/// `sudo -l` and `sudo -v` are written like commands ("COMMAND=list"), but nothing is run and the
/// audit log has no record of them. Commands begin with a slash.
bool runs_something(const Event& event) {
  return event[Field::event_action] != "sudo" ||
         event[Field::original].find("COMMAND=/") != std::string_view::npos;
}

/// Until when the audit log's record may come.
TimeUs latest_twin(const Event& event) {
  const std::string_view action = event[Field::event_action];
  const bool held = action == "su" || action == "sudo";
  return event.time + kTwinTimeMaxUs + (held ? kAttemptTimeMaxUs : 0);
}

}  // namespace

TwinAbsence::TwinAbsence()
    : node_memory_(std::make_unique<Node[]>(kNodesMax)),
      program_memory_(std::make_unique<Program[]>(kProgramsMax)),
      nodes_(bytes_of(node_memory_.get(), kNodesMax)),
      programs_(bytes_of(program_memory_.get(), kProgramsMax)) {
  static_assert(kNodesMax % EntityTable<Node>::kWays == 0);
  static_assert(kProgramsMax % EntityTable<Program>::kWays == 0);
}

void TwinAbsence::heard(std::string_view audit_line, TimeUs time) {
  if (time == kNoTime) return;
  note(nodes_.touch(hash_of(node_of(audit_line)), rank_time(time), kNever), time);
}

void TwinAbsence::note(Node& node, TimeUs time) {
  if (node.last == 0 || node.last - time > kLateMaxUs) {
    node.first = node.last = time;
    return;
  }
  if (time <= node.last) return;
  const double silence = to_seconds(time - node.last);
  const double longest =
      node.seconds > 0 ? std::max(to_seconds(kGapMinUs), kGapFactor * node.squares / node.seconds)
                       : to_seconds(kGapMinUs);
  if (silence > longest) node.gap[node.gaps++ % kGapsMax] = {node.last, time};
  // A gap counts as the longest silence that is none, so that one outage changes little, and a log
  // that has become idle is taken for idle after a few.
  const double counted = std::min(silence, longest);
  node.squares += counted * counted;
  node.seconds += counted;
  if (node.seconds > kMemory) {
    node.squares /= 2;
    node.seconds /= 2;
  }
  node.last = time;
}

bool TwinAbsence::in_gap(const Node& node, TimeUs from, TimeUs to) {
  const std::size_t known = std::min<std::size_t>(node.gaps, kGapsMax);
  return std::any_of(node.gap.begin(), node.gap.begin() + static_cast<std::ptrdiff_t>(known),
                     [&](const Gap& gap) { return gap.from < to && gap.to > from; });
}

TwinAbsence::Program* TwinAbsence::program_of(const Event& event) const {
  const Hash128 key =
      join(hash_of(event[Field::host_name]), hash_of(event[Field::process_name]), 0);
  return programs_.find(key, rank_time(event.time), kNever);
}

void TwinAbsence::told_by_both(const Event& event, std::string_view audit_line) {
  const Hash128 key =
      join(hash_of(event[Field::host_name]), hash_of(event[Field::process_name]), 0);
  Program& program = programs_.touch(key, rank_time(event.time), kNever);
  program.node = hash_of(node_of(audit_line));
  if (program.since == 0 || program.silent != 0 || event.time < program.since) {
    program.since = event.time;
  }
  program.silent = 0;
}

TwinAbsence::Verdict TwinAbsence::judge(const Event& event) const {
  const Program* program = program_of(event);
  if (program == nullptr || program->silent != 0 || event.time < program->since ||
      !runs_something(event)) {
    return Verdict::excused;
  }
  const Node* node = nodes_.find(program->node, rank_time(event.time), kNever);
  if (node == nullptr || event.time - kTwinTimeMaxUs < node->first) return Verdict::excused;
  const TimeUs until = latest_twin(event);
  // Ends in the future of the newest record: a gap is only known when it is over.
  if (node->last < until) return Verdict::wait;
  return in_gap(*node, event.time - kTwinTimeMaxUs, until) ? Verdict::excused : Verdict::missing;
}

void TwinAbsence::fell_silent(const Event& event) {
  if (Program* program = program_of(event)) program->silent = 1;
}

}  // namespace doorward
