// A systemd-journald of the test's own, in mount and network namespaces of its own: the host's
// journal is neither read nor written. Root only.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/wait.h"

namespace doorward {

class PrivateJournald {
 public:
  static constexpr const char* kProgram = "/usr/lib/systemd/systemd-journald";

  /// What keeps it from running here; empty when nothing does.
  static std::string missing() {
    if (geteuid() != 0) return "a private journald needs root";
    for (const char* program : {kProgram, "/usr/bin/journalctl", "/usr/bin/unshare"}) {
      if (access(program, X_OK) != 0) return std::string(program) + " is not there";
    }
    return {};
  }

  /// Starts it and waits until it listens; started() tells.
  PrivateJournald() {
    std::filesystem::create_directories(folder_.path("journal"));
    std::filesystem::create_directories(folder_.path("sockets"));
    folder_.write("machine-id", "0123456789abcdef0123456789abcdef\n");
    // Audit= empty: the kernel's audit system stays as it is.
    folder_.write("journald.conf",
                  "[Journal]\nStorage=volatile\nAudit=\nReadKMsg=no\nForwardToWall=no\n"
                  "RateLimitIntervalSec=0\nRuntimeMaxUse=200M\n");
    const std::string script = "d='" + folder_.dir() +
                               "'\n"
                               "mount --bind $d /mnt && mount -t tmpfs tmpfs /run &&\n"
                               "mkdir -p /run/systemd/journal /run/log/journal &&\n"
                               "mount --bind /mnt/sockets /run/systemd/journal &&\n"
                               "mount --bind /mnt/journal /run/log/journal &&\n"
                               "mount --bind /mnt/machine-id /etc/machine-id &&\n"
                               "mount --bind /mnt/journald.conf /etc/systemd/journald.conf &&\n"
                               "exec " +
                               std::string(kProgram);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // it goes with a test that crashes
      const int null = ::open("/dev/null", O_RDWR);
      for (int i = 0; i < 3; ++i) dup2(null, i);
      execl("/usr/bin/unshare", "unshare", "--mount", "--net", "--propagation", "private", "sh",
            "-c", script.c_str(), nullptr);
      _exit(127);
    }
    started_ = wait_until([&] {
      return std::filesystem::exists(folder_.path("sockets/socket")) &&
             std::filesystem::exists(folder_.path("sockets/io.systemd.journal")) &&
             std::filesystem::exists(system_journal());
    });
  }
  ~PrivateJournald() {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  PrivateJournald(const PrivateJournald&) = delete;
  PrivateJournald& operator=(const PrivateJournald&) = delete;

  [[nodiscard]] bool started() const { return started_; }
  /// Where its files are.
  [[nodiscard]] std::string journal() const { return folder_.path("journal"); }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(journal())) {
      if (file.is_regular_file()) all.push_back(file.path());
    }
    return all;
  }

  /// An entry as sd_journal_send() sends it: fields by newline, or any bytes through text().
  bool native(std::string_view fields) const { return send("socket", fields); }
  /// One field of the native protocol, whatever bytes it holds.
  static std::string field(std::string_view name, std::string_view value) {
    std::string out(name);
    out += '\n';
    for (std::uint64_t size = value.size(), i = 0; i < 8; ++i) {
      out += static_cast<char>(size >> (8 * i));
    }
    out += value;
    return out + '\n';
  }
  /// A line as syslog(3) sends it.
  bool syslog(std::string_view tag, std::string_view text) const {
    return send("dev-log",
                "<38>Nov 20 10:00:00 " + std::string(tag) + "[77]: " + std::string(text));
  }

  /// Closes the current files and begins others, as journalctl --rotate asks for.
  bool rotate() const {
    const std::size_t before = files().size();
    kill(pid_, SIGUSR2);
    return wait_until([&] { return files().size() > before; });
  }
  /// Deletes all files but the current ones.
  [[nodiscard]] bool vacuum() const {
    const std::string command =
        "/usr/bin/journalctl -q --directory='" + journal() + "' --vacuum-files=1 >/dev/null 2>&1";
    return std::system(command.c_str()) == 0 && wait_until([&] { return files().size() == 1; });
  }

 private:
  [[nodiscard]] std::string system_journal() const {
    return folder_.path("journal/0123456789abcdef0123456789abcdef/system.journal");
  }
  bool send(const std::string& to, std::string_view text) const {
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    folder_.path("sockets/" + to).copy(name.sun_path, sizeof name.sun_path - 1);
    const int size = 1 << 20;
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    const ssize_t sent = sendto(socket, text.data(), text.size(), 0,
                                reinterpret_cast<const sockaddr*>(&name), sizeof name);
    close(socket);
    return sent == static_cast<ssize_t>(text.size());
  }

  TemporaryFolder folder_;
  pid_t pid_ = -1;
  bool started_ = false;
};

}  // namespace doorward
