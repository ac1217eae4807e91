// The server's own log: to journald when systemd started it, else to standard error.
#pragma once

#include <string>

// Not "log": that is the namespace of the ordered log's entries (server/store/entries.fbs).
namespace doorward::server_log {

/// `level`: debug, info, warning, error or off. To be called before the first line, and again when
/// the level changes.
void init(const std::string& level);

/// One line. Goes through printable() here: much of it comes from peers. Any thread.
void debug(const std::string& line);
void info(const std::string& line);
void warning(const std::string& line);
void error(const std::string& line);

}  // namespace doorward::server_log
