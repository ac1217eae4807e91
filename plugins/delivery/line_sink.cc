#include "plugins/delivery/line_sink.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

namespace doorward {
namespace {

namespace asio = boost::asio;

class LineSink final : public Sink {
 public:
  LineSink(asio::io_context& io, std::unique_ptr<LineWriter> writer)
      : io_(io), writer_(std::move(writer)) {}

  ~LineSink() override {
    writer_->interrupt();
    worker_.join();
  }

  void deliver(std::span<const Document> batch, Done done) override {
    // The guard keeps the io_context running while the work is on the other thread.
    asio::post(worker_, [this, batch, done = std::move(done), guard = asio::make_work_guard(io_),
                         alive = std::weak_ptr<char>(alive_)]() mutable {
      LinesWritten written = writer_->write(batch);
      asio::post(io_, [documents = batch.size(), done = std::move(done), alive,
                       written = std::move(written)]() mutable {
        if (alive.expired()) return;
        DeliveryResult result = DeliveryResult::all(documents);
        for (std::size_t i = written.documents; i < documents; ++i) {
          result.verdicts[i] = Verdict::again;
        }
        result.error = std::move(written.error);
        done(std::move(result));
      });
    });
  }

 private:
  asio::io_context& io_;
  std::unique_ptr<LineWriter> writer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  asio::thread_pool worker_{1};
};

}  // namespace

std::unique_ptr<Sink> make_line_sink(const SinkEnv& env, std::unique_ptr<LineWriter> writer) {
  return std::make_unique<LineSink>(env.io, std::move(writer));
}

}  // namespace doorward
