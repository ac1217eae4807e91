#include "bench/fleet/report.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>

namespace doorward::fleet {
namespace {

namespace json = boost::json;

constexpr std::size_t kLabel = 32;
constexpr std::size_t kLeastColumn = 9;

std::string padded(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string label(std::string text) {
  text.resize(std::max(text.size(), kLabel), ' ');
  return text;
}

std::string number(double value, int digits) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string share(const Found& found) {
  return std::to_string(found.found) + "/" + std::to_string(found.total);
}

std::string curve_row(const CurvePoint& point) {
  return padded(number(point.threshold, 1), 9) + padded(number(point.false_per_day, 2), 13) +
         padded(number(point.recall, 3), 9) + padded(number(point.recall_with_success, 3), 15) +
         "\n";
}

std::string tuning_text(const Truth& truth, const Method& method, const Score& score,
                        Period period) {
  std::string out = "\n" + method.name + ": false alerts a day by rule\n";
  std::vector<std::pair<std::string, double>> rules(score.false_by_rule.begin(),
                                                    score.false_by_rule.end());
  std::ranges::stable_sort(rules, std::greater<>{}, &std::pair<std::string, double>::second);
  for (const auto& [rule, rate] : rules) {
    out += label("  " + (rule.empty() ? std::string("(no rule.id)") : rule)) +
           padded(number(rate, 2), kLeastColumn) + "\n";
  }
  if (rules.empty()) {
    out += "  none\n";
  }
  const std::string head = "threshold  false a day   recall   with success\n";
  out += "\n" + method.name + ": by threshold\n  " + head;
  for (const CurvePoint& point : curve(truth, method.verdicts, period)) {
    out += "  " + curve_row(point);
  }
  out += "\n" + method.name + ": within a budget of false alerts\n    budget  " + head;
  for (const BudgetPoint& entry : budgets(truth, method.verdicts, period)) {
    out += "  " + padded(number(entry.budget, 1), 8) + "  " + curve_row(entry.point);
  }
  return out;
}

json::object json_of(const CurvePoint& point) {
  return {{"threshold", point.threshold},
          {"false_per_day", point.false_per_day},
          {"recall", point.recall},
          {"recall_with_success", point.recall_with_success}};
}

json::object json_of(const Found& found) {
  return {{"found", found.found}, {"total", found.total}, {"recall", found.recall()}};
}

}  // namespace

std::string text_report(const Truth& truth, const std::vector<Method>& methods, Period period) {
  std::vector<Score> scores;
  std::vector<std::size_t> widths;
  std::string out = label("campaigns found");
  for (const Method& method : methods) {
    scores.push_back(score_at(truth, method.verdicts, period, method.threshold));
    widths.push_back(std::max(kLeastColumn, method.name.size() + 3));
    out += padded(method.name, widths.back());
  }
  out += "\n";
  const auto row = [&](const std::string& name, const auto& cell) {
    out += label(name);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      out += padded(cell(scores[i]), widths[i]);
    }
    out += "\n";
  };
  for (std::size_t kind = 0; kind < truth.kinds.size(); ++kind) {
    row("  " + truth.kinds[kind], [&](const Score& score) { return share(score.by_kind[kind]); });
  }
  row("  all", [](const Score& score) { return share(score.all); });
  row("  with a success", [](const Score& score) { return share(score.with_success); });
  row("recall", [](const Score& score) { return number(score.all.recall(), 3); });
  row("recall, with a success",
      [](const Score& score) { return number(score.with_success.recall(), 3); });
  row("false alerts a day", [](const Score& score) { return number(score.false_per_day, 2); });
  row("true alerts a day", [](const Score& score) { return number(score.true_per_day, 2); });
  row("median events to first alert",
      [](const Score& score) { return number(score.median_events, 1); });
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (methods[i].tunable) {
      out += tuning_text(truth, methods[i], scores[i], period);
    }
  }
  return out;
}

std::string json_report(const Truth& truth, const std::vector<Method>& methods, Period period) {
  json::array list;
  for (const Method& method : methods) {
    const Score score = score_at(truth, method.verdicts, period, method.threshold);
    json::object kinds;
    for (std::size_t kind = 0; kind < truth.kinds.size(); ++kind) {
      kinds[truth.kinds[kind]] = json_of(score.by_kind[kind]);
    }
    json::object rules;
    for (const auto& [rule, rate] : score.false_by_rule) {
      rules[rule] = rate;
    }
    json::object entry{{"name", method.name},
                       {"threshold", method.threshold},
                       {"all", json_of(score.all)},
                       {"with_success", json_of(score.with_success)},
                       {"by_kind", std::move(kinds)},
                       {"false_per_day", score.false_per_day},
                       {"true_per_day", score.true_per_day},
                       {"median_events", score.median_events},
                       {"false_by_rule", std::move(rules)}};
    if (method.tunable) {
      json::array points;
      for (const CurvePoint& point : curve(truth, method.verdicts, period)) {
        points.push_back(json_of(point));
      }
      json::array limits;
      for (const BudgetPoint& limit : budgets(truth, method.verdicts, period)) {
        json::object object = json_of(limit.point);
        object["budget"] = limit.budget;
        limits.push_back(std::move(object));
      }
      entry["curve"] = std::move(points);
      entry["budgets"] = std::move(limits);
    }
    list.push_back(std::move(entry));
  }
  const json::object document{
      {"from", stamp(period.from)}, {"to", stamp(period.to)}, {"methods", std::move(list)}};
  return json::serialize(document) + "\n";
}

}  // namespace doorward::fleet
