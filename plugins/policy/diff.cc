#include "plugins/policy/diff.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

#include "plugins/policy/line_diff.h"
#include "plugins/printable.h"

namespace doorward {
namespace {

template <class T>
using ByName = std::map<std::string, T, std::less<>>;

/// Calls same(name, before, after) for what both have, and added or removed for what one has.
template <class T, class Added, class Removed, class Same>
void compare(const ByName<T>& before, const ByName<T>& after, Added added, Removed removed,
             Same same) {
  std::set<std::string, std::less<>> names;
  for (const auto& [name, value] : before) names.insert(name);
  for (const auto& [name, value] : after) names.insert(name);
  for (const std::string& name : names) {
    const auto was = before.find(name);
    const auto is = after.find(name);
    if (was == before.end()) {
      added(name, is->second);
    } else if (is == after.end()) {
      removed(name, was->second);
    } else {
      same(name, was->second, is->second);
    }
  }
}

std::string number(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%g", value);
  return out.data();
}

template <class T>
std::string shown(const std::optional<T>& value, const char* none) {
  return value ? number(static_cast<double>(*value)) : none;
}

class Summary {
 public:
  explicit Summary(std::vector<std::string>& out) : out_(out) {}

  void say(const std::string& sentence) { out_.push_back(printable(sentence)); }

  template <class T>
  void changed(const std::string& what, const std::optional<T>& before,
               const std::optional<T>& after, const char* none) {
    if (before == after) return;
    say(what + " " + shown(before, none) + " -> " + shown(after, none));
  }

 private:
  std::vector<std::string>& out_;
};

ByName<RuleOverride> overrides_of(const Policy& policy) {
  ByName<RuleOverride> out;
  for (const RuleOverride& one : policy.overrides) out[one.id] = one;
  return out;
}

void compare_overrides(const Policy& before, const Policy& after, Summary& summary) {
  const auto told = [&](const std::string& id, const RuleOverride& was, const RuleOverride& is) {
    const std::string rule = "rule " + id + ": ";
    constexpr const char* kAsWritten = "as in its file";
    if (was.enabled != is.enabled) summary.say(rule + (is.enabled ? "enabled" : "disabled"));
    summary.changed(rule + "threshold", was.threshold, is.threshold, kAsWritten);
    summary.changed(rule + "strength", was.strength, is.strength, kAsWritten);
    summary.changed(rule + "discount", was.discount, is.discount, kAsWritten);
  };
  compare(
      overrides_of(before), overrides_of(after),
      [&](const std::string& id, const RuleOverride& is) { told(id, {}, is); },
      [&](const std::string& id, const RuleOverride& was) { told(id, was, {}); }, told);
}

bool is_builtin(const std::string& id) {
  const std::span<const RuleText> builtin = builtin_rules();
  return std::any_of(builtin.begin(), builtin.end(),
                     [&](const RuleText& text) { return text.file.ends_with(id + ".toml"); });
}

void compare_rules(const Policy& before, const Policy& after, Summary& summary) {
  const auto rules_of = [](const Policy& policy) {
    ByName<RuleText> out;
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
      const std::string& id = policy.rule_ids[i];
      out[id.empty() ? policy.rules[i].file : id] = policy.rules[i];
    }
    return out;
  };
  compare(
      rules_of(before), rules_of(after),
      [&](const std::string& id, const RuleText& is) {
        summary.say("rule " + id + ": " + (is_builtin(id) ? "replaced by " : "added, ") + is.file);
      },
      [&](const std::string& id, const RuleText&) {
        summary.say("rule " + id + ": " + (is_builtin(id) ? "the built-in one again" : "removed"));
      },
      [&](const std::string& id, const RuleText& was, const RuleText& is) {
        if (was.toml != is.toml) summary.say("rule " + id + ": changed, " + is.file);
      });
}

/// The text of each [[exception]] table by its name.
ByName<std::string> exceptions_of(const Policy& policy) {
  ByName<std::string> out;
  for (const ExceptionText& file : policy.exceptions) {
    std::vector<Error> aside;
    Result<Params> document = Params::open(file.toml, file.file, &aside);
    if (!document) {
      out[file.file] = file.toml;
      continue;
    }
    std::size_t at = 0;
    for (Params& table : document.value().tables("exception")) {
      constexpr std::string_view kHead = "[[exception]]";
      const std::size_t head = std::min(file.toml.find(kHead, at), file.toml.size());
      at = std::min(head + kHead.size(), file.toml.size());
      std::string text = file.toml.substr(at, file.toml.find(kHead, at) - at);
      // Comments before the next table belong to that one, and blank lines to nobody.
      std::string lines;
      for (std::string_view left = text; !left.empty();) {
        const std::string_view line = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(left.size(), line.size() + 1));
        if (!line.empty() && !line.starts_with('#')) lines.append(line).append("\n");
      }
      out[table.text("name")] = std::move(lines);
    }
  }
  return out;
}

