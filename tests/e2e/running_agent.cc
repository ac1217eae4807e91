#include "tests/e2e/running_agent.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace doorward {

RunningAgent::RunningAgent(std::string folder, std::string more) : folder_(std::move(folder)) {
  std::filesystem::create_directories(path("run"));
  write_configuration(more);
}

RunningAgent::~RunningAgent() {
  kill();
}

void RunningAgent::write_configuration(const std::string& more) const {
  std::ofstream(path("agent.toml"), std::ios::trunc)
      << "[state]\ndir = \"" << path("state") << "\"\nrun_dir = \"" << path("run")
      << "\"\nsave_every_s = 1\n[[output]]\ntype = \"file\"\npath = \"" << path("alerts.ndjson")
      << "\"\n"
      << more;
}

void RunningAgent::spawn() {
  const std::string agent = DOORWARD_AGENT;
  const std::string config = path("agent.toml");
  const std::string log = path("agent.log");
  pid_ = fork();
  if (pid_ == 0) {
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
    execl(agent.c_str(), agent.c_str(), "run", "-c", config.c_str(), nullptr);
    _exit(127);
  }
}

bool RunningAgent::start() {
  spawn();
  bool ended = false;
  const bool answers = until([&] {
    int status = 0;
    ended = waitpid(pid_, &status, WNOHANG) == pid_;
    return ended || !status_text().empty();
  });
  if (ended) pid_ = -1;
  return answers && !ended;
}

void RunningAgent::send(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

int RunningAgent::wait() {
  if (pid_ <= 0) return -1;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void RunningAgent::kill() {
  if (pid_ <= 0) return;
  send(SIGKILL);
  wait();
}

Ran RunningAgent::ask(const std::string& command, const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {command, "-c", path("agent.toml")};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(DOORWARD_AGENT, all);
}

std::string RunningAgent::status_text() {
  const Ran ran = ask("status", {"--json"});
  return ran.status == 0 ? ran.out : std::string();
}

long RunningAgent::number(const std::string& name) {
  const std::string text = status_text();
  const std::string key = "\"" + name + "\":";
  const std::size_t at = text.find(key);
  return at == std::string::npos ? -1 : std::stol(text.substr(at + key.size()));
}

bool RunningAgent::until(const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    if (is_so()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

std::multiset<std::string> RunningAgent::delivered() const {
  std::multiset<std::string> out;
  for (const std::string& line : lines_of(read_file(path("alerts.ndjson")))) {
    const auto after = [&](const std::string& key) {
      const std::size_t at = line.find(key);
      if (at == std::string::npos) return std::string();
      const std::size_t from = at + key.size();
      return line.substr(from, line.find_first_of("\",}", from) - from);
    };
    out.insert(after("\"id\":\"") + " " + after("\"occurrences\":"));
  }
  return out;
}

std::string RunningAgent::saved_baseline() const {
  const std::string to = path("exported.dwbl");
  const Ran ran = run(DOORWARD_AGENT, {"baseline", "export", "--state", path("state"), "-o", to,
                                       "--key", path("state/hash.key")});
  return ran.status == 0 ? read_file(to) : "not exported: " + ran.err;
}

}  // namespace doorward
