#include "agent/audit_relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <future>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>

#include "agent/options.h"
#include "agent/relay_queue.h"
#include "agent/stop_signal.h"
#include "agent/unix_socket.h"

namespace doorward {
namespace {

using std::chrono::milliseconds;

/// Bytes read at a time.
constexpr std::size_t kReadBytesMax = std::size_t{64} * 1024;
/// Bytes of lines written at a time. auditd's records are 9,000 bytes at most.
constexpr std::size_t kWriteBytes = std::size_t{256} * 1024;

std::string dropped_record(std::uint64_t lines) {
  struct timespec now {};
  clock_gettime(CLOCK_REALTIME, &now);
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(),
                "type=DOORWARD_DROPPED msg=audit(%lld.%03ld:0): lines=%llu\n",
                static_cast<long long>(now.tv_sec), now.tv_nsec / 1'000'000,
                static_cast<unsigned long long>(lines));
  return text.data();
}

/// The thread that writes.
class Writer {
 public:
  Writer(RelayQueue& queue, const RelayOptions& options) : queue_(queue), options_(options) {}

  /// Until the queue is closed and empty, or the drain's time is over. False when lines were lost
  /// at the end, or the folder cannot be used at all.
  bool run() {
    for (;;) {
      if (!open()) return false;
      RelayQueue::Taken taken = queue_.take(milliseconds(60'000));
      if (!write_all(taken.lines)) return false;
      if (taken.dropped > 0 && !write_all(dropped_record(taken.dropped))) return false;
      if (taken.closed && taken.empty()) return true;
    }
  }

  /// Reading has ended: no more patience than kRelayDrainMax.
  void hurry() { until_ = std::chrono::steady_clock::now() + kRelayDrainMax; }
  /// The folder cannot be used; retrying will not help.
  [[nodiscard]] bool hopeless() const { return hopeless_; }

 private:
  /// The relay before this one may still be ending, so a lock is waited for; other mistakes are
  /// the administrator's.
  bool open() {
    milliseconds waited{0};
    while (!log_) {
      Result<RelayLog> opened = RelayLog::open(options_.folder, options_.limits);
      if (opened) {
        log_.emplace(std::move(opened).value());
        break;
      }
      if (waited >= kRelayDrainMax + kRelayRetryMax) {
        print_errors({opened.error()});
        hopeless_ = true;
        return false;
      }
      if (late()) return false;
      std::this_thread::sleep_for(milliseconds(100));
      waited += milliseconds(100);
      if (waited > milliseconds(500) &&
          opened.error().what.find("another audit-relay") == std::string::npos) {
        waited = kRelayDrainMax + kRelayRetryMax;
      }
    }
    return true;
  }

  bool write_all(std::string_view lines) {
    while (!lines.empty()) {
      std::size_t size = std::min(lines.size(), kWriteBytes);
      if (size < lines.size()) size = lines.rfind('\n', size - 1) + 1;
      if (!write_block(lines.substr(0, size))) return false;
      lines.remove_prefix(size);
    }
    return true;
  }

  bool write_block(std::string_view block) {
    milliseconds pause = kRelayRetryMin;
    for (;;) {
      const Status status = log_->append(block);
      if (status) {
        failing_ = false;
        return true;
      }
      if (!failing_) print_errors({status.error()});
      failing_ = true;
      if (late()) return false;
      std::this_thread::sleep_for(std::min(pause, milliseconds(500)));
      pause *= 2;
    }
  }

  [[nodiscard]] bool late() const {
    const auto until = until_.load();
    return until.time_since_epoch().count() != 0 && std::chrono::steady_clock::now() > until;
  }

  RelayQueue& queue_;
  const RelayOptions& options_;
  std::optional<RelayLog> log_;
  bool failing_ = false;
  std::atomic<bool> hopeless_ = false;
  std::atomic<std::chrono::steady_clock::time_point> until_{};
};

/// Reads what is there. False at the end of the stream.
bool read_some(int from, RelayQueue& queue) {
  static std::array<char, kReadBytesMax> bytes;
  for (;;) {
    const ssize_t got = read(from, bytes.data(), bytes.size());
    if (got > 0) {
      queue.push({bytes.data(), static_cast<std::size_t>(got)});
      return true;
    }
    if (got < 0 && errno == EINTR) continue;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
}

/// Reads until the end of the stream, the signal, or `stop`. False at the end of the stream.
bool read_stream(int from, RelayQueue& queue, const std::atomic<bool>& stop) {
  fcntl(from, F_SETFL, fcntl(from, F_GETFL) | O_NONBLOCK);
  bool more = true;
  while (more && !StopSignal::came() && !stop) {
    StopSignal::wait(from, 1000);
    more = read_some(from, queue);
  }
  // What auditd has written before it ended this.
  pollfd what{from, POLLIN, 0};
  const auto until = std::chrono::steady_clock::now() + kRelayDrainMax;
  while (more && poll(&what, 1, 0) > 0 && std::chrono::steady_clock::now() < until) {
    more = read_some(from, queue);
  }
  queue.end_of_stream();
  return more;
}

void read_socket(const RelayOptions& options, RelayQueue& queue, const std::atomic<bool>& stop) {
  milliseconds pause = kRelayRetryMin;
  bool told = false;
  while (!StopSignal::came() && !stop) {
    const int stream = connect_unix(options.socket);
    if (stream >= 0) {
      const auto since = std::chrono::steady_clock::now();
      std::fprintf(stderr, "doorward-agent: connected to %s\n", options.socket.c_str());
      read_stream(stream, queue, stop);
      close(stream);
      told = false;
      if (std::chrono::steady_clock::now() - since > kRelayRetryMax) pause = kRelayRetryMin;
    } else if (!told) {
      // Once, and then it is waited for.
      print_errors({{options.socket, "cannot connect: " + std::system_category().message(errno)}});
      told = true;
    }
    StopSignal::wait(-1, static_cast<int>(pause.count()));
    pause = std::min(pause * 2, kRelayRetryMax);
  }
}

}  // namespace

int run_audit_relay(const RelayOptions& options) {
  const StopSignal stop_signal;
  umask(0027);
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is a full disk
  RelayQueue queue;
  Writer writer(queue, options);
  std::atomic<bool> ended = false;
  std::promise<bool> result;
  std::future<bool> written = result.get_future();
  std::thread thread([&] {
    const bool whole = writer.run();
    ended = true;
    result.set_value(whole);
  });
  if (options.socket.empty()) {
    read_stream(STDIN_FILENO, queue, ended);
  } else {
    read_socket(options, queue, ended);
  }
  writer.hurry();
  queue.close();
  if (written.wait_for(kRelayDrainMax + milliseconds(1000)) != std::future_status::ready) {
    // The thread is stuck in the disk: nothing that was opened can be closed.
    std::fputs("doorward-agent: error: the disk does not take what is left\n", stderr);
    std::_Exit(kExitUnreadable);
  }
  thread.join();
  if (written.get()) return kExitDone;
  if (writer.hopeless()) return kExitUsage;
  std::fputs("doorward-agent: error: records were lost at the end\n", stderr);
  return kExitUnreadable;
}

}  // namespace doorward
