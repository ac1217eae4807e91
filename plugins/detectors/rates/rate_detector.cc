#include "plugins/detectors/rates/rate_detector.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "plugins/detectors/rates/phrase.h"
#include "plugins/detectors/state_check.h"
#include "plugins/detectors/used_view.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

constexpr TimeUs kWindowLeastUs = 60 * kSecondUs;
constexpr TimeUs kWindowMostUs = 7 * 24 * 3600 * kSecondUs;
/// Beyond an hour a window has no hour of its own.
constexpr TimeUs kHourlyMostUs = 3600 * kSecondUs;
/// First of the state: what observe() leaves, then FirstSeen, which wants whole cache lines.
constexpr std::size_t kNowBytes = 64;

/// x is -ln p of the negative binomial, so that at its word P(X >= x) is exp(-x): chi-square of
/// two degrees of freedom, halved. After 200 busy buckets measurement and belief weigh the same.
constexpr TailPrior kBelieved{1, 1, 200, 1};
/// No verdict is surer, so that a float holds it.
constexpr double kSmallest = 1e-30;
/// Below it no count is below p = 0.05 by any measurement; the tail is not computed.
constexpr double kDull = 1.5;
/// Bins of the histogram for each kind; newcomers first. The last takes all above.
constexpr std::size_t kHalf = kTailBins / 2;
/// A larger count is judged anew when it grew by this part; in between the verdict stands.
constexpr std::uint32_t kJudgeStep = 16;
/// A larger bucket is learned anew when it grew by this part, so at most 3 % of it is not learned.
constexpr std::uint32_t kTeachStep = 32;

/// Counts stop here, so that a week of buckets that are always full stays below 2^32 in squares.
std::uint32_t count_max_of(TimeUs window_us) {
  constexpr double kWeekUs = 7 * 24 * 3600 * 1e6;
  return static_cast<std::uint32_t>(
      std::sqrt(4294967295.0 / std::ceil(kWeekUs / static_cast<double>(window_us))));
}

}  // namespace

RateDetector::RateDetector(const Rule& rule, const RateSettings& settings, std::size_t entry_bytes)
    : settings_(settings),
      history_(rule.id, settings.history),
      slot_us_(settings.window_us / sliding::kBucketSlots),
      stale_s_(static_cast<std::uint32_t>(slot_us_ * sliding::kSlots / kSecondUs)),
      count_max_(count_max_of(settings.window_us)),
      entry_bytes_(entry_bytes),
      entries_at_(kNowBytes + FirstSeen::bytes(settings.seen_once)),
      entries_bytes_((settings.entities + 7) / 8 * 8 * entry_bytes) {}

std::size_t RateDetector::state_bytes() const {
  return entries_at_ + entries_bytes_;
}

FirstSeen RateDetector::first_seen(std::span<std::byte> state) const {
  return FirstSeen(state.subspan(kNowBytes, entries_at_ - kNowBytes));
}

std::span<std::byte> RateDetector::entries(std::span<std::byte> state) const {
  return state.subspan(entries_at_, entries_bytes_);
}

void RateDetector::leave(std::span<std::byte> state, const Now& now) {
  std::memcpy(state.data(), &now, sizeof now);
}

bool RateDetector::restore_heads(std::span<std::byte> state) const {
  leave(state, {});
  constexpr auto kKindMax = static_cast<int>(Kind::established);
  for (std::uint32_t entry = 1; entry <= entries_bytes_ / entry_bytes_; ++entry) {
    const std::size_t at = head_at(entry);
    const std::size_t taught_at = at + place_of<RateHead>(&RateHead::taught);
    if (raw_member<RateHead>(state, at, &RateHead::kind) > kKindMax ||
        raw_member<RateHead>(state, at, &RateHead::counted) > 1 ||
        raw_member<RateHead>(state, at, &RateHead::assumed) > 1 ||
        raw_member<Taught>(state, taught_at, &Taught::of_fleet) > 1 ||
        raw_member<Taught>(state, taught_at, &Taught::fleet_done) > 1) {
      return false;
    }
    const RateHead head = head_of(state, entry);
    const auto is_number = [](float x) { return std::isfinite(x) && x >= 0; };
    if (!is_number(head.mean) || !is_number(head.size) || !is_number(head.p) || head.p > 1 ||
        head.peak > kHalf) {
      return false;
    }
  }
  return true;
}

RateHead RateDetector::head_of(std::span<const std::byte> state, std::uint32_t entry) const {
  RateHead head;
  std::memcpy(&head, state.data() + head_at(entry), sizeof head);
  return head;
}

