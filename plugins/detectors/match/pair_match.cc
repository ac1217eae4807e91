// match of two conditions: a network alert and a sign-in of one address within a window, told by
// whichever of the two comes last, however late its feed is.
//
// What is kept of an entity is in one of three tiers: those with a single network alert, those with
// several, and those with a sign-in. Anybody can forge packets from ten million addresses, and they
// only push each other out of the lowest tier; nobody can forge a sign-in.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "plugins/detectors/match/match.h"
#include "plugins/detectors/match/short_text.h"
#include "plugins/detectors/match/sightings.h"
#include "plugins/detectors/match/span_text.h"
#include "plugins/detectors/match/window_count.h"
#include "plugins/detectors/used_view.h"
#include "plugins/rule_gate.h"
#include "plugins/special_addresses.h"
#include "sketch/tiered_table.h"

namespace doorward {
namespace {

constexpr std::size_t kOne = 0;    // [match.one]: the network alert
constexpr std::size_t kOther = 1;  // [match.other]: the sign-in
constexpr std::size_t kNeither = 2;

constexpr std::size_t kTiers = 3;
constexpr std::size_t kAlerted = 0;
constexpr std::size_t kAlertedAgain = 1;
constexpr std::size_t kSignedIn = 2;

/// Data sets told apart on each side; two are enough to say whether there is another than one's
/// own.
constexpr std::size_t kDatasets = 2;

/// What an alert is to say of an event.
struct Told {
  std::uint32_t time = 0;              // seconds since 1970
  ShortText<kMatchNameBytesMax> name;  // of the network alert, or of the user
  ShortText<kMatchActionBytesMax> action;
};

struct SideState {
  Sightings<kDatasets> seen;
  std::uint32_t dataset = 0;  // hash of that of `newest`; 0: nothing seen
  Told newest;
};

struct Entry : EntityHead {
  std::array<SideState, 2> sides;
  WindowCount count;
  std::uint32_t told = 0;  // time of the newest sign-in that completed a pair; 0: none did
};

/// At the start of the block: what the newest event completed.
struct alignas(64) Verdict {
  bool pair = false;
  bool repeated = false;  // the sign-in completed a pair before
  std::uint32_t events = 0;
  IpAddress address;
  std::array<Told, 2> told;
};

struct Settings {
  View by;
  std::uint8_t by_index = 0;
  std::uint32_t window = 0;  // seconds
  std::uint32_t most = 0;
  bool public_only = true;
  double p_value = 1;
  TieredTable<Entry, kTiers>::Sizes entries{};
  Filter one;
  Filter other;
  HashKey key;
};

class PairMatch final : public Detector {
 public:
  explicit PairMatch(Settings settings)
      : set_(std::move(settings)),
        gate_(std::array<const Filter*, 2>{&set_.one, &set_.other}),
        stale_(2 * set_.window) {}

  [[nodiscard]] std::size_t state_bytes() const override {
    return sizeof(Verdict) + TieredTable<Entry, kTiers>::bytes(set_.entries);
  }

  [[nodiscard]] bool restore(std::span<std::byte> state) const override {
    std::fill_n(state.begin(), sizeof(Verdict), std::byte{});
    // All tiers together: they lie one after the other.
    const std::span<Entry> entries = EntityTable<Entry>(state.subspan(sizeof(Verdict))).entries();
    return std::all_of(entries.begin(), entries.end(), [](const Entry& entry) {
      return std::all_of(entry.sides.begin(), entry.sides.end(), [](const SideState& side) {
        return side.newest.name.is_sound() && side.newest.action.is_sound();
      });
    });
  }

  [[nodiscard]] bool concerns(const Event& event) const override {
    const std::size_t side = side_of(event);
    if (side == kNeither || !set_.by.ip || !set_.public_only) return side != kNeither;
    if (event.ip.valid() && is_public(event.ip)) return true;
    if (side != kOne) return false;
    const std::optional<IpAddress> end = IpAddress::parse(event[Field::destination_address]);
    return end && is_public(*end);
  }

  void observe(const Event& event, const EventKeys& keys,
               std::span<std::byte> state) const override {
    auto& verdict = *reinterpret_cast<Verdict*>(state.data());
    verdict.pair = false;
    const std::size_t side = side_of(event);
    if (side == kNeither) return;
    const Hash128 entity = entity_of(event, keys, side, verdict.address);
    if (entity.none()) return;
    take(event, side, entity, {state.subspan(sizeof(Verdict)), set_.entries}, verdict);
  }

  void score(const ScoreInput& input, Evidence& out) const override {
    const auto& verdict = *reinterpret_cast<const Verdict*>(input.state.data());
    if (!verdict.pair) return;
    const Told& alert = verdict.told[kOne];
    const Told& sign_in = verdict.told[kOther];
    out.applies = true;
    out.p_value = verdict.repeated ? kMatchRepeatedPValue : set_.p_value;
    out.pair = {alert.time * kSecondUs, sign_in.time * kSecondUs, alert.name.view(),
                sign_in.name.view(),    sign_in.action.view(),    verdict.address,
                verdict.events};
  }

