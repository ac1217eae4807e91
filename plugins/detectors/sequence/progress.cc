#include "plugins/detectors/sequence/progress.h"

namespace doorward::sequence {
namespace {

constexpr std::size_t kBoardBytes = 64;

std::size_t value_bytes(const Plan& plan) {
  return plan.by_value ? EntityTable<Value>::bytes(kValues) : EntityTable<Value>::bytes(1);
}

}  // namespace

std::size_t Progress::bytes(const Plan& plan) {
  return kBoardBytes + EntityTable<Entity>::bytes(kEntities) + value_bytes(plan);
}

Progress::Progress(const Plan& plan, std::span<std::byte> state)
    : plan_(plan),
      board_(*reinterpret_cast<Board*>(state.data())),
      entities_(state.subspan(kBoardBytes, EntityTable<Entity>::bytes(kEntities))),
      values_(state.subspan(kBoardBytes + EntityTable<Entity>::bytes(kEntities))) {
  static_assert(sizeof(Board) <= kBoardBytes && sizeof(Entity) % 8 == 0);
}

void Progress::clear_verdict(std::span<std::byte> state) {
  reinterpret_cast<Board*>(state.data())->verdict = {};
}

const Verdict& Progress::verdict(std::span<const std::byte> state) {
  return reinterpret_cast<const Board*>(state.data())->verdict;
}

/// A newcomer to a full set gets in with probability 1 / (rank of the one that has to go + 1), as
/// Randomized Admission does (Ben Basat, Einziger, Friedman and Kassner, 2017). Each of ten million
/// that come once would lift all ranks by one in a thousandth of that; so they lift them by the
/// square root, and who comes again and again stays. Without a flood there is room.
template <class Entry>
Entry* Progress::admit(EntityTable<Entry>& table, Hash128 key, std::uint32_t now) {
  const std::uint32_t claim = table.claim(key, now, plan_.window_s);
  if (claim != 0) {
    const Hash128 coin = join(key, Hash128{++board_.coins, now}, 0);
    if (coin.low % (std::uint64_t{claim} + 1) != 0) return nullptr;
  }
  return &table.touch(key, now, plan_.window_s);
}

std::uint32_t Progress::count_of(const Entity& entity, std::size_t step, std::uint32_t now) const {
  const StepState& state = entity.step[step];
  // A single event is remembered to the second.
  if (plan_.count[step] == 1 && state.last != 0) {
    return now <= state.last || now - state.last <= plan_.window_s ? 1 : 0;
  }
  return state.seen.sum(now / plan_.slot_s());
}

bool Progress::ready(const Entity& entity, std::size_t steps, std::uint32_t now) const {
  for (std::size_t i = 0; i < steps; ++i) {
    if (count_of(entity, i, now) < plan_.count[i]) return false;
  }
  return true;
}

void Progress::take(Hash128 entity, Hash128 value, std::uint32_t now,
                    std::span<const bool> matches) {
  board_.verdict = {};
  if (entity.none()) return;
  const Hash128 pair = join(entity, value, 1);
  Entity* known = entities_.find(entity, now, plan_.window_s);
  const std::size_t last = plan_.steps - 1;
  for (std::size_t i = plan_.steps; i-- > 0;) {
    if (!matches[i]) continue;
    if (i == 0) {
      begin(entity, pair, now);
      return;
    }
    if (i == last) {
      // Steps between the first and the last must be complete; the first is judged.
      const bool between = last < 2 || (known != nullptr && ready(*known, last, now));
      if (!between) continue;
      if (plan_.count[last] > 1) {
        if (known == nullptr || !ready(*known, last, now)) continue;
        known->step[last].seen.add(now / plan_.slot_s());
        if (count_of(*known, last, now) < plan_.count[last]) return;
      }
      judge(known, pair, now);
      return;
    }
    if (known == nullptr || !ready(*known, i, now)) continue;
    entities_.touch(entity, now, plan_.window_s);
    known->settled = 0;
    known->step[i].last = std::max(known->step[i].last, now);
    known->step[i].seen.add(now / plan_.slot_s());
    return;
  }
}

void Progress::begin(Hash128 key, Hash128 pair, std::uint32_t now) {
  Entity* const entity = admit(entities_, key, now);
  if (entity == nullptr) return;
  const std::uint32_t slot = now / plan_.slot_s();
  StepState& step = entity->step[0];
  if (entity->life == 0) entity->life = ++board_.lives;
  if (step.seen.sum(slot) == 0) entity->first = now;
  entity->settled = 0;
  step.last = std::max(step.last, now);
  step.seen.add(slot);
  if (plan_.by_value) count_value(*entity, pair, now);
  if (plan_.steps == 1 && step.seen.sum(slot) >= plan_.count[0]) judge(entity, pair, now);
}

void Progress::count_value(Entity& entity, Hash128 pair, std::uint32_t now) {
  const std::uint32_t slot = now / plan_.slot_s();
  Value* value = values_.find(pair, now, plan_.window_s);
  if (value == nullptr && entity.values.sum(slot) >= kValuesOfEntityMax) return;
  value = admit(values_, pair, now);
  if (value == nullptr) {
    entity.values.add(slot);  // in a flood: better counted twice than not at all
    return;
  }
  const bool counted = value->counted_in != 0 && value->life == entity.life;
  if (counted) entity.values.take(value->counted_in);
  value->life = entity.life;
  value->counted_in = counted ? std::max(value->counted_in, slot) : slot;
  entity.values.add(value->counted_in);
  value->own.add(slot);
}

void Progress::judge(Entity* entity, Hash128 pair, std::uint32_t now) {
  Verdict& verdict = board_.verdict;
  verdict.last_step = 1;
  if (entity == nullptr) return;
  if (entity->settled != 0) {
    verdict.last_step = 0;
    return;
  }
  const std::uint32_t slot = now / plan_.slot_s();
  verdict.events = count_of(*entity, 0, now);
  verdict.count = verdict.events;
  verdict.seconds = now > entity->first ? std::min(now - entity->first, plan_.window_s) : 0;
  if (plan_.by_value) {
    verdict.values = entity->values.sum(slot);
    verdict.count = verdict.values;
    if (Value* own = values_.find(pair, now, plan_.window_s);
        own != nullptr && own->counted_in != 0) {
      if (own->life == entity->life) entity->values.take(own->counted_in);
      verdict.count = entity->values.sum(slot) + own->own.sum(slot);
      own->own = {};
      own->counted_in = 0;
    }
  }
  if (verdict.count < plan_.count[0]) return;
  verdict.complete = 1;
  entity->settled = 1;
}

}  // namespace doorward::sequence
