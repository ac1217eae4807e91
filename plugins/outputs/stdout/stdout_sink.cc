#include "plugins/outputs/stdout/stdout_sink.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>

#include "plugins/delivery/line_sink.h"
#include "plugins/delivery/segment_files.h"

namespace doorward {
namespace {

class DescriptorWriter final : public LineWriter {
 public:
  explicit DescriptorWriter(int fd) : fd_(fd) {}

  LinesWritten write(std::span<const Document> batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::string line = batch[i].text + "\n";
      if (half_of_ != batch[i].sequence) written_ = 0;
      half_of_ = batch[i].sequence;
      while (written_ < line.size()) {
        if (!may_write()) return {i, "the reader of standard output takes nothing"};
        // A pipe that poll() calls writable takes so much without blocking.
        const std::size_t size = std::min<std::size_t>(line.size() - written_, PIPE_BUF);
        const ssize_t done = ::write(fd_, line.data() + written_, size);
        if (done < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (done < 0) return {i, system_error("standard output", "cannot write").message()};
        written_ += static_cast<std::size_t>(done);
      }
      half_of_ = 0;
    }
    return {batch.size(), {}};
  }

  void interrupt() override { stop_ = true; }

 private:
  /// Waits until a write would not block.
  bool may_write() {
    constexpr int kSliceMs = 100;
    constexpr int kSlices = 100;
    for (int i = 0; i < kSlices && !stop_; ++i) {
      pollfd wait{fd_, POLLOUT, 0};
      if (::poll(&wait, 1, kSliceMs) > 0) return true;
    }
    return false;
  }

  int fd_;
  std::uint64_t half_of_ = 0;  // the document of which a part is written already
  std::size_t written_ = 0;
  std::atomic<bool> stop_ = false;
};

}  // namespace

SinkSetup stdout_setup(int descriptor) {
  SinkSetup setup;
  setup.target = "standard output";
  setup.make = [descriptor](const SinkEnv& env) {
    return make_line_sink(env, std::make_unique<DescriptorWriter>(descriptor));
  };
  return setup;
}

}  // namespace doorward
