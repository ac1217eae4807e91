// Questions to the index of alerts. SQL is put together from constant pieces only; all that was
// asked for is bound.
#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "plugins/ip_ranges.h"
#include "server/store/embedded_alerts.h"
#include "server/store/entry_data.h"
#include "server/store/search_deadline.h"
#include "server/store/text_match.h"

namespace doorward {
namespace {

constexpr std::string_view kColumns =
    "SELECT place, id, agent, kind, time, received, rule, severity, user, address, host, score, "
    "occurrences, message, verdict, verdict_by, verdict_comment, verdict_at FROM alerts ";

/// A condition that matches more alerts than this is no way in: walking from the newest place on
/// finds a page of such alerts sooner than sorting them would.
constexpr std::int64_t kFewAlerts = 4000;

AlertRow row_of(const SqliteStatement& row) {
  AlertRow out;
  out.place = row.unsigned_integer(0);
  out.id = row.text(1);
  out.agent = row.text(2);
  const std::int64_t kind = row.integer(3);
  out.kind = kind == 2 ? "update" : kind == 3 ? "summary" : "alert";
  out.time = row.integer(4);
  out.received = row.integer(5);
  out.rule = row.text(6);
  out.severity = row.text(7);
  out.user = row.text(8);
  out.address = row.text(9);
  out.host = row.text(10);
  out.score = row.real(11);
  out.occurrences = static_cast<std::uint32_t>(row.integer(12));
  out.message = row.text(13);
  out.verdict = static_cast<AlertVerdict>(row.integer(14));
  out.verdict_by = row.text(15);
  out.verdict_comment = row.text(16);
  out.verdict_at = row.integer(17);
  return out;
}

/// What a `?` stands for.
struct Value {
  enum class Type : std::uint8_t { integer, real, text, blob } type;
  std::int64_t integer = 0;
  double real = 0;
  std::string bytes;

