// What the stored alerts know of one user, address or host.
#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "server/store/embedded_alerts.h"
#include "server/store/search_deadline.h"

namespace doorward {
namespace {

/// Alerts from the other end, for when an entity was first seen.
constexpr std::size_t kHistoryOldest = 100;

}  // namespace

Result<EntityHistory> EmbeddedAlerts::history(Entity entity, const std::string& name) {
  EntityHistory out;
  const char* way = " FROM alerts INDEXED BY alerts_user WHERE user = ? ";
  if (entity == Entity::host) way = " FROM alerts INDEXED BY alerts_host WHERE host = ? ";
  if (entity == Entity::address) {
    way = " FROM alerts INDEXED BY alerts_source WHERE source = ? ";
  }
  const std::string key = entity == Entity::address ? address_key(name) : name;
  const SearchDeadline deadline(db_);
  const auto ask = [&](const std::string& begin, const std::string& end) {
    Result<SqliteStatement> asked = db_.prepare(begin + way + end);
    if (!asked) return asked;
    if (entity == Entity::address) {
      asked.value().bind_blob(1, key);
    } else {
      asked.value().bind(1, std::string_view(key));
    }
    return asked;
  };
  Result<SqliteStatement> count = ask("SELECT count(*)", "");
  if (!count) return count.error();
  const Result<bool> counted = count.value().step(kSearchFailed);
  if (!counted) return deadline.say(counted.error());
  out.alerts = count.value().unsigned_integer(0);
  count.value().reset();
  if (out.alerts == 0) return out;

  out.first = INT64_MAX;
  out.last = INT64_MIN;
  Result<SqliteStatement> oldest =
      ask("SELECT time", "ORDER BY place LIMIT " + std::to_string(kHistoryOldest));
  if (!oldest) return oldest.error();
  for (;;) {
    const Result<bool> row = oldest.value().step(kSearchFailed);
    if (!row) return deadline.say(row.error());
    if (!row.value()) break;
    out.first = std::min(out.first, oldest.value().integer(0));
    out.last = std::max(out.last, oldest.value().integer(0));
  }

  Result<SqliteStatement> rows = ask("SELECT time, user, host, address, rule",
                                     "ORDER BY place DESC LIMIT " + std::to_string(kHistoryAlerts));
  if (!rows) return rows.error();
  using Names = std::unordered_map<std::string, EntityHistory::With>;
  std::array<Names, 4> names;
  for (;;) {
    const Result<bool> row = rows.value().step(kSearchFailed);
    if (!row) return deadline.say(row.error());
    if (!row.value()) break;
    const TimeUs time = rows.value().integer(0);
    out.first = std::min(out.first, time);
    out.last = std::max(out.last, time);
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::string with(rows.value().text(static_cast<int>(i) + 1));
      if (with.empty()) continue;
      EntityHistory::With& one = names[i][std::move(with)];
      one.first = one.alerts == 0 ? time : std::min(one.first, time);
      one.last = one.alerts == 0 ? time : std::max(one.last, time);
      ++one.alerts;
    }
  }
  const std::array<std::vector<EntityHistory::With>*, 4> lists = {&out.users, &out.hosts,
                                                                  &out.addresses, &out.rules};
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<EntityHistory::With>& list = *lists[i];
    for (auto& [with, one] : names[i]) {
      one.name = with;
      list.push_back(std::move(one));
    }
    const auto most_first = [](const auto& a, const auto& b) {
      if (a.alerts != b.alerts) return a.alerts > b.alerts;
      return a.last != b.last ? a.last > b.last : a.name < b.name;
    };
    const std::size_t kept = std::min(list.size(), kHistoryNames);
    std::partial_sort(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(kept), list.end(),
                      most_first);
    list.resize(kept);
  }
  return out;
}

}  // namespace doorward
