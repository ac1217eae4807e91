#include "plugins/policy/edit.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "plugins/policy/policy.h"

namespace doorward {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool is_header(std::string_view line) {
  return trimmed(line).starts_with('[');
}

/// "[rules.ID]", maybe with the id in quotes and a comment behind it.
bool is_header_of(std::string_view line, const std::string& id) {
  line = trimmed(line);
  const std::size_t end = line.find(']');
  if (end == std::string_view::npos) return false;
  const std::string_view rest = trimmed(line.substr(end + 1));
  if (!rest.empty() && !rest.starts_with('#')) return false;
  const std::string_view head = line.substr(0, end + 1);
  return head == "[rules." + id + "]" || head == "[rules.\"" + id + "\"]";
}

bool is_setting(std::string_view line, std::string_view name) {
  line = trimmed(line);
  if (!line.starts_with(name)) return false;
  return trimmed(line.substr(name.size())).starts_with('=');
}

/// In the table that begins behind `header`: in the place of the setting, else at its begin.
void set(std::vector<std::string>& lines, std::size_t header, std::string_view name,
         double number) {
  const std::string text = std::string(name) + " = " + rule_number_text(number);
  for (std::size_t i = header + 1; i < lines.size() && !is_header(lines[i]); ++i) {
    if (!is_setting(lines[i], name)) continue;
    const std::size_t comment = lines[i].find('#');
    lines[i] = text + (comment == std::string::npos ? "" : "  " + lines[i].substr(comment));
    return;
  }
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(header) + 1, text);
}

Policy read(std::string_view text, std::vector<Error>& mistakes) {
  return parse_policy({{std::string(kPolicyFile), std::string(text)}}, mistakes);
}

/// What a policy says of its rules, in order of ids.
std::vector<RuleOverride> overrides_of(Policy policy) {
  for (RuleOverride& one : policy.overrides) one.where.clear();
  std::sort(policy.overrides.begin(), policy.overrides.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return std::move(policy.overrides);
}

bool same(const RuleOverride& a, const RuleOverride& b) {
  return a.id == b.id && a.enabled == b.enabled && a.threshold == b.threshold &&
         a.strength == b.strength && a.discount == b.discount;
}

double as_written(double number) {
  return std::stod(rule_number_text(number));
}

}  // namespace

std::string rule_number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", number);
  return text.data();
}

std::string rule_numbers_text(std::span<const RuleNumbers> numbers) {
  std::string out;
  for (const RuleNumbers& one : numbers) {
    out += (out.empty() ? "" : "\n") + std::string("[rules.") + one.id + "]\n";
    out += "strength = " + rule_number_text(one.strength) + "\n";
    out += "discount = " + rule_number_text(one.discount) + "\n";
  }
  return out;
}

Result<std::string> with_rule_numbers(std::string_view policy_toml,
                                      std::span<const RuleNumbers> numbers) {
  std::vector<Error> mistakes;
  std::vector<RuleOverride> wanted = overrides_of(read(policy_toml, mistakes));
  if (!mistakes.empty()) return mistakes.front();
  std::vector<std::string> lines = lines_of(policy_toml);
  for (const RuleNumbers& one : numbers) {
    auto header = std::find_if(lines.begin(), lines.end(),
                               [&](const std::string& line) { return is_header_of(line, one.id); });
    if (header == lines.end()) {
      if (!lines.empty() && !trimmed(lines.back()).empty()) lines.emplace_back();
      lines.push_back("[rules." + one.id + "]");
      header = std::prev(lines.end());
    }
    const auto at = static_cast<std::size_t>(header - lines.begin());
    set(lines, at, "discount", one.discount);
    set(lines, at, "strength", one.strength);
    auto over = std::find_if(wanted.begin(), wanted.end(),
                             [&](const RuleOverride& other) { return other.id == one.id; });
    if (over == wanted.end()) {
      wanted.emplace_back().id = one.id;
      over = std::prev(wanted.end());
    }
    over->strength = as_written(one.strength);
    over->discount = as_written(one.discount);
  }
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  const std::vector<RuleOverride> got = overrides_of(read(out, mistakes));
  if (!mistakes.empty() ||
      !std::equal(got.begin(), got.end(), wanted.begin(), wanted.end(), same)) {
    return Error{std::string(kPolicyFile),
                 "its rules are not told in [rules.ID] tables; put the numbers in by hand"};
  }
  return out;
}

}  // namespace doorward
