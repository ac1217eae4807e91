// A program's own log: to journald when systemd started it, else to standard error.
#pragma once

#include <string>

// Not "log": in the server that is the namespace of the ordered log's entries
// (server/store/entries.fbs).
namespace doorward::program_log {

/// `program`: the name that journald is told; it is that of the first call. `level`: debug, info,
/// warning, error or off. To be called before the first line, and again when the level changes.
void init(const std::string& program, const std::string& level);

/// One line. Goes through printable() here: much of it comes from logs and peers. Any thread.
void debug(const std::string& line);
void info(const std::string& line);
void warning(const std::string& line);
void error(const std::string& line);

}  // namespace doorward::program_log
