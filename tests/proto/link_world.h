// A fleet of two ends on loopback, with real certificates.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "plugins/clock.h"
#include "proto/identity.h"
#include "proto/wire_link.h"
#include "server/authority/authority.h"
#include "tests/support/files.h"
#include "tests/support/wait.h"

namespace doorward {

inline const std::string kAlice = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
inline const std::string kBob = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

inline Frame ping_frame(std::int64_t time) {
  flatbuffers::FlatBufferBuilder builder;
  return make_frame(builder, wire::Message::Ping, wire::CreatePing(builder, time).Union());
}

/// A Policy whose one file has so many bytes.
inline Frame big_frame(std::size_t bytes) {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<flatbuffers::Offset<wire::PolicyFile>> files = {wire::CreatePolicyFile(
      builder, builder.CreateString("x"), builder.CreateString(std::string(bytes, 'x')))};
  return make_frame(builder, wire::Message::Policy,
                    wire::CreatePolicyDirect(builder, 1, &files).Union());
}

/// What one end of a link heard.
class Heard {
 public:
  std::shared_ptr<WireLink> link;
  /// Called with each message after it was noted, on the link's strand.
  std::function<void(WireLink&, const wire::Envelope&)> also;
  std::function<void(WireLink&)> at_open;

  [[nodiscard]] bool opened() const { return peer().has_value(); }
  [[nodiscard]] std::optional<WirePeer> peer() const {
    const std::lock_guard lock(mutex_);
    return peer_;
  }
  [[nodiscard]] std::string why() const {
    const std::lock_guard lock(mutex_);
    return why_;
  }
  [[nodiscard]] std::vector<wire::Message> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  [[nodiscard]] int calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  /// Why it ended; empty when it did not within ten seconds.
  [[nodiscard]] std::string end() const {
    EXPECT_TRUE(wait_until([this] { return !why().empty(); }));
    return why();
  }

  static WireLink::Handlers handlers(const std::shared_ptr<Heard>& self) {
    WireLink::Handlers out;
    out.on_open = [self](const WirePeer& peer) {
      {
        const std::lock_guard lock(self->mutex_);
        self->peer_ = peer;
        ++self->calls_;
      }
      if (self->at_open) self->at_open(*self->link);
    };
    out.on_message = [self](const wire::Envelope& envelope) {
      {
        const std::lock_guard lock(self->mutex_);
        self->messages_.push_back(envelope.message_type());
        ++self->calls_;
      }
      if (self->also) self->also(*self->link, envelope);
    };
    out.on_end = [self](const std::string& why) {
      const std::lock_guard lock(self->mutex_);
      EXPECT_EQ(self->why_, "") << "ended twice";
      self->why_ = why.empty() ? "no reason" : why;
      ++self->calls_;
    };
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<WirePeer> peer_;
  std::vector<wire::Message> messages_;
  std::string why_;
  int calls_ = 0;
};

struct Identity {
  PrivateKey key;
  Certificate certificate;
};

/// An authority, a server and three threads. Connections end when it goes.
class LinkWorld {
 public:
  LinkWorld() : authority(make_authority(folder.dir())) {
    for (int i = 0; i < 3; ++i) {
      threads_.emplace_back([this] { io.run(); });
    }
  }
  ~LinkWorld() { stop(); }
  LinkWorld(const LinkWorld&) = delete;
  LinkWorld& operator=(const LinkWorld&) = delete;

  static Authority make_authority(const std::string& folder) {
    return std::move(Authority::make(folder, {})).value();
  }

  void stop() {
    if (threads_.empty()) return;
    listener.reset();
    for (const auto& heard : accepted()) heard->link->close();
    for (const auto& heard : connected_) heard->link->close();
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    // Handlers hold the ends, and these their links.
    for (const auto& heard : accepted()) heard->link.reset();
    for (const auto& heard : connected_) heard->link.reset();
  }

