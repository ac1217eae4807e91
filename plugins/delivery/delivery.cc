#include "plugins/delivery/delivery.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <optional>

#include "plugins/delivery/rejected.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

std::string cut(std::string text) {
  if (text.size() > kReceiverTextMax) text.resize(kReceiverTextMax);
  return text;
}

}  // namespace

class Delivery::Impl : public std::enable_shared_from_this<Delivery::Impl> {
 public:
  Impl(asio::io_context& io, Spool& spool, const std::vector<OutputSettings>& outputs,
       DeliveryEnv env, const Options& options)
      : io_(io),
        spool_(spool),
        env_(std::move(env)),
        options_(options),
        tick_(io),
        deadline_(io),
        rejected_(spool.folder()) {
    assert(spool.readers() == outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      channels_.push_back(std::make_unique<Channel>(io, outputs[i], i, options.backoff));
      Channel& channel = *channels_.back();
      channel.next = spool.reader_status(i, 0).position;
      channel.sink = outputs[i].sink.make({io_, env_});
    }
  }

  void start() {
    for (const auto& channel : channels_) {
      for (const std::string& warning : channel->settings.sink.warnings) {
        env_.say(Loudness::warning, "output \"" + channel->settings.name + "\": " + warning);
      }
    }
    wait_tick();
    wake();
  }

  void wake() {
    for (const auto& channel : channels_) pump(*channel);
  }