  [[nodiscard]] std::string phrase(const Evidence& evidence, const Event& event) const override {
    const PairEvidence& pair = evidence.pair;
    if (pair.raised_at == kNoTime) return {};
    std::array<char, IpAddress::kTextMax> ip{};
    const std::string where =
        pair.address.valid() ? std::string(pair.address.format(ip)) : view_text(set_.by, event);
    std::string out = pair.user.empty() ? "a user" : std::string(pair.user);
    out += pair.action == "MailItemsAccessed" ? " read mail from " : " signed in from ";
    out += where + " ";
    const TimeUs after = pair.signed_in_at - pair.raised_at;
    if (after == 0) {
      out += "as ";
    } else {
      out += span_text(std::abs(after)) + (after > 0 ? " after " : " before ");
    }
    out += pair.raised.empty() ? "a network alert" : '"' + std::string(pair.raised) + '"';
    return out + " was raised on it";
  }

 private:
  [[nodiscard]] std::size_t side_of(const Event& event) const {
    const std::uint64_t met = gate_.matching(event);
    if ((met & 1U) != 0) return kOne;
    return met != 0 ? kOther : kNeither;
  }

  /// Whom the event tells of. The suspicious party of a network alert may be its destination: a
  /// host inside that talks to an address outside.
  [[nodiscard]] Hash128 entity_of(const Event& event, const EventKeys& keys, std::size_t side,
                                  IpAddress& address) const {
    address = {};
    if (!set_.by.ip) return keys.hash[set_.by_index];
    if (event.ip.valid() && (!set_.public_only || is_public(event.ip))) {
      address = event.ip;
      return keys.hash[set_.by_index];
    }
    if (side != kOne) return {};
    const std::optional<IpAddress> end = IpAddress::parse(event[Field::destination_address]);
    if (!end || (set_.public_only && !is_public(*end))) return {};
    address = *end;
    return address_hash(set_.key, *end);
  }

  /// Notes the event and says in `verdict` whether it completes a pair.
  void take(const Event& event, std::size_t side, Hash128 entity, TieredTable<Entry, kTiers> table,
            Verdict& verdict) const {
    const std::uint32_t now = match_seconds(event.time);
    const std::uint32_t dataset =
        static_cast<std::uint32_t>(hash_text(set_.key, event[Field::event_dataset]).low) | 1U;
    std::size_t tier = kSignedIn;
    if (side == kOne) {
      tier = table.find(entity, now, stale_).entry == nullptr ? kAlerted : kAlertedAgain;
    }
    Entry& entry = table.touch(entity, now, stale_, tier);
    entry.count.note(now, set_.window);

    Told& mine = verdict.told[side];
    mine.time = now;
    mine.name.set(event[side == kOne ? Field::rule_name : Field::user_name]);
    mine.action.set(event[Field::event_action]);
    SideState& own = entry.sides[side];
    own.seen.note(dataset, now, set_.window);
    if (own.dataset == 0 || now >= own.newest.time) {
      own.newest = mine;
      own.dataset = dataset;
    }

    Told& partner = verdict.told[1 - side];
    if (!find_partner(entry.sides[1 - side], now, dataset, partner)) return;
    verdict.events = entry.count.count(std::max(now, partner.time), set_.window);
    verdict.pair = verdict.events <= set_.most;
    // The sensor goes on and on about the address; the sign-in was told when it came.
    verdict.repeated = side == kOne && partner.time <= entry.told;
    if (side == kOther && verdict.pair) entry.told = std::max(entry.told, now);
  }

  /// An event of another data set within the window: the newest, of which most is known, or else
  /// the nearest, of which only the time is.
  [[nodiscard]] bool find_partner(const SideState& side, std::uint32_t now, std::uint32_t dataset,
                                  Told& out) const {
    const auto gap = [now](std::uint32_t time) { return time > now ? time - now : now - time; };
    if (side.dataset != 0 && side.dataset != dataset && gap(side.newest.time) <= set_.window) {
      out = side.newest;
      return true;
    }
    out = {};
    bool found = false;
    side.seen.near(now, set_.window, [&](std::uint32_t kind, std::uint32_t time) {
      if (kind == dataset || (found && gap(time) >= gap(out.time))) return;
      found = true;
      out.time = time;
    });
    return found;
  }

  Settings set_;
  RuleGate gate_;  // set_.one, set_.other
  std::uint32_t
      stale_;  // seconds; what is older than two windows has left Sightings and WindowCount
};

}  // namespace

std::unique_ptr<Detector> make_pair_match(Rule& rule, Params& table, ViewTable& views) {
  Settings set;
  const std::string joined_on = table.text("by", "source.ip");
  if (const std::optional<UsedView> by = use_view(table, "by", joined_on, views)) {
    set.by = by->view;
    set.by_index = by->index;
  }
  set.window = match_window(table, "8h");
  set.most = static_cast<std::uint32_t>(table.integer("most", 100, 2, kMatchMostMax));
  const std::string scope = table.text("scope", "public");
  if (scope != "public" && scope != "any") {
    table.mistake("scope", "expected \"public\" or \"any\"");
  }
  set.public_only = scope != "any";
  set.p_value = p_value_of(table.number("score", 80, 1, 100));
  const auto entities =
      static_cast<std::size_t>(table.integer("entities", kMatchEntities, 64, kMatchEntitiesMax));
  set.entries = {entities, entities / 4, entities};
  const auto read_side = [&](std::string_view name, Filter& filter) {
    if (std::optional<Params> conditions = table.table(name)) {
      filter = Filter::read(*conditions);
    } else {
      table.mistake(name, "expected a table [match." + std::string(name) + "] with conditions");
    }
  };
  read_side("one", set.one);
  read_side("other", set.other);
  set.key = views.key();
  if (rule.suppress_by.empty()) {
    rule.suppress_by = {set.by, View{Cut::whole, Field::user_name, false}};
  }
  return std::make_unique<PairMatch>(std::move(set));
}

}  // namespace doorward
