#include "server/core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

#include "plugins/printable.h"

namespace doorward::server_log {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> the_logger = [] {
    constexpr const char* kName = "doorward-server";
    // Set by systemd when standard error is the journal, which takes the priority beside the text
    // over its own socket only.
    const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
    spdlog::sink_ptr sink;
    if (journal) {
      sink = std::make_shared<spdlog::sinks::systemd_sink_mt>(kName);
    } else {
      sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    }
    auto made = std::make_shared<spdlog::logger>(kName, std::move(sink));
    made->set_pattern(journal ? "%v" : "%Y-%m-%dT%H:%M:%S%z %^%l%$ %v");
    return made;
  }();
  return *the_logger;
}

void say(spdlog::level::level_enum level, const std::string& line) {
  if (logger().should_log(level)) logger().log(level, "{}", printable(line));
}

}  // namespace

void init(const std::string& level) {
  logger().set_level(level == "off" ? spdlog::level::off : spdlog::level::from_str(level));
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

}  // namespace doorward::server_log