void compare_exceptions(const Policy& before, const Policy& after, Summary& summary) {
  compare(
      exceptions_of(before), exceptions_of(after),
      [&](const std::string& name, const std::string&) {
        summary.say("exception " + name + ": added");
      },
      [&](const std::string& name, const std::string&) {
        summary.say("exception " + name + ": removed");
      },
      [&](const std::string& name, const std::string& was, const std::string& is) {
        if (was != is) summary.say("exception " + name + ": changed");
      });
}

std::set<std::string> lines_of_set(const std::string& text) {
  std::set<std::string> out;
  for (std::string_view left = text; !left.empty();) {
    const std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    if (!line.empty() && !line.starts_with('#')) out.emplace(line);
  }
  return out;
}

ByName<std::string> files_of(const PolicyTexts& texts, std::string_view folder) {
  ByName<std::string> out;
  for (const PolicyText& file : texts) {
    if (file.name.starts_with(folder)) out[file.name] = file.text;
  }
  return out;
}

void compare_sets(const PolicyTexts& before, const PolicyTexts& after, Summary& summary) {
  const auto told = [&](const std::string& name, const std::string& was, const std::string& is) {
    const std::set<std::string> old_lines = lines_of_set(was);
    const std::set<std::string> new_lines = lines_of_set(is);
    const auto missing = [](const std::set<std::string>& from, const std::set<std::string>& in) {
      return std::count_if(from.begin(), from.end(),
                           [&](const std::string& line) { return !in.contains(line); });
    };
    const auto added = missing(new_lines, old_lines);
    const auto removed = missing(old_lines, new_lines);
    if (added == 0 && removed == 0) return;
    summary.say(name + ": " + std::to_string(added) + " values added, " + std::to_string(removed) +
                " removed");
  };
  compare(
      files_of(before, "sets/"), files_of(after, "sets/"),
      [&](const std::string& name, const std::string& is) { told(name, "", is); },
      [&](const std::string& name, const std::string& was) { told(name, was, ""); }, told);
}

bool same_inputs(const HostInputs& a, const HostInputs& b) {
  const auto same = [](const InputSettings& x, const InputSettings& y) {
    return x.path == y.path && x.source == y.source;
  };
  return a.automatic == b.automatic && a.journald == b.journald && a.auditd == b.auditd &&
         a.history_days == b.history_days && a.clock == b.clock &&
         std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), same);
}

void compare_settings(const Policy& before, const Policy& after, Summary& summary) {
  summary.changed("alerts budget_per_day", before.budget_per_day, after.budget_per_day, "none");
  summary.changed("intervals delta_s", before.delta_s, after.delta_s, "the server's");
  summary.changed("intervals heartbeat_s", before.heartbeat_s, after.heartbeat_s, "the server's");
  if (before.has_inputs != after.has_inputs || before.has_input != after.has_input ||
      !same_inputs(before.inputs, after.inputs)) {
    summary.say("inputs: changed");
  }
  if (before.has_geo != after.has_geo || before.geo_databases != after.geo_databases) {
    summary.say("geo databases: changed");
  }
}

}  // namespace

PolicyDiff diff_policies(const PolicyTexts& before, const PolicyTexts& after) {
  PolicyDiff out;
  std::vector<Error> aside;
  const Policy was = parse_policy(before, aside);
  const Policy is = parse_policy(after, aside);
  Summary summary(out.summary);
  compare_settings(was, is, summary);
  compare_overrides(was, is, summary);
  compare_rules(was, is, summary);
  compare_exceptions(was, is, summary);
  compare_sets(before, after, summary);

  const auto show = [&](const std::string& name, const std::string* old_text,
                        const std::string* new_text) {
    static const std::string kNothing;
    const std::string lines = line_diff(old_text != nullptr ? *old_text : kNothing,
                                        new_text != nullptr ? *new_text : kNothing);
    if (lines.empty() && old_text != nullptr && new_text != nullptr) {
      if (*old_text != *new_text)
        out.text += "=== " + printable(name) + ": only the line end at its end\n";
      return;
    }
    out.text += "--- " + (old_text != nullptr ? printable(name) : "(none)") + "\n+++ " +
                (new_text != nullptr ? printable(name) : "(none)") + "\n" + lines;
  };
  compare(
      files_of(before, ""), files_of(after, ""),
      [&](const std::string& name, const std::string& text) { show(name, nullptr, &text); },
      [&](const std::string& name, const std::string& text) { show(name, &text, nullptr); },
      [&](const std::string& name, const std::string& a, const std::string& b) {
        show(name, &a, &b);
      });
  if (out.text.size() > kDiffBytesMax) {
    out.text.resize(out.text.rfind('\n', kDiffBytesMax) + 1);
    out.text += "(cut off here: more than " + std::to_string(kDiffBytesMax >> 20U) + " MiB)\n";
  }
  return out;
}

}  // namespace doorward
