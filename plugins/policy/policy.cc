#include "plugins/policy/policy.h"

#include <algorithm>
#include <array>

#include "plugins/detectors/pitman_yor.h"
#include "plugins/pipeline/limits.h"

namespace doorward {
namespace {

struct Place {
  std::string_view folder;
  std::string_view ending;
};
constexpr std::array<Place, 3> kPlaces = {
    {{"rules/", ".toml"}, {"exceptions/", ".toml"}, {"sets/", ".txt"}}};
constexpr const Place& kRules = kPlaces[0];
constexpr const Place& kExceptions = kPlaces[1];

constexpr const char* kExpected =
    "expected policy.toml, rules/NAME.toml, exceptions/NAME.toml or sets/NAME.txt, where NAME is "
    "of a-z, 0-9, _, . and -";

bool good_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

/// Length of the UTF-8 character at `at`; 0: there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(at);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xC2 && first < 0xE0 ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and beyond U+10FFFF.
  const unsigned second = byte(at + 1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)) {
    return 0;
  }
  return length;
}

/// Text that can be shown, stored and sent as such: UTF-8 without control characters but tab and
/// line ends.
Status check_text(const PolicyText& file, const std::string& shown) {
  std::size_t line = 1;
  const std::string_view text = file.text;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return Error{shown + ":" + std::to_string(line), "not UTF-8 text"};
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (control && c != '\n' && c != '\t' && c != '\r') {
      return Error{shown + ":" + std::to_string(line), "a control character; not a text file?"};
    }
    if (c == '\n') ++line;
    at += length;
  }
  return {};
}

RuleOverride read_override(Params& table, const std::string& id) {
  RuleOverride out;
  out.id = id;
  out.where = table.where();
  out.enabled = table.boolean("enabled", true);
  if (table.has("threshold")) out.threshold = table.number("threshold", 75, 0, 101);
  if (table.has("strength")) {
    out.strength = table.number("strength", 1, kStrengthMin, kStrengthMax);
  }
  if (table.has("discount")) {
    out.discount = table.number("discount", 0.5, kDiscountMin, kDiscountMax);
  }
  table.refuse_unknown();
  return out;
}

void read_inputs(Params& document, Policy& out, std::vector<Error>& mistakes) {
  out.has_inputs = document.has("inputs");
  out.has_input = document.has("input");
  out.has_geo = document.has("geo");
  const std::size_t before = mistakes.size();
  read_inputs_table(document, out.inputs);
  if (mistakes.size() == before && out.inputs.clock != LiveClock::system) {
    document.mistake("inputs", "clock is for recorded logs on one host; it stands in agent.toml");
  }
  read_input_tables(document, out.inputs);
  if (std::optional<Params> geo = document.table("geo")) {
    out.geo_databases = geo->texts("databases");
    geo->refuse_unknown();
  }
}

void read_settings(const std::string& text, const std::string& shown, Policy& out,
                   std::vector<Error>& mistakes) {
  Result<Params> opened = Params::open(text, shown, &mistakes);
  if (!opened) {
    mistakes.push_back(opened.error());
    return;
  }
  Params& document = opened.value();
  if (std::optional<Params> alerts = document.table("alerts")) {
    if (alerts->has("budget_per_day")) {
      out.budget_per_day = alerts->number("budget_per_day", 1, kBudgetMin, kBudgetMax);
    }
    alerts->refuse_unknown();
  }
  if (std::optional<Params> rules = document.table("rules")) {
    for (const std::string& id : rules->keys()) {
      if (std::optional<Params> table = rules->table(id)) {
        out.overrides.push_back(read_override(*table, id));
      }
    }
  }
  if (std::optional<Params> intervals = document.table("intervals")) {
    const auto seconds = [&](std::string_view key, std::optional<std::int64_t>& to) {
      if (!intervals->has(key)) return;
      to = intervals->integer(key, kPolicyIntervalMin, kPolicyIntervalMin, kPolicyIntervalMax);
    };
    seconds("delta_s", out.delta_s);
    seconds("heartbeat_s", out.heartbeat_s);
    intervals->refuse_unknown();
  }
  if (std::optional<Params> baseline = document.table("baseline")) {
    document.mistake("baseline", "its size is the server's: [baseline] memory_mib of server.toml");
  }
  read_inputs(document, out, mistakes);
  if (std::optional<Params> reserved = document.table("agent")) reserved->refuse_unknown();
  document.refuse_unknown();
}

