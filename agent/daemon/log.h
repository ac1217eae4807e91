// The program's own log: to journald when systemd started it, else to standard error.
#pragma once

#include <string>

namespace doorward::log {

/// `level`: debug, info, warning, error or off. To be called before the first line, and again when
/// the level changes.
void init(const std::string& level);

/// One line. Text of logs and peers must have gone through printable(). Any thread.
void debug(const std::string& line);
void info(const std::string& line);
void warning(const std::string& line);
void error(const std::string& line);

}  // namespace doorward::log
