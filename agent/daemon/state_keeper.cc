#include "agent/daemon/state_keeper.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "agent/hash_key.h"
#include "agent/options.h"
#include "agent/state_baseline.h"
#include "proto/agent_state_file.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

constexpr std::string_view kSpoolSection = "spool";

std::vector<std::uint8_t> spool_section(std::uint64_t head) {
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  out(head);
  return bytes;
}

}  // namespace

Result<std::unique_ptr<StateKeeper>> StateKeeper::open(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error(folder, "cannot make the folder for the state");
  }
  const std::string path = folder + "/" + kStateLockName;
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return system_error(path, "cannot write to the folder of the state");
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const bool taken = errno == EWOULDBLOCK;
    const Error why = system_error(path, "cannot lock");
    close(lock);
    if (taken) return Error{folder, "another doorward-agent runs on this state"};
    return why;
  }
  return std::unique_ptr<StateKeeper>(new StateKeeper(folder, lock));
}

StateKeeper::~StateKeeper() {
  close(lock_);
}

std::string StateKeeper::file() const {
  return folder_ + "/" + std::string(kStateFileName);
}

Result<HashKey> StateKeeper::key() const {
  return load_or_make_key(folder_ + "/" + kHashKeyFileName);
}

Result<StateKeeper::Loaded> StateKeeper::load(const HashKey& key,
                                              std::size_t baseline_bytes) const {
  BaselineOptions options;
  options.bytes = baseline_bytes;
  options.key = key;
  Result<Baseline> empty = Baseline::make(options);
  if (!empty) return empty.error();
  Loaded loaded{std::move(empty).value(), {}, true, false, 0, {}};
  StateFileRead read = read_state_file(file());
  if (read.is == StateFileIs::unreadable) return read.error;
  if (read.is == StateFileIs::missing) return loaded;
  if (read.is == StateFileIs::damaged) {
    loaded.warnings.push_back(set_aside(file(), read.error.message(), clock_now()).message());
    return loaded;
  }
  const StateSection* section = read.state.find(kBaselineSection);
  if (section != nullptr) {
    Result<Baseline> baseline = decode_baseline(section->bytes, key);
    if (!baseline) {
      loaded.warnings.push_back(
          set_aside(file(), baseline.error().message(), clock_now()).message());
      return loaded;
    }
    if (baseline.value().options().bytes == baseline_bytes) {
      loaded.baseline = std::move(baseline).value();
    } else {
      loaded.resized = true;
      loaded.warnings.emplace_back(
          "the baseline has another size now ([baseline] memory_mib); it begins empty");
    }
  }
  // A baseline that was imported before the first start has no positions beside it.
  for (StateSection& one : read.state.sections) {
    if (one.name == kBaselineSection) continue;
    if (one.name == kSpoolSection) {
      StateReader in(one.bytes);
      in(loaded.spool_head);
      continue;
    }
    loaded.fresh = false;
    loaded.sections[one.name] = std::move(one.bytes);
  }
  return loaded;
}

Result<std::uint64_t> StateKeeper::save(Baseline baseline, StateSections sections,
                                        std::uint64_t spool_head) const {
  {
    const Baseline encoded = std::move(baseline);
    sections[std::string(kBaselineSection)] = encode_baseline(encoded);
  }
  sections[std::string(kSpoolSection)] = spool_section(spool_head);
  std::vector<StatePiece> pieces;
  for (const auto& [name, bytes] : sections) pieces.push_back({name, bytes});
  if (const Status written = write_state_file(file(), pieces, clock_now()); !written) {
    return written.error();
  }
  std::error_code failed;
  const auto bytes = std::filesystem::file_size(file(), failed);
  return failed ? 0 : static_cast<std::uint64_t>(bytes);
}

}  // namespace doorward
