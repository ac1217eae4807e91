#include "plugins/program_log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

#include "plugins/printable.h"

namespace doorward::program_log {
namespace {

std::shared_ptr<spdlog::logger> make_logger(const std::string& program) {
  // Set by systemd when standard error is the journal, which takes the priority beside the text
  // over its own socket only.
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  spdlog::sink_ptr sink;
  if (journal) {
    sink = std::make_shared<spdlog::sinks::systemd_sink_mt>(program);
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  }
  auto made = std::make_shared<spdlog::logger>(program, std::move(sink));
  made->set_pattern(journal ? "%v" : "%Y-%m-%dT%H:%M:%S%z %^%l%$ %v");
  return made;
}

/// Made at the first call, whose `program` it keeps.
spdlog::logger& logger(const std::string& program = "doorward") {
  static const std::shared_ptr<spdlog::logger> the_logger = make_logger(program);
  return *the_logger;
}

// The line is a value, never a format.
void say(spdlog::level::level_enum level, const std::string& line) {
  if (logger().should_log(level)) logger().log(level, "{}", printable(line));
}

}  // namespace

void init(const std::string& program, const std::string& level) {
  logger(program).set_level(level == "off" ? spdlog::level::off : spdlog::level::from_str(level));
}

void debug(const std::string& line) {
  say(spdlog::level::debug, line);
}
void info(const std::string& line) {
  say(spdlog::level::info, line);
}
void warning(const std::string& line) {
  say(spdlog::level::warn, line);
}
void error(const std::string& line) {
  say(spdlog::level::err, line);
}

}  // namespace doorward::program_log