/// The id that a rule file gives; empty when it cannot be read. RuleSet tells of its mistakes.
std::string rule_id(const std::string& toml, const std::string& shown) {
  std::vector<Error> aside;
  Result<Params> document = Params::open(toml, shown, &aside);
  return document ? document.value().text("id") : std::string();
}

void take_rule(const PolicyText& file, const std::string& shown, Policy& out,
               std::vector<Error>& mistakes) {
  const std::string id = rule_id(file.text, shown);
  for (std::size_t i = 0; i < out.rules.size() && !id.empty(); ++i) {
    if (out.rule_ids[i] != id) continue;
    mistakes.push_back({shown, "rule " + id + " is in " + out.rules[i].file + " already"});
    return;
  }
  out.rules.push_back({shown, file.text});
  out.rule_ids.push_back(id);
}

}  // namespace

Status check_policy_name(std::string_view name) {
  // Printable by the time it is shown: what is refused may hold anything.
  const std::string where = std::string(name.substr(0, kPolicyNameBytesMax));
  if (name == kPolicyFile) return {};
  if (name.size() > kPolicyNameBytesMax) {
    return Error{where, "the name is longer than " + std::to_string(kPolicyNameBytesMax)};
  }
  for (const Place& place : kPlaces) {
    if (!name.starts_with(place.folder)) continue;
    const std::string_view rest = name.substr(place.folder.size());
    if (good_name(rest) && rest.ends_with(place.ending) && rest.size() > place.ending.size()) {
      return {};
    }
  }
  return Error{where, kExpected};
}

PolicyTexts sorted_policy(PolicyTexts texts) {
  std::sort(texts.begin(), texts.end(),
            [](const PolicyText& a, const PolicyText& b) { return a.name < b.name; });
  return texts;
}

Policy parse_policy(const PolicyTexts& texts, std::vector<Error>& mistakes,
                    const std::string& folder) {
  Policy out;
  if (texts.size() > kPolicyFilesMax) {
    mistakes.push_back({folder, "more than " + std::to_string(kPolicyFilesMax) + " files"});
    return out;
  }
  std::size_t bytes = 0;
  for (const PolicyText& file : texts) bytes += file.text.size();
  if (bytes > kPolicyBytesMax) {
    mistakes.push_back({folder, "all files together are larger than " +
                                    std::to_string(kPolicyBytesMax >> 20U) + " MiB"});
    return out;
  }
  const PolicyTexts sorted = sorted_policy(texts);
  std::string_view before;
  for (const PolicyText& file : sorted) {
    if (const Status named = check_policy_name(file.name); !named) {
      mistakes.push_back(named.error());
      continue;
    }
    const std::string shown = folder.empty() ? file.name : folder + "/" + file.name;
    if (file.name == before) {
      mistakes.push_back({shown, "is there twice"});
      continue;
    }
    before = file.name;
    if (file.text.size() > kPolicyFileBytesMax) {
      mistakes.push_back(
          {shown, "larger than " + std::to_string(kPolicyFileBytesMax >> 20U) + " MiB"});
      continue;
    }
    if (const Status text = check_text(file, shown); !text) {
      mistakes.push_back(text.error());
      continue;
    }
    if (file.name == kPolicyFile) {
      read_settings(file.text, shown, out, mistakes);
    } else if (file.name.starts_with(kRules.folder)) {
      take_rule(file, shown, out, mistakes);
    } else if (file.name.starts_with(kExceptions.folder)) {
      out.exceptions.push_back({shown, file.text, false, true});
    }
  }
  return out;
}

}  // namespace doorward