  void stop(milliseconds time, std::function<void()> done) {
    done_ = std::move(done);
    stopping_ = true;
    deadline_.expires_after(time);
    deadline_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      if (error) return;
      if (const auto impl = self.lock()) impl->end();
    });
    for (const auto& channel : channels_) {
      if (channel->waiting) {
        channel->timer.cancel();
        channel->waiting = false;
      }
      pump(*channel);
    }
    asio::post(io_, [self = weak_from_this()] {
      if (const auto impl = self.lock()) impl->end_if_idle();
    });
  }

  /// Nothing is called after this.
  void close() {
    halt();
    for (const auto& channel : channels_) channel->sink.reset();
  }

  [[nodiscard]] std::vector<OutputStatus> status() const {
    std::vector<OutputStatus> out;
    for (const auto& channel : channels_) {
      OutputStatus one = channel->counts;
      one.behind = spool_.reader_status(channel->reader, channel->settings.min_score);
      out.push_back(std::move(one));
    }
    return out;
  }

 private:
  struct Channel {
    Channel(asio::io_context& io, const OutputSettings& output, std::size_t number,
            Backoff::Limits limits)
        : settings(output), reader(number), timer(io), backoff(limits) {
      counts.name = output.name;
      counts.type = output.type;
      counts.target = output.sink.target;
    }

    OutputSettings settings;
    std::size_t reader;
    std::unique_ptr<Sink> sink;
    asio::steady_timer timer;
    Backoff backoff;
    OutputStatus counts;
    std::vector<Document> batch;  // what is not accepted yet, oldest first
    std::size_t sent = 0;         // documents of it that are on their way
    std::size_t at_a_time = kBatchDocumentsMax;
    std::uint64_t next = 1;  // sequence behind the batch
    bool busy = false;
    bool waiting = false;
    bool given_up = false;  // it failed while stopping
    bool failing_told = false;
  };

  void wait_tick() {
    tick_.expires_after(options_.tick);
    tick_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      const auto impl = self.lock();
      if (error || !impl || impl->closed_) return;
      impl->spool_.tick();
      impl->wake();
      impl->wait_tick();
    });
  }

  /// Sends the next batch when nothing is on its way and there is one.
  void pump(Channel& channel) {
    if (channel.busy || channel.waiting || channel.given_up || closed_) return;
    if (channel.batch.empty()) {
      if (channel.next == spool_.head()) return;
      std::uint64_t passed = channel.next;
      channel.batch = spool_.read(channel.reader, channel.next, channel.settings.min_score,
                                  kBatchDocumentsMax, kBatchBytesMax, passed);
      channel.next = passed;
      if (channel.batch.empty()) {
        spool_.advance(channel.reader, channel.next);
        return;
      }
    }
    channel.sent = std::min(channel.batch.size(), channel.at_a_time);
    channel.busy = true;
    channel.sink->deliver(std::span(channel.batch).first(channel.sent),
                          [self = weak_from_this(), &channel](DeliveryResult result) {
                            const auto impl = self.lock();
                            if (impl && !impl->closed_) impl->delivered(channel, std::move(result));
                          });
  }

  void delivered(Channel& channel, DeliveryResult result) {
    assert(channel.busy);
    channel.busy = false;
    const std::size_t sent = channel.sent;
    if (result.verdicts.size() != sent) {
      // Failed as a whole. One document alone that makes the receiver refuse is the culprit.
      const bool culprit = result.split && sent == 1;
      result.verdicts.assign(sent, culprit ? Verdict::refused : Verdict::again);
      if (culprit) result.refusal = std::move(result.error);
    }
    const std::size_t left = settle(channel, result);
    // The position is before the oldest document that is still to be delivered.
    spool_.advance(channel.reader,
                   channel.batch.empty() ? channel.next : channel.batch.front().sequence);
    if (left == 0) {
      succeeded(channel);
    } else if (result.split && sent > 1) {
      // Halves find the one that is refused, or the size that is not.
      channel.at_a_time = sent / 2;
      note_failure(channel, result.error);
      pump_later(channel);
    } else {
      note_failure(channel, result.error);
      if (stopping_) {
        channel.given_up = true;
      } else {
        wait(channel, result.wait);
      }
    }
    end_if_idle();
  }

  /// Takes the documents that are done out of the batch; how many are to be tried again.
  std::size_t settle(Channel& channel, const DeliveryResult& result) {
    std::vector<Document> rest;
    std::size_t left = 0;
    for (std::size_t i = 0; i < channel.batch.size(); ++i) {
      Document& document = channel.batch[i];
      const Verdict verdict = i < channel.sent ? result.verdicts[i] : Verdict::again;
      if (verdict == Verdict::accepted) {
        ++channel.counts.delivered;
      } else if (verdict == Verdict::refused) {
        refuse(channel, document, cut(result.refusal));
      } else {
        if (i < channel.sent) ++left;
        rest.push_back(std::move(document));
      }
    }
    channel.batch = std::move(rest);
    channel.sent = 0;
    return left;
  }

  void refuse(Channel& channel, const Document& document, const std::string& reason) {
    if (channel.counts.refused++ == 0) {
      env_.say(Loudness::warning, "output \"" + channel.settings.name + "\" refused document " +
                                      document.id + " (" + reason +
                                      "); such ones are in rejected.ndjson beside the spool");
    }
    const Status kept = rejected_.append(channel.settings.name, reason, document);
    if (!kept) env_.say(Loudness::warning, kept.error().message());
  }

  void succeeded(Channel& channel) {
    channel.backoff.reset();
    channel.counts.last_error.clear();
    channel.at_a_time = std::min(channel.at_a_time * 2, kBatchDocumentsMax);
    if (channel.failing_told) {
      channel.failing_told = false;
      env_.say(Loudness::info, "output \"" + channel.settings.name + "\" delivers again");
    }
    // Not from within: a long spool must not keep the other outputs from their turn.
    pump_later(channel);
  }

  void note_failure(Channel& channel, const std::string& error) {
    ++channel.counts.failures;
    channel.counts.last_error = cut(error);
    if (channel.failing_told) return;
    channel.failing_told = true;
    env_.say(Loudness::warning, "output \"" + channel.settings.name + "\" fails (" + cut(error) +
                                    "); it is tried again, the documents wait in the spool");
  }

  void pump_later(Channel& channel) {
    asio::post(io_, [self = weak_from_this(), &channel] {
      const auto impl = self.lock();
      if (!impl) return;
      impl->pump(channel);
      impl->end_if_idle();
    });
  }

  void wait(Channel& channel, milliseconds asked) {
    const milliseconds own = channel.backoff.next(env_.random());
    channel.waiting = true;
    channel.timer.expires_after(std::max(own, std::min(asked, options_.backoff.longest)));
    channel.timer.async_wait(
        [self = weak_from_this(), &channel](const boost::system::error_code& error) {
          const auto impl = self.lock();
          if (impl && !error && !impl->closed_) impl->resume(channel);
        });
  }

  void resume(Channel& channel) {
    channel.waiting = false;
    pump(channel);
  }

  /// While stopping: whether there is anything left to wait for.
  void end_if_idle() {
    if (!stopping_ || closed_ || !done_) return;
    for (const auto& channel : channels_) {
      if (channel->busy || channel->waiting) return;
      const bool more = !channel->batch.empty() || channel->next != spool_.head();
      if (more && !channel->given_up) return;
    }
    end();
  }

  void end() {
    if (!done_) return;
    const Status saved = spool_.save_positions();
    if (!saved) env_.say(Loudness::warning, saved.error().message());
    halt();
    // The sinks go later: one of them may be what called.
    asio::post(io_, [self = shared_from_this(), done = std::move(done_)] {
      self->close();
      done();
    });
    done_ = nullptr;
  }

  void halt() {
    closed_ = true;
    tick_.cancel();
    deadline_.cancel();
    for (const auto& channel : channels_) channel->timer.cancel();
  }

  asio::io_context& io_;
  Spool& spool_;
  DeliveryEnv env_;
  Options options_;
  asio::steady_timer tick_;
  asio::steady_timer deadline_;
  RejectedFile rejected_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::function<void()> done_;
  bool stopping_ = false;
  bool closed_ = false;
};

Delivery::Delivery(asio::io_context& io, Spool& spool, const std::vector<OutputSettings>& outputs,
                   DeliveryEnv env, Options options)
    : impl_(std::make_shared<Impl>(io, spool, outputs, std::move(env), options)) {}

Delivery::Delivery(asio::io_context& io, Spool& spool, const std::vector<OutputSettings>& outputs,
                   DeliveryEnv env)
    : Delivery(io, spool, outputs, std::move(env), Options()) {}

Delivery::~Delivery() {
  impl_->close();
}

void Delivery::start() {
  impl_->start();
}

void Delivery::wake() {
  impl_->wake();
}

void Delivery::stop(milliseconds time, std::function<void()> done) {
  impl_->stop(time, std::move(done));
}

std::vector<OutputStatus> Delivery::status() const {
  return impl_->status();
}

}  // namespace doorward