  [[nodiscard]] Identity identity(const std::string& agent, int days = 30,
                                  TimeUs now = clock_now()) const {
    Identity out;
    out.key = std::move(make_key()).value();
    out.certificate =
        std::move(authority.issue(make_request(out.key).value(), agent, days, now)).value();
    return out;
  }
  [[nodiscard]] std::shared_ptr<WireTls> agent_tls(const Identity& who) const {
    return std::move(WireTls::agent(authority.authority(), who.certificate, who.key)).value();
  }
  [[nodiscard]] std::shared_ptr<WireTls> agent_tls(const std::string& agent) const {
    return agent_tls(identity(agent));
  }
  [[nodiscard]] std::shared_ptr<WireTls> stranger_tls() const {
    return std::move(WireTls::stranger(fingerprint_of(authority.authority()))).value();
  }
  [[nodiscard]] std::shared_ptr<WireTls> server_tls() const {
    return std::move(
               WireTls::server(authority.authority(), authority.certificate(), authority.key()))
        .value();
  }

  /// Answers each Ping by a Pong.
  void listen(WireListener::Options options = {}, std::shared_ptr<WireTls> tls = nullptr) {
    options.listen = "127.0.0.1:0";
    auto opened = WireListener::open(
        io, tls ? tls : server_tls(), options, [this](std::shared_ptr<WireLink> link) {
          auto heard = std::make_shared<Heard>();
          heard->link = std::move(link);
          heard->at_open = at_open;
          heard->also = also ? also : [](WireLink& to, const wire::Envelope& envelope) {
            const wire::Ping* ping = envelope.message_as_Ping();
            if (ping == nullptr) return;
            flatbuffers::FlatBufferBuilder builder;
            to.send(make_frame(builder, wire::Message::Pong,
                               wire::CreatePong(builder, ping->time()).Union()));
          };
          const std::lock_guard lock(mutex_);
          accepted_.push_back(heard);
          return Heard::handlers(heard);
        });
    ASSERT_TRUE(opened) << opened.error().message();
    listener = std::move(opened).value();
  }

  std::shared_ptr<Heard> connect(std::shared_ptr<WireTls> tls, WireLink::Limits limits = {},
                                 std::shared_ptr<Heard> heard = std::make_shared<Heard>(),
                                 const std::string& from = {}) {
    return connect_to("127.0.0.1:" + std::to_string(listener->port()), std::move(tls), limits,
                      std::move(heard), from);
  }
  std::shared_ptr<Heard> connect_to(const std::string& server, std::shared_ptr<WireTls> tls,
                                    WireLink::Limits limits = {},
                                    std::shared_ptr<Heard> heard = std::make_shared<Heard>(),
                                    const std::string& from = {}) {
    // Its handlers may run before connect() gives the link.
    std::promise<void> given;
    auto handlers = Heard::handlers(heard);
    auto ready = given.get_future().share();
    auto on_open = std::move(handlers.on_open);
    handlers.on_open = [ready, on_open](const WirePeer& peer) {
      ready.wait();
      on_open(peer);
    };
    heard->link = WireLink::connect(io, server, std::move(tls), std::move(handlers), limits, from);
    given.set_value();
    connected_.push_back(heard);
    return heard;
  }

  [[nodiscard]] std::vector<std::shared_ptr<Heard>> accepted() const {
    const std::lock_guard lock(mutex_);
    return accepted_;
  }
  /// The server's end of the connection that came as the `number`th.
  [[nodiscard]] std::shared_ptr<Heard> accepted(std::size_t number) const {
    EXPECT_TRUE(wait_until([&] { return accepted().size() > number; }));
    return accepted().at(number);
  }

  TemporaryFolder folder;
  Authority authority;
  boost::asio::io_context io;
  std::unique_ptr<WireListener> listener;
  std::function<void(WireLink&, const wire::Envelope&)> also;  ///< instead of answering pings
  std::function<void(WireLink&)> at_open;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io.get_executor()};
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Heard>> accepted_;
  std::vector<std::shared_ptr<Heard>> connected_;
  std::vector<std::thread> threads_;
};

}  // namespace doorward
