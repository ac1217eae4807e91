#include "plugins/detectors/sequence/travel.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "plugins/detectors/sequence/last_places.h"
#include "plugins/detectors/used_view.h"

namespace doorward {
namespace {

/// What observe() found of the newest event, for score(): by then the state holds the event itself.
struct alignas(64) Verdict {
  std::uint32_t time = 0;  // seconds of the event
  bool impossible = false;
  Journey journey;
};

static_assert(std::is_trivially_copyable_v<Verdict>);

/// "2,433".
std::string grouped(double value) {
  std::array<char, 32> digits{};
  const int size = std::snprintf(digits.data(), digits.size(), "%.0f", value);
  std::string out(digits.data(), static_cast<std::size_t>(size));
  for (std::size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, ",");
  }
  return out;
}

std::string span_of(std::int64_t seconds) {
  std::array<char, 32> out{};
  const auto value = static_cast<double>(seconds);
  if (seconds < 120) {
    std::snprintf(out.data(), out.size(), "%.0f second%s", value, seconds == 1 ? "" : "s");
  } else if (seconds < 7200) {
    std::snprintf(out.data(), out.size(), "%.0f minutes", value / 60);
  } else {
    std::snprintf(out.data(), out.size(), "%.1f hours", value / 3600);
  }
  return out.data();
}

/// The name of a place, or its coordinates where it has none.
std::string words_of(std::string_view name, double latitude, double longitude) {
  if (!name.empty()) return std::string(name);
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), "%.1f, %.1f", latitude, longitude);
  return out.data();
}

class Travel final : public Detector {
 public:
  Travel(std::uint8_t by, TravelLimits limits, double score) : by_(by), limits_(limits) {
    // Just beyond, so that rounding cannot leave the score below a threshold of the same number.
    p_value_ = p_value_of(score) * (1 - 1e-9);
  }

  [[nodiscard]] std::size_t state_bytes() const override {
    return sizeof(Verdict) + EntityTable<UserPlaces>::bytes(kTravelUsersMax);
  }

  [[nodiscard]] bool restore(std::span<std::byte> state) const override {
    assert(state.size() == state_bytes());
    std::fill_n(state.begin(), sizeof(Verdict), std::byte{});
    return places_are_sound(state.subspan(sizeof(Verdict)));
  }

  void observe(const Event& event, const EventKeys& keys,
               std::span<std::byte> state) const override {
    assert(state.size() == state_bytes());
    Verdict& verdict = *reinterpret_cast<Verdict*>(state.data());
    verdict.impossible = false;
    const Place now = place_of(event);
    if (now.newest == 0 || keys.hash[by_].none()) return;
    EntityTable<UserPlaces> users(state.subspan(sizeof(Verdict)));
    UserPlaces& user = users.touch(keys.hash[by_], now.newest, kPlaceMemorySeconds);
    verdict.time = now.newest;
    verdict.impossible = impossible_journey(user, now, limits_, verdict.journey);
    add_place(user, now, limits_);
  }

  void score(const ScoreInput& input, Evidence& out) const override {
    const Verdict& verdict = *reinterpret_cast<const Verdict*>(input.state.data());
    if (!verdict.impossible || verdict.time != place_of(input.event).newest) return;
    out.applies = true;
    out.p_value = p_value_;
    const Place& from = verdict.journey.from;
    out.travel = {from.name(), from.latitude, from.longitude, verdict.journey.km,
                  verdict.journey.seconds};
  }

  [[nodiscard]] std::string phrase(const Evidence& evidence, const Event& event) const override {
    const TravelEvidence& travel = evidence.travel;
    const Place to = place_of(event);
    const std::string here = words_of(to.name(), to.latitude, to.longitude);
    const std::string there = words_of(travel.from, travel.latitude, travel.longitude);
    const std::string away = ", " + grouped(travel.km) + " km away";
    if (travel.seconds == 0) return "in " + here + " at the same time as in " + there + away;
    const std::int64_t seconds = std::abs(travel.seconds);
    return "in " + here + " " + span_of(seconds) + (travel.seconds > 0 ? " after " : " before ") +
           there + away + ": " + grouped(travel.km * 3600 / static_cast<double>(seconds)) + " km/h";
  }

 private:
  std::uint8_t by_;
  TravelLimits limits_;
  double p_value_ = 1;
};

}  // namespace

std::unique_ptr<Detector> make_travel(Rule& rule, Params& table, ViewTable& views) {
  const std::string by_text = table.text_required("by");
  TravelLimits limits;
  limits.faster_than_kmh = table.number("faster_than_kmh", limits.faster_than_kmh, 1, 1e6);
  limits.least_km = table.number("least_km", limits.least_km, 1, 20'000);
  const double score = table.number("score", 75, 1, 100);
  if (by_text.empty()) return nullptr;
  const std::optional<UsedView> by = use_view(table, "by", by_text, views);
  if (!by) return nullptr;
  rule.needs_place = true;
  if (rule.suppress_by.empty()) rule.suppress_by = {by->view};
  return std::make_unique<Travel>(by->index, limits, score);
}

}  // namespace doorward
