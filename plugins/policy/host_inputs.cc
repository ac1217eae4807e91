#include "plugins/policy/host_inputs.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "plugins/registry.h"

namespace doorward {
namespace {

/// One of a few words; anything else is a mistake and gives the fallback.
template <class T, std::size_t N>
T choose(Params& params, std::string_view key,
         const std::array<std::pair<std::string_view, T>, N>& words, T fallback) {
  const std::string word = params.text(key);
  if (word.empty()) return fallback;
  std::string expected;
  for (const auto& [name, value] : words) {
    if (word == name) return value;
    expected += (expected.empty() ? "" : ", ") + std::string(name);
  }
  params.mistake(key, "expected one of " + expected + ", not \"" + word + "\"");
  return fallback;
}

}  // namespace

void read_inputs_table(Params& document, HostInputs& out) {
  static constexpr std::array<std::pair<std::string_view, Wanted>, 3> kWanted = {
      {{"auto", Wanted::automatic}, {"yes", Wanted::yes}, {"no", Wanted::no}}};
  static constexpr std::array<std::pair<std::string_view, AuditdFrom>, 4> kAuditd = {
      {{"auto", AuditdFrom::automatic},
       {"file", AuditdFrom::file},
       {"relay", AuditdFrom::relay},
       {"no", AuditdFrom::nothing}}};
  static constexpr std::array<std::pair<std::string_view, LiveClock>, 2> kClock = {
      {{"system", LiveClock::system}, {"log", LiveClock::log}}};
  std::optional<Params> inputs = document.table("inputs");
  if (!inputs) return;
  out.automatic = inputs->boolean("auto", out.automatic);
  out.journald = choose(*inputs, "journald", kWanted, out.journald);
  out.auditd = choose(*inputs, "auditd", kAuditd, out.auditd);
  out.clock = choose(*inputs, "clock", kClock, out.clock);
  out.history_days = inputs->integer("history_days", out.history_days, 0, 400);
  inputs->refuse_unknown();
}

void read_input_tables(Params& document, HostInputs& out) {
  if (document.has("input")) out.inputs.clear();
  for (Params& table : document.tables("input")) {
    InputSettings input;
    input.path = table.text_required("path");
    if (!input.path.empty() && !input.path.starts_with('/')) {
      table.mistake("path", "expected an absolute path");
    }
    input.source = table.text("source", "auto");
    if (input.source != "auto" && find_plugin(source_plugins(), input.source) == nullptr) {
      table.mistake("source", "no such source: \"" + input.source + "\"");
    }
    table.refuse_unknown();
    if (out.inputs.size() == kInputTablesMax) {
      table.mistake("path", "more than " + std::to_string(kInputTablesMax) + " inputs");
      break;
    }
    out.inputs.push_back(std::move(input));
  }
}

}  // namespace doorward
