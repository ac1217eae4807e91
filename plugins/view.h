// A view is a field of an event, or something coarser that is made from it: the /24 of an address,
// the name of a host without its number, the hour of the week. Rules are written over views.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/event.h"
#include "sketch/hash.h"
#include "sketch/hash_memo.h"

namespace doorward {

/// What is made of a field.
enum class Cut : std::uint8_t {
  whole,         ///< "user.name", "source.ip"
  net,           ///< "source.ip/net": the /24 of IPv4, the /64 of IPv6
  wide,          ///< "source.ip/wide": the /16 of IPv4, the /48 of IPv6
  scope,         ///< "source.ip/scope": "public", or "special" (private, loopback, ...)
  host_class,    ///< "host.name/class": the first label, digits taken out ("db-04.x" -> "db-")
  credential,    ///< "credential": key fingerprint, or the method where there is no key
  hour_of_week,  ///< "hour_of_week": 0 (Monday 00:00 UTC) .. 167
  hour_of_day,   ///< "hour_of_day": 0..23 UTC
  fleet,         ///< "fleet": one value for all
};

struct View {
  Cut cut = Cut::fleet;
  Field field = Field::user_name;  ///< for Cut::whole of a text field
  bool ip = false;                 ///< Cut::whole of source.ip

  /// The view of a name as written in a rule; nullopt when there is none.
  static std::optional<View> from_name(std::string_view name);
  [[nodiscard]] std::string name() const;
  /// Of the source's place or network, which the log or a geography database gives.
  [[nodiscard]] bool of_place() const;
  friend bool operator==(const View&, const View&) = default;
};

/// The value of a view as text for people ("10.1.2.0/24", "Tuesday 03:00"); empty when the event
/// does not have it.
std::string view_text(const View& view, const Event& event);

/// Most views that one set of rules may use together.
inline constexpr std::size_t kViewsMax = 32;

/// The keyed hashes of one event under the views of a rule set; all that scoring and learning need
/// of it. Fixed size and without text, so that an event can be held back and learned later.
struct EventKeys {
  std::array<Hash128, kViewsMax> hash;  ///< none(): the event does not have that view
  std::uint8_t hour_of_week = 0;
};

/// Some views of a table: bit i is the one of index i.
using ViewMask = std::uint32_t;
static_assert(kViewsMax <= 32);

/// The distinct views of a rule set, each with an index, and how to hash an event under them.
class ViewTable {
 public:
  explicit ViewTable(const HashKey& key);

  /// Index of a view, added when new. nullopt when kViewsMax are in use.
  std::optional<std::uint8_t> add(const View& view);

  /// By index.
  [[nodiscard]] std::span<const View> views() const { return views_; }

  /// The views that add() gave since the last call.
  ViewMask take_asked() { return std::exchange(asked_, 0); }

  /// Hashes the event under the views of `wanted`; the others are none(). `memo`: of this key;
  /// null: every text is hashed anew. Does not allocate.
  void compute(const Event& event, EventKeys& out, ViewMask wanted = ~ViewMask{0},
               HashMemo* memo = nullptr) const;

  /// What all hashes are keyed with, for what is hashed beside the views.
  [[nodiscard]] const HashKey& key() const { return key_; }

  /// Hash of an hour, for neighbours: hour_of_week taken modulo 168, hour_of_day modulo 24.
  [[nodiscard]] Hash128 hour_hash(Cut cut, int hour) const;

 private:
  template <class HashText>
  [[nodiscard]] Hash128 hash(const View& view, const Event& event, int hour_of_week,
                             HashText text_hash) const;

  HashKey key_;
  std::vector<View> views_;
  ViewMask asked_ = 0;
  std::array<Hash128, 168> hours_{};
  Hash128 fleet_;
};

/// The hash that an address has under "source.ip"; none() for family none.
Hash128 address_hash(const HashKey& key, const IpAddress& ip);

/// Hour of the week in UTC, 0 = Monday 00:00.
int hour_of_week(TimeUs time);

}  // namespace doorward
