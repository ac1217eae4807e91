// doorward-agent run, in folders of its own, as systemd would run it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/e2e/program.h"

namespace doorward {

class RunningAgent {
 public:
  /// Folders state/ and run/, and the file agent.toml, in `folder`. `more`: lines of agent.toml
  /// beside [state] and an output to alerts.ndjson.
  RunningAgent(std::string folder, std::string more);
  /// Kills it.
  ~RunningAgent();
  RunningAgent(const RunningAgent&) = delete;
  RunningAgent& operator=(const RunningAgent&) = delete;

  void write_configuration(const std::string& more) const;
  /// Starts it and waits until it answers. False: it ended, see log().
  bool start();
  /// Starts it.
  void spawn();
  void send(int signal) const;
  /// Waits for its end; the exit status, or minus the signal that ended it.
  int wait();
  /// kill -9.
  void kill();
  [[nodiscard]] bool running() const { return pid_ > 0; }

  /// `doorward-agent COMMAND -c agent.toml ARGUMENTS...`
  [[nodiscard]] Ran ask(const std::string& command, const std::vector<std::string>& arguments = {});
  /// `status --json`; empty when it does not answer.
  [[nodiscard]] std::string status_text();
  /// The number behind "NAME": in status; -1: not there.
  [[nodiscard]] long number(const std::string& name);
  /// Waits until it is so, at most a minute.
  static bool until(const std::function<bool()>& is_so);

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] std::string log() const { return read_file(path("agent.log")); }
  /// event.id and occurrences of all that was delivered.
  [[nodiscard]] std::multiset<std::string> delivered() const;
  /// The baseline within its saved state, byte by byte.
  [[nodiscard]] std::string saved_baseline() const;

 private:
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace doorward