  static Value of(std::int64_t value) { return {Type::integer, value, 0, {}}; }
  static Value of(double value) { return {Type::real, 0, value, {}}; }
  static Value text(std::string value) { return {Type::text, 0, 0, std::move(value)}; }
  static Value blob(std::string value) { return {Type::blob, 0, 0, std::move(value)}; }
};

void bind_value(SqliteStatement& statement, int at, const Value& value) {
  switch (value.type) {
    case Value::Type::integer:
      statement.bind(at, value.integer);
      break;
    case Value::Type::real:
      statement.bind(at, value.real);
      break;
    case Value::Type::text:
      statement.bind(at, std::string_view(value.bytes));
      break;
    case Value::Type::blob:
      statement.bind_blob(at, std::string_view(value.bytes));
      break;
  }
}

/// Part of a WHERE, with an index that finds it, if any.
struct Condition {
  const char* sql;
  const char* index = nullptr;
  bool equal = false;  ///< its index gives places in order
  std::vector<Value> values = {};
};

void bind_all(SqliteStatement& statement, const std::vector<const Condition*>& conditions) {
  int at = 1;
  for (const Condition* condition : conditions) {
    for (const Value& value : condition->values) bind_value(statement, at++, value);
  }
}

std::string where(const std::vector<const Condition*>& conditions) {
  std::string sql;
  for (const Condition* condition : conditions) {
    sql += sql.empty() ? "WHERE " : " AND ";
    sql += condition->sql;
  }
  return sql;
}

/// The conditions of a text, which may be a glob. Those that a column's index knows are told apart
/// from those that look at each text.
struct TextColumn {
  const char* equal;
  const char* range;
  const char* glob;
  const char* index;
};
constexpr TextColumn kRule = {"rule = ?", "rule >= ? AND rule < ?", "text_glob(?, rule)",
                              "alerts_rule"};
constexpr TextColumn kUser = {"user = ?", "user >= ? AND user < ?", "text_glob(?, user)",
                              "alerts_user"};
constexpr TextColumn kHost = {"host = ?", "host >= ? AND host < ?", "text_glob(?, host)",
                              "alerts_host"};

void add_text(std::vector<Condition>& out, const TextColumn& column, const std::string& asked) {
  if (asked.empty()) return;
  const std::size_t sign = asked.find_first_of("*?");
  if (sign == std::string::npos) {
    out.push_back({column.equal, column.index, true, {Value::text(asked)}});
    return;
  }
  const std::string begin = asked.substr(0, sign);
  const std::string end = after_prefix(begin);
  const bool only_prefix = sign + 1 == asked.size() && asked[sign] == '*';
  if (!end.empty()) {
    out.push_back({column.range, column.index, false, {Value::text(begin), Value::text(end)}});
    if (!only_prefix) out.push_back({column.glob, nullptr, false, {Value::text(asked)}});
  } else if (!only_prefix) {
    out.push_back({column.glob, column.index, false, {Value::text(asked)}});
  }
}

Status add_address(std::vector<Condition>& out, const std::string& asked) {
  if (asked.empty()) return {};
  const Result<IpRange> range = IpRange::parse(asked);
  if (!range && asked.find('/') != std::string::npos) {
    return Error{"address", asked + ": " + range.error().message()};
  }
  if (!range || range.value().first == range.value().last) {
    out.push_back({"source = ?", "alerts_source", true, {Value::blob(address_key(asked))}});
    return {};
  }
  const auto key = [](const IpAddress& ip) {
    std::array<char, IpAddress::kTextMax> text{};
    return Value::blob(address_key(ip.format(text)));
  };
  out.push_back({"source BETWEEN ? AND ?",
                 "alerts_source",
                 false,
                 {key(range.value().first), key(range.value().last)}});
  return {};
}

Result<std::vector<Condition>> conditions_of(const AlertQuery& query) {
  std::vector<Condition> out;
  for (const std::string* text :
       {&query.rule, &query.user, &query.address, &query.host, &query.agent, &query.text}) {
    if (text->size() > kQueryTextMax) {
      return Error{
          "", "a text to search for is at most " + std::to_string(kQueryTextMax) + " bytes long"};
    }
  }
  add_text(out, kUser, query.user);
  if (Status status = add_address(out, query.address); !status) return status.error();
  add_text(out, kHost, query.host);
  if (!query.agent.empty()) {
    out.push_back({"agent = ?", "alerts_agent", true, {Value::text(query.agent)}});
  }
  add_text(out, kRule, query.rule);
  if (query.verdict) {
    out.push_back({"verdict = ?",
                   "alerts_verdict",
                   true,
                   {Value::of(static_cast<std::int64_t>(*query.verdict))}});
  }
  if (query.from || query.to) {
    out.push_back(
        {"time >= ? AND time < ?",
         "alerts_time",
         false,
         {Value::of(query.from.value_or(INT64_MIN)), Value::of(query.to.value_or(INT64_MAX))}});
  }
  if (query.min_score) {
    out.push_back({"score >= ?", "alerts_score", false, {Value::of(*query.min_score)}});
  }
  if (!query.text.empty()) {
    out.push_back({"text_within(?, message)", nullptr, false, {Value::text(query.text)}});
  }
  return out;
}

/// How many alerts a condition matches, counted up to kFewAlerts + 1.
Result<std::int64_t> count_few(SqliteDb& db, const Condition& condition) {
  Result<SqliteStatement> count = db.prepare(
      std::string("SELECT count(*) FROM (SELECT 1 FROM alerts INDEXED BY ") + condition.index +
      " WHERE " + condition.sql + " LIMIT " + std::to_string(kFewAlerts + 1) + ")");
  if (!count) return count.error();
  bind_all(count.value(), {&condition});
  const Result<bool> row = count.value().step(kSearchFailed);
  if (!row) return row.error();
  return count.value().integer(0);
}

/// The places between which the alerts of the days of a time lie: few enough that walking from the
/// newest of them on finds a page soon.
Status add_places_of_time(SqliteDb& db, const AlertQuery& query, std::vector<Condition>& out) {
  const TimeUs from = query.from.value_or(INT64_MIN);
  const TimeUs to = query.to.value_or(INT64_MAX);
  Result<SqliteStatement> ends =
      db.prepare("SELECT min(low), max(high) FROM alert_days WHERE day BETWEEN ? AND ?");
  if (!ends) return ends.error();
  ends.value().bind(1, day_of(from)).bind(2, day_of(to));
  const Result<bool> row = ends.value().step(kSearchFailed);
  if (!row) return row.error();
  out.push_back({"place BETWEEN ? AND ?",
                 nullptr,
                 false,
                 {Value::of(ends.value().integer(0)), Value::of(ends.value().integer(1))}});
  return {};
}

/// The way into the table, as SQL: the condition that matches fewest, if these are few; else one
/// that gives places in order; else from the newest place down.
Result<std::string> way_in(SqliteDb& db, const AlertQuery& query,
                           std::vector<Condition>& conditions) {
  const Condition* best = nullptr;
  const Condition* ordered = nullptr;
  std::int64_t fewest = kFewAlerts + 1;
  for (const Condition& condition : conditions) {
    if (condition.index == nullptr) continue;
    const Result<std::int64_t> n = count_few(db, condition);
    if (!n) return n.error();
    if (n.value() < fewest) {
      fewest = n.value();
      best = &condition;
    }
    if (condition.equal && ordered == nullptr) ordered = &condition;
  }
  if (best != nullptr) return std::string("INDEXED BY ") + best->index + " ";
  const std::string way =
      ordered != nullptr ? std::string("INDEXED BY ") + ordered->index + " " : "NOT INDEXED ";
  if (query.from || query.to) {
    if (Status status = add_places_of_time(db, query, conditions); !status) return status.error();
  }
  return way;
}

}  // namespace

Result<std::vector<AlertRow>> EmbeddedAlerts::search(const AlertQuery& query) {
  Result<std::vector<Condition>> asked = conditions_of(query);
  if (!asked) return asked.error();
  std::vector<Condition>& conditions = asked.value();
  const SearchDeadline deadline(db_);
  const Result<std::string> way = way_in(db_, query, conditions);
  if (!way) return deadline.say(way.error());
  if (query.before != 0) {
    conditions.push_back(
        {"place < ?",
         nullptr,
         false,
         {Value::of(static_cast<std::int64_t>(std::min<std::uint64_t>(query.before, INT64_MAX)))}});
  }
  std::vector<const Condition*> all;
  for (const Condition& condition : conditions) all.push_back(&condition);
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, kQueryLimitMax);
  Result<SqliteStatement> rows = db_.prepare(std::string(kColumns) + way.value() + where(all) +
                                             " ORDER BY place DESC LIMIT " + std::to_string(limit));
  if (!rows) return rows.error();
  bind_all(rows.value(), all);
  std::vector<AlertRow> out;
  for (;;) {
    const Result<bool> row = rows.value().step(kSearchFailed);
    if (!row) return deadline.say(row.error());
    if (!row.value()) return out;
    out.push_back(row_of(rows.value()));
  }
}

Result<std::optional<AlertRow>> EmbeddedAlerts::get(const std::string& id) {
  Result<SqliteStatement> found = db_.prepare(std::string(kColumns) + "WHERE id = ?");
  if (!found) return found.error();
  const Result<bool> row = found.value().bind(1, std::string_view(id)).step(kSearchFailed);
  if (!row) return row.error();
  if (!row.value()) return std::optional<AlertRow>();
  AlertRow out = row_of(found.value());
  found.value().reset();
  Result<SqliteStatement> told =
      db_.prepare("SELECT data FROM entries WHERE place = (SELECT told FROM alerts WHERE id = ?)");
  if (!told) return told.error();
  const Result<bool> entry = told.value().bind(1, std::string_view(id)).step(kSearchFailed);
  if (!entry) return entry.error();
  if (entry.value()) {
    if (const auto* alert = entry_table<log::Alert>(told.value().blob(0))) {
      out.document = text_of(alert->document());
    }
  }
  return std::optional(std::move(out));
}

}  // namespace doorward
