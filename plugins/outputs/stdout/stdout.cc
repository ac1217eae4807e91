// Output `stdout`: alerts as ECS NDJSON, or as text for a person; documents of the spool as NDJSON.
#include <unistd.h>

#include <array>
#include <cctype>
#include <string>

#include "plugins/block_writer.h"
#include "plugins/ecs_document.h"
#include "plugins/outputs/output.h"
#include "plugins/outputs/stdout/stdout_sink.h"
#include "plugins/printable.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

class Stdout final : public Output {
 public:
  explicit Stdout(const OutputOptions& options) : options_(options), out_(options.file) {}

  void on_alert(const Alert& alert) override {
    if (options_.text) {
      append_text(alert, out_.buffer());
    } else {
      append_alert_document(alert, out_.buffer());
    }
    end();
  }

  void on_update(const AlertUpdate& update) override {
    if (options_.text) {
      append_note(update.newest, "MORE", update.rule, update_sentence(update), update.id);
    } else {
      append_update_document(update, out_.buffer());
    }
    end();
  }

  void on_summary(const AlertSummary& summary) override {
    if (options_.text) {
      append_note(summary.newest, "SUMMARY", summary.rule, summary_sentence(summary), summary.id);
    } else {
      append_summary_document(summary, out_.buffer());
    }
    end();
  }

  bool flush() override { return out_.flush(); }

 private:
  void end() {
    out_.end_line();
    // A person reads along; a program gets blocks.
    if (options_.text) out_.flush();
  }

  void append_note(TimeUs time, const char* kind, const Rule& rule, const std::string& sentence,
                   std::string_view id) {
    std::array<char, 32> head{};
    std::snprintf(head.data(), head.size(), "%-8s      ", kind);
    out_.buffer() += format_time(time).substr(0, 19) + "Z  " + head.data() + rule.name + "\n    " +
                     printable(sentence) + "; id " + std::string(id.substr(0, 12));
  }

  void append_text(const Alert& alert, std::string& out) const {
    const Rule& rule = *alert.primary.rule;
    const Severity& severity = rule.severity_at(alert.score);
    const std::string_view colour = severity.name == "low"      ? "\033[33m"
                                    : severity.name == "medium" ? "\033[35m"
                                                                : "\033[31;1m";
    std::string name = severity.name;
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::array<char, 32> head{};
    std::snprintf(head.data(), head.size(), "%-8s %3.0f  ", name.c_str(), alert.score);
    out += format_time(alert.event.time).substr(0, 19) + "Z  ";
    if (options_.colour) out += colour;
    out += head.data();
    out += rule.name;
    if (options_.colour) out += "\033[0m";
    out += "\n    " + printable(alert_sentence(alert)) + "\n";
    out += "    rule " + rule.id;
    for (const Evidence& evidence : alert.evidence) {
      if (&evidence != &alert.primary && has_fired(evidence)) {
        out += ", " + evidence.rule->id;
      }
    }
    for (const Threat& threat : rule.threats) {
      out += "; " + threat.technique_id + " " + threat.technique_name;
    }
    out += "; id " + alert_id(alert.event, rule).substr(0, 12);
  }

  OutputOptions options_;
  BlockWriter out_;
};

}  // namespace

extern const OutputPlugin kOutputStdout;
const OutputPlugin kOutputStdout = {"stdout", "alerts on standard output, as ECS NDJSON or text",
                                    [](const OutputOptions& options) -> std::unique_ptr<Output> {
                                      return std::make_unique<Stdout>(options);
                                    },
                                    [](Params& /*table*/) { return stdout_setup(STDOUT_FILENO); }};

}  // namespace doorward