RateDetector::Judged RateDetector::judge(const Baseline& baseline, const NegativeBinomial& model,
                                         Kind kind, std::uint32_t count) const {
  const double beyond = beyond_busy(count);
  // Within a standard deviation of the mean nothing is unusual.
  if (count < settings_.least || beyond <= model.mean + std::sqrt(model.variance())) return {};
  const double x = -std::log(model.tail(beyond));
  const auto bin = static_cast<std::uint8_t>(std::min<double>(x, kHalf - 1));
  if (x < kDull) return {1, bin};
  std::array<std::uint64_t, kHalf> reached;
  baseline.histograms().read_bins(settings_.histogram, kind == Kind::newcomer ? 0 : kHalf, reached);
  std::uint64_t above = 0;
  for (std::size_t b = kHalf; b-- > 0;) {
    // Expired epochs can leave a bucket's lower bins behind; a tail never rises.
    above = reached[b] = std::max(above, reached[b]);
  }
  return {std::max(kSmallest, measured_tail(reached, kBelieved, x)), bin};
}

std::uint32_t RateDetector::fires_from(const Baseline& baseline, const RateModel& model) const {
  const auto loud = [&](std::uint32_t count) {
    return fires(judge(baseline, model.beyond, model.kind, count).p);
  };
  std::uint32_t below = 0;
  std::uint32_t from = std::max<std::uint32_t>(settings_.least, kBusyFrom);
  while (!loud(from)) {
    if (from >= count_max_) return 0;
    below = from;
    from = std::min(from * 2, count_max_);
  }
  while (from - below > 1) {
    const std::uint32_t middle = below + (from - below) / 2;
    (loud(middle) ? from : below) = middle;
  }
  return from;
}

void RateDetector::score(const ScoreInput& input, Evidence& out) const {
  const Hash128 partition = input.keys.hash[settings_.partition_index];
  if (partition.none()) return;
  if (settings_.distinct && input.keys.hash[settings_.by_index].none()) return;
  Now now;
  std::memcpy(&now, input.state.data(), sizeof now);
  out.applies = true;
  RateEvidence& rate = out.rate;
  rate = {};
  rate.window_s = static_cast<std::uint32_t>(settings_.window_us / kSecondUs);
  rate.distinct = settings_.distinct;
  rate.partition = settings_.partition;
  rate.by = settings_.by;
  const std::uint32_t count = std::min(now.counts.window, count_max_);
  const std::uint32_t bucket = std::min(now.counts.bucket, count_max_);
  rate.observed = now.counts.window;
  rate.entry = now.entry;
  rate.teach = bucket;
  const bool asked = count == 0;  // nothing was observed: somebody wants to know what is usual
  const RateHead head = now.entry == 0 ? RateHead{} : head_of(input.state, now.entry);
  rate.begins = count >= kBusyFrom && head.kind == Kind::unknown;
  if (!asked && (now.entry == 0 || count < settings_.least)) return;
  RateModel model;
  if (head.size > 0) {
    model.beyond = {head.mean, head.size};
    model.kind = head.kind;
    model.assumed = head.assumed;
  } else {
    model = history_.model(input.baseline, input.keys.hash[settings_.fleet_index], partition,
                           input.keys.hour_of_week, head.taught);
  }
  rate.mean = static_cast<float>(model.beyond.mean);
  rate.size = static_cast<float>(model.beyond.size);
  rate.expected = model.beyond.mean + kBusyFrom;
  rate.variance = model.beyond.variance();
  rate.assumed = model.assumed;
  rate.at_this_hour = settings_.history.own && model.kind == Kind::established &&
                      settings_.history.hours != RateHistory::Hours::none;
  rate.kind = static_cast<std::uint8_t>(model.kind);
  rate.stop = head.stop;
  rate.judged = head.judged;
  out.p_value = head.p;
  if (asked) {
    rate.buckets = model.buckets;
    rate.fires_from = fires_from(input.baseline, model);
    return;
  }
  if (head.judged == 0 || count < head.judged - head.judged / kJudgeStep ||
      count > head.judged + head.judged / kJudgeStep) {
    const Judged judged = judge(input.baseline, model.beyond, model.kind, count);
    rate.judged = count;
    rate.bin = judged.bin;
    out.p_value = judged.p;
  }
  if (!fires(out.p_value)) return;
  // The event alerts. Of its bucket only what would not fire by itself is learned.
  rate.teach = head.taught.own;
  if (rate.stop != 0 && bucket >= rate.stop) return;
  if (bucket < count && !fires(judge(input.baseline, model.beyond, model.kind, bucket).p)) {
    rate.teach = bucket;
  } else {
    rate.stop = bucket;
  }
}

