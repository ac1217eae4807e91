#include "agent/state_baseline.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "agent/hash_key.h"
#include "plugins/alert_notes.h"
#include "plugins/count_words.h"
#include "plugins/time_text.h"
#include "proto/agent_state_file.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

std::string shape_of(const BaselineOptions& options) {
  return with_commas(options.bytes) + " bytes and " + std::to_string(options.epochs) +
         " epochs of " + with_commas(static_cast<std::uint64_t>(options.epoch_us / kSecondUs)) +
         " s";
}

/// Whether `baseline` may take the place of the one that the state has.
Status check_old(const AgentState& state, const Baseline& baseline, const HashKey& key) {
  const StateSection* section = state.find(kBaselineSection);
  if (section == nullptr) return {};
  const Result<Baseline> old = decode_baseline(section->bytes, key);
  if (!old) return Error{"the baseline there", old.error().what};
  const std::string theirs = shape_of(old.value().options());
  const std::string ours = shape_of(baseline.options());
  if (theirs == ours) return {};
  return Error{"", "the baseline there has " + theirs + ", the new one " + ours +
                       "; [baseline] memory_mib of agent.toml has to agree"};
}

}  // namespace

std::string state_path(const std::string& typed) {
  const std::string path = typed.empty() ? kStateFolder : typed;
  std::error_code failed;
  return fs::is_directory(path, failed) ? (fs::path(path) / kStateFileName).string() : path;
}

Result<HashKey> key_for(const std::string& typed, const std::string& path) {
  if (!typed.empty()) return read_key(typed);
  const bool is_state = fs::path(path).filename() == kStateFileName;
  const std::string beside = (fs::path(path).parent_path() / kHashKeyFileName).string();
  std::error_code failed;
  if (!is_state || !fs::exists(beside, failed)) return HashKey{};
  return read_key(beside);
}

std::string describe_state(const std::string& path) {
  const auto bytes = read_whole_file(path, agent_state_max(), "a state");
  if (!bytes || !looks_like_agent_state(bytes.value())) return {};
  const auto state = decode_agent_state(bytes.value());
  if (!state) return {};
  std::string out = "state     saved " + format_time(state.value().saved_at_us) + ", " +
                    counted(state.value().sections.size(), "section") + "\n";
  for (const StateSection& section : state.value().sections) {
    out += "section   " + section.name + ": " + with_commas(section.bytes.size()) + " bytes, " +
           with_commas(section.stored) + " in the file\n";
  }
  return out;
}

bool agent_runs_on(const std::string& folder) {
  const int lock = open((folder + "/" + kStateLockName).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0) return false;
  const bool runs = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(lock);
  return runs;
}

Result<std::string> import_baseline(const std::string& path, const Baseline& baseline,
                                    const HashKey& key, std::int64_t now_us) {
  if (agent_runs_on(std::filesystem::path(path).parent_path().string())) {
    return Error{path,
                 "an agent runs on this state; stop it first (systemctl stop doorward-agent)"};
  }
  const StateFileRead old = read_state_file(path);
  std::string kept;
  if (old.is != StateFileIs::missing) {
    if (old.is != StateFileIs::good) return old.error;
    if (const Status fits = check_old(old.state, baseline, key); !fits) {
      return Error{path, fits.error().message()};
    }
    const auto bytes = read_whole_file(path, agent_state_max(), "a state");
    if (!bytes) return bytes.error();
    kept = path + ".before-import-" + compact_time(now_us);
    if (const Status copied = write_whole_file(kept, bytes.value(), Owner::folder); !copied) {
      return copied.error();
    }
  }
  const std::vector<std::uint8_t> encoded = encode_baseline(baseline);
  std::vector<StatePiece> pieces = {{kBaselineSection, encoded}};
  for (const StateSection& section : old.state.sections) {
    if (section.name != kBaselineSection) pieces.push_back({section.name, section.bytes});
  }
  if (const Status written = write_state_file(path, pieces, now_us, Owner::folder); !written) {
    return written.error();
  }
  return kept;
}

}  // namespace doorward
