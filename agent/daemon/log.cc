#include "agent/daemon/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace doorward::log {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> the_logger = [] {
    // systemd says so when standard error is connected to the journal: fields beside the text, such
    // as the priority, need its own protocol.
    if (std::getenv("JOURNAL_STREAM") != nullptr) {
      auto sink = std::make_shared<spdlog::sinks::systemd_sink_mt>("doorward-agent");
      auto made = std::make_shared<spdlog::logger>("doorward-agent", std::move(sink));
      made->set_pattern("%v");
      return made;
    }
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    auto made = std::make_shared<spdlog::logger>("doorward-agent", std::move(sink));
    made->set_pattern("%Y-%m-%dT%H:%M:%S%z %^%l%$ %v");
    return made;
  }();
  return *the_logger;
}

}  // namespace

void init(const std::string& level) {
  logger().set_level(level == "off" ? spdlog::level::off : spdlog::level::from_str(level));
}

// The line is a value, never a format.
void debug(const std::string& line) {
  logger().debug("{}", line);
}
void info(const std::string& line) {
  logger().info("{}", line);
}
void warning(const std::string& line) {
  logger().warn("{}", line);
}
void error(const std::string& line) {
  logger().error("{}", line);
}

}  // namespace doorward::log
