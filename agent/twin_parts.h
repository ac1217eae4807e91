// What TwinMerge keeps of events: for twin_merge.cc and twin_state.cc alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "agent/twin_merge.h"
#include "agent/twin_traits.h"
#include "plugins/state_archive.h"

namespace doorward {
namespace twins {

inline constexpr Told kHostLogs = Told::authlog | Told::auditd | Told::journald;

/// Events remembered after they went on alone. At the limit the oldest is forgotten: a twin that
/// comes even later is then an event of its own.
inline constexpr std::size_t kTracesMax = 4096;

/// Successes that wait for the audit log to show whether it was being written. At the limit the
/// oldest goes on as an ordinary event.
inline constexpr std::size_t kSuspectsMax = 64;

inline std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0xBF58476D1CE4E5B9;
  return hash ^ hash >> 29;
}

inline std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return mix(hash, std::uint64_t{text.size()});
}

inline Told common(Told a, Told b) {
  return static_cast<Told>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}

inline int logs_in(Told told) {
  int count = 0;
  for (const Told one : {Told::authlog, Told::auditd, Told::journald}) count += has(told, one);
  return count;
}

/// A text as far as it takes part in comparisons of what went on already.
template <std::size_t Size>
class CutText {
 public:
  void set(std::string_view text) {
    size_ = std::min(text.size(), Size);
    if (size_ != 0) std::memcpy(bytes_.data(), text.data(), size_);
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

  void save(StateWriter& out) const {
    out(static_cast<std::uint8_t>(size_));
    out.raw(std::as_bytes(std::span(bytes_.data(), size_)));
  }
  void load(StateReader& in) {
    static_assert(Size <= UINT8_MAX);
    std::uint8_t size = 0;
    in.between(size, std::uint8_t{0}, static_cast<std::uint8_t>(Size));
    size_ = size;
    in.raw(std::as_writable_bytes(std::span(bytes_.data(), size_)));
  }

 private:
  std::array<char, Size> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace twins

/// The two ways to find a twin: by process, and by name where one of the logs has no pid. Events
/// with and without a pid are kept apart there, so that a flood of failures for one name, each with
/// a pid of its own, is never searched by name.
struct TwinMerge::Keys {
  std::uint64_t process = 0;  ///< 0: no pid
  std::uint64_t user = 0;
  std::uint64_t user_without_pid = 0;
  std::uint64_t user_with_pid = 0;

  explicit Keys(const Event& event) {
    std::uint64_t base = twins::mix(0x9E3779B97F4A7C15, event[Field::event_action]);
    base = twins::mix(base, static_cast<std::uint64_t>(event.outcome));
    if (event.pid != 0)
      process = twins::mix(twins::mix(base, std::uint64_t{1}), std::uint64_t{event.pid}) | 1;
    const std::string_view name = event[Field::user_name].substr(0, twins::kAuditNameBytes);
    user_without_pid = twins::mix(twins::mix(base, std::uint64_t{2}), name) | 1;
    user_with_pid = twins::mix(twins::mix(base, std::uint64_t{3}), name) | 1;
    user = event.pid != 0 ? user_with_pid : user_without_pid;
  }
};

struct TwinMerge::Waiting {
  HeldEvent held;
  std::uint64_t arrival = 0;
  std::size_t position = 0;  ///< in heap_
  bool suspect = false;      ///< in suspects_ instead
};

/// What is remembered of an event that went on alone.
struct TwinMerge::Trace {
  bool used = false;
  Told told = Told::none;
  std::uint32_t pid = 0;
  TimeUs time = kNoTime;
  IpAddress ip;
  twins::CutText<twins::kAuditNameBytes + 8> user;
  twins::CutText<twins::kAuditNameBytes> effective;
  twins::CutText<24> method;
  twins::CutText<48> address;
  twins::CutText<64> host;

  [[nodiscard]] twins::Traits traits() const {
    return {told,           pid,        time, ip, user.view(), effective.view(), method.view(),
            address.view(), host.view()};
  }
};

}  // namespace doorward
