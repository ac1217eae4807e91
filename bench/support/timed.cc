// timed: runs a command several times on one core and prints what it took, one line:
//   ELAPSED_S CPU_S PEAK_KIB       medians of the runs; CPU is user and system time of all children
//
//   timed [--runs N] [--core N] [--output FILE] [--until-output] [--accept STATUS]
//         COMMAND...
//
// Standard output of the command goes to FILE (default /dev/null), its standard error nowhere,
// standard input is empty. --until-output takes the time until the command's first byte of output,
// and lets it go on to its end. Where other work shares the machine, CPU time says more than
// elapsed time. (time(1) counts in steps of 10 ms, which is more than `wc -l` takes.) --accept:
// this exit status is no failure either (grep's 1). Exit status: that of the command if it failed,
// 1 for mistakes, 125 when it cannot be run.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRunsMax = 1000;
constexpr int kCannotRun = 125;

struct Options {
  int runs = 3;
  int core = 0;
  const char* output = "/dev/null";
  bool until_output = false;
  int accept = 0;
  char** command = nullptr;
};

struct Cost {
  double elapsed = 0;
  double cpu = 0;
  long peak_kib = 0;
  int status = 0;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

[[noreturn]] void become(const Options& options, int output) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(options.core, &set);
  (void)sched_setaffinity(0, sizeof set, &set);
  const int nothing = open("/dev/null", O_RDWR);
  if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 2) < 0 || dup2(output, 1) < 0) {
    _exit(kCannotRun);
  }
  execvp(options.command[0], options.command);
  _exit(kCannotRun);
}

/// Reads the pipe to its end; gives when its first byte came.
double first_byte(int pipe, Clock::time_point begin) {
  char bytes[65536];
  double first = -1;
  while (read(pipe, bytes, sizeof bytes) > 0) {
    if (first < 0) first = since(begin);
  }
  return first;
}

Cost run(const Options& options) {
  int ends[2] = {-1, -1};
  Cost cost;
  const int output = options.until_output
                         ? (pipe2(ends, O_CLOEXEC) == 0 ? ends[1] : -1)
                         : open(options.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (output < 0) return {.status = kCannotRun};
  const auto begin = Clock::now();
  const pid_t child = fork();
  if (child == 0) become(options, output);
  close(output);
  double first = -1;
  if (options.until_output) {
    first = first_byte(ends[0], begin);
    close(ends[0]);
  }
  rusage used{};
  int status = 0;
  if (child < 0 || wait4(child, &status, 0, &used) != child) return {.status = kCannotRun};
  cost.elapsed = first >= 0 ? first : since(begin);
  cost.cpu = seconds(used.ru_utime) + seconds(used.ru_stime);
  cost.peak_kib = used.ru_maxrss;
  cost.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return cost;
}

template <class Field>
auto median(std::vector<Cost>& costs, Field field) {
  const auto middle = costs.begin() + static_cast<std::ptrdiff_t>(costs.size() / 2);
  std::ranges::nth_element(costs, middle, {}, field);
  return (*middle).*field;
}

bool parse(int argc, char** argv, Options& options) {
  int at = 1;
  for (; at < argc && std::strncmp(argv[at], "--", 2) == 0; ++at) {
    const char* name = argv[at];
    if (std::strcmp(name, "--until-output") == 0) {
      options.until_output = true;
      continue;
    }
    if (++at == argc) return false;
    if (std::strcmp(name, "--output") == 0) {
      options.output = argv[at];
    } else if (std::strcmp(name, "--runs") == 0) {
      options.runs = std::atoi(argv[at]);
    } else if (std::strcmp(name, "--core") == 0) {
      options.core = std::atoi(argv[at]);
    } else if (std::strcmp(name, "--accept") == 0) {
      options.accept = std::atoi(argv[at]);
    } else {
      return false;
    }
  }
  options.command = argv + at;
  return at < argc && options.runs >= 1 && options.runs <= kRunsMax && options.core >= 0 &&
         options.core < CPU_SETSIZE;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: timed [--runs N] [--core N] [--output FILE] [--until-output] "
                 "[--accept STATUS] COMMAND...\n");
    return 1;
  }
  std::vector<Cost> costs;
  for (int i = 0; i < options.runs; ++i) {
    costs.push_back(run(options));
    const int status = costs.back().status;
    if (status != 0 && status != options.accept) return status;
  }
  const double elapsed = median(costs, &Cost::elapsed);
  const double cpu = median(costs, &Cost::cpu);
  std::printf("%.6f %.6f %ld\n", elapsed, cpu, median(costs, &Cost::peak_kib));
  return 0;
}
