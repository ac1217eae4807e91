// Output `stdout`: alerts as ECS NDJSON, or as text for a person.
#include <array>
#include <cctype>
#include <string>

#include "plugins/ecs_document.h"
#include "plugins/outputs/output.h"
#include "plugins/printable.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

constexpr std::size_t kFlushBytes = std::size_t{64} * 1024;

class Stdout final : public Output {
 public:
  explicit Stdout(const OutputOptions& options) : options_(options) {}
  ~Stdout() override { flush(); }
  Stdout(const Stdout&) = delete;
  Stdout& operator=(const Stdout&) = delete;

  void on_alert(const Alert& alert) override {
    if (options_.text) {
      append_text(alert);
    } else {
      append_alert_document(alert, buffer_);
      buffer_ += '\n';
    }
    // A person reads along; a program gets blocks.
    if (options_.text || buffer_.size() >= kFlushBytes) flush();
  }

  bool flush() override {
    const bool written =
        std::fwrite(buffer_.data(), 1, buffer_.size(), options_.file) == buffer_.size();
    buffer_.clear();
    return std::fflush(options_.file) == 0 && written;
  }

 private:
  void append_text(const Alert& alert) {
    const Rule& rule = *alert.primary.rule;
    const Severity& severity = rule.severity_at(alert.score);
    const std::string_view colour = severity.name == "low"      ? "\033[33m"
                                    : severity.name == "medium" ? "\033[35m"
                                                                : "\033[31;1m";
    std::string name = severity.name;
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::array<char, 32> head{};
    std::snprintf(head.data(), head.size(), "%-8s %3.0f  ", name.c_str(), alert.score);
    buffer_ += format_time(alert.event.time).substr(0, 19) + "Z  ";
    if (options_.colour) buffer_ += colour;
    buffer_ += head.data();
    buffer_ += rule.name;
    if (options_.colour) buffer_ += "\033[0m";
    buffer_ += "\n    " + printable(alert_sentence(alert)) + "\n";
    buffer_ += "    rule " + rule.id;
    for (const Evidence& evidence : alert.evidence) {
      if (&evidence != &alert.primary && evidence.applies &&
          score_of(evidence.p_value) >= evidence.rule->threshold) {
        buffer_ += ", " + evidence.rule->id;
      }
    }
    for (const Threat& threat : rule.threats) {
      buffer_ += "; " + threat.technique_id + " " + threat.technique_name;
    }
    if (alert.occurrences > 1) {
      buffer_ += "; " + std::to_string(alert.occurrences - 1) + " alike held back since the last";
    }
    buffer_ += "; id " + alert_id(alert.event, rule).substr(0, 12) + "\n";
  }

  OutputOptions options_;
  std::string buffer_;
};

}  // namespace

extern const OutputPlugin kOutputStdout;
const OutputPlugin kOutputStdout = {"stdout", "alerts on standard output, as ECS NDJSON or text",
                                    [](const OutputOptions& options) -> std::unique_ptr<Output> {
                                      return std::make_unique<Stdout>(options);
                                    }};

}  // namespace doorward