void RateDetector::calibrate(const EventKeys& keys, const Evidence& evidence, bool /*repeated*/,
                             std::int64_t epoch, Baseline& baseline,
                             std::span<std::byte> state) const {
  const RateEvidence& rate = evidence.rate;
  if (rate.entry == 0) return;
  RateHead head = head_of(state, rate.entry);
  const Hash128 fleet = keys.hash[settings_.fleet_index];
  const Hash128 partition = keys.hash[settings_.partition_index];
  if (rate.size > 0) {
    head.mean = rate.mean;
    head.size = rate.size;
    head.assumed = rate.assumed;
    head.stop = rate.stop;
    head.judged = rate.judged;
    head.p = static_cast<float>(evidence.p_value);
  }
  if (head.kind == Kind::unknown && rate.observed >= kBusyFrom) {
    head.kind =
        rate.kind != 0 ? static_cast<Kind>(rate.kind) : history_.kind_of(baseline, partition);
    const bool newcomer = head.kind == Kind::newcomer;
    head.counted = !newcomer || history_.settled(baseline, fleet);
    head.taught.of_fleet = head.counted && (newcomer || !settings_.history.own);
  }
  const std::uint32_t known = head.taught.own;
  if (rate.teach > known && rate.teach - known > known / kTeachStep) {
    history_.teach(baseline, epoch, fleet, partition, keys.hour_of_week, rate.teach, head.taught);
  }
  if (head.counted) {
    const std::size_t first = head.kind == Kind::newcomer ? 0 : kHalf;
    for (; head.peak <= rate.bin; ++head.peak) {
      baseline.histograms().add(settings_.histogram, static_cast<unsigned>(first + head.peak),
                                epoch);
    }
  }
  std::memcpy(state.data() + head_at(rate.entry), &head, sizeof head);
}

std::string RateDetector::phrase(const Evidence& evidence, const Event& event) const {
  return rate_phrase(evidence, event);
}

std::optional<RateSettings> read_rate_settings(Rule& rule, Params& table, ViewTable& views,
                                               bool distinct) {
  RateSettings out;
  out.distinct = distinct;
  bool good = true;
  const auto view_of = [&](std::string_view key, View& view, std::uint8_t& index) {
    const std::string name = table.text_required(key);  // notes that there is none
    const std::optional<UsedView> used =
        name.empty() ? std::nullopt : use_view(table, key, name, views);
    good = good && used.has_value();
    if (!used) return;
    view = used->view;
    index = used->index;
  };
  view_of("partition", out.partition, out.partition_index);
  if (distinct) view_of("by", out.by, out.by_index);
  if (const std::optional<UsedView> fleet = use_view(table, "partition", View{}, views)) {
    out.fleet_index = fleet->index;
  } else {
    good = false;
  }
  const std::optional<TimeUs> window = parse_duration(table.text("window", "15m"));
  constexpr TimeUs kStepUs = sliding::kBucketSlots * kSecondUs;
  if (!window || *window < kWindowLeastUs || *window > kWindowMostUs || *window % kStepUs != 0) {
    table.mistake("window", "expected a duration from 1m to 7d, a multiple of 15s");
    good = false;
  }
  out.window_us = window.value_or(0);
  out.least = static_cast<std::uint32_t>(table.integer("least", 10, 2, 1'000'000));
  out.history.usual = table.number("usual", 4, 2, 1e6);
  out.history.spread = table.number("spread", 1, 0, 30);
  const bool own = table.boolean("own_history", true) && out.partition.cut != Cut::fleet;
  out.history.own = own;
  const std::string hours = table.text("hours", out.window_us <= kHourlyMostUs ? "all" : "none");
  using Hours = RateHistory::Hours;
  out.history.hours = hours == "own" ? Hours::own : hours == "all" ? Hours::all : Hours::none;
  if ((hours != "own" && hours != "all" && hours != "none") || (hours == "own" && !own) ||
      (hours != "none" && out.window_us > kHourlyMostUs)) {
    table.mistake("hours",
                  "expected \"none\", \"all\" or \"own\"; a window above 1h has no hour, and one "
                  "without own_history none of its own");
    good = false;
  }
  out.entities = static_cast<std::size_t>(table.integer("entities", 2048, 8, 1 << 20));
  out.seen_once =
      static_cast<std::size_t>(table.integer("seen_once", own ? 8192 : 32768, 8, 1 << 24));
  // What strangers write is kept apart and small. A partition that has a history of its own is, by
  // the rule's word, none that strangers make up, whatever the outcome.
  out.history.space =
      own || rule.when.outcome() == Outcome::success ? Space::successes : Space::failures;
  out.fires_at = rule.threshold > 100 ? 0 : p_value_of(rule.threshold);
  // Histograms are named without the fleet key: what is counted is no secret.
  out.histogram = hash_text(HashKey{}, rule.id + "\npeaks");
  if (rule.suppress_by.empty()) rule.suppress_by = {out.partition};
  // A burst gets worse with every event: told once.
  rule.worse_by = 101;
  return good ? std::optional(out) : std::nullopt;
}

}  // namespace doorward
