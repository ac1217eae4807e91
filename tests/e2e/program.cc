#include "tests/e2e/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace doorward {

Ran run(const std::string& program, const std::vector<std::string>& arguments,
        const std::string& input) {
  const TemporaryFolder folder;
  const std::string out = folder.path("out");
  const std::string err = folder.path("err");
  const pid_t child = fork();
  if (child == 0) {
    const int in_fd = open(input.empty() ? "/dev/null" : input.c_str(), O_RDONLY);
    const int out_fd = open(out.c_str(), O_WRONLY | O_CREAT, 0600);
    const int err_fd = open(err.c_str(), O_WRONLY | O_CREAT, 0600);
    dup2(in_fd, STDIN_FILENO);
    dup2(out_fd, STDOUT_FILENO);
    dup2(err_fd, STDERR_FILENO);
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  Ran ran;
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (WIFEXITED(status)) ran.status = WEXITSTATUS(status);
  ran.peak_kib = usage.ru_maxrss;
  ran.out = read_file(out);
  ran.err = read_file(err);
  return ran;
}

Ran replay_demo(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {
      "replay",        "--timezone", "UTC",
      "--alerts-from", "2026-01-26", DOORWARD_SOURCE_DIR "/examples/fleet-auth.log.gz"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(DOORWARD_AGENT, arguments);
}

}  // namespace doorward
