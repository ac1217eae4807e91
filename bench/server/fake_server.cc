#include "bench/server/fake_server.h"

#include <boost/asio/io_context.hpp>
#include <thread>

#include "bench/server/load_agent.h"
#include "proto/wire_link.h"
#include "server/authority/authority.h"

namespace doorward {
namespace {

class LittleServer final : public FakeServer {
 public:
  explicit LittleServer(Authority authority) : authority_(std::move(authority)) {}
  ~LittleServer() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  LittleServer(const LittleServer&) = delete;
  LittleServer& operator=(const LittleServer&) = delete;

  Status listen() {
    auto tls = WireTls::server(authority_.authority(), authority_.certificate(), authority_.key());
    if (!tls) return tls.error();
    WireListener::Options options;
    options.listen = "127.0.0.1:0";
    auto opened = WireListener::open(
        io_, std::move(tls).value(), options,
        [this](std::shared_ptr<WireLink> link) { return handlers(std::move(link)); });
    if (!opened) return opened.error();
    listener_ = std::move(opened).value();
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  [[nodiscard]] std::string address() const override {
    return "127.0.0.1:" + std::to_string(listener_->port());
  }
  [[nodiscard]] std::string token() const override {
    JoinToken token;
    token.authority = fingerprint_of(authority_.authority());
    return token.text();
  }

 private:
  WireLink::Handlers handlers(std::shared_ptr<WireLink> link) {
    WireLink::Handlers out;
    out.on_message = [this, weak = std::weak_ptr<WireLink>(link)](const wire::Envelope& envelope) {
      if (const auto to = weak.lock()) answer(*to, envelope);
    };
    return out;
  }

  void answer(WireLink& to, const wire::Envelope& envelope) {
    flatbuffers::FlatBufferBuilder builder;
    if (const wire::Enrol* enrol = envelope.message_as_Enrol()) {
      const std::string id = make_agent_id();
      const auto issued = authority_.issue({enrol->request()->data(), enrol->request()->size()}, id,
                                           30, load_now_us());
      if (!issued) return to.close();
      const Der certificate = der_of(issued.value()).value();
      const Der authority = der_of(authority_.authority()).value();
      to.send(make_frame(
          builder, wire::Message::Enrolled,
          wire::CreateEnrolledDirect(builder, id.c_str(), &certificate, &authority, "default")
              .Union()));
    } else if (envelope.message_as_Hello() != nullptr) {
      const std::vector<std::uint8_t> key(16, 1);
      to.send(make_frame(builder, wire::Message::Welcome,
                         wire::CreateWelcomeDirect(builder, kProtocolVersion, "little", "default",
                                                   load_now_us(), &key, 0, 60'000, 1'000)
                             .Union()));
    } else if (const wire::DeltaBatch* deltas = envelope.message_as_DeltaBatch()) {
      const std::uint64_t last = deltas->deltas()->Get(deltas->deltas()->size() - 1)->sequence();
      to.send(
          make_frame(builder, wire::Message::Ack, wire::CreateAckDirect(builder, last).Union()));
    } else if (const wire::AlertBatch* alerts = envelope.message_as_AlertBatch()) {
      const std::uint64_t last = alerts->alerts()->Get(alerts->alerts()->size() - 1)->sequence();
      to.send(
          make_frame(builder, wire::Message::Ack, wire::CreateAckDirect(builder, 0, last).Union()));
    }
  }

  Authority authority_;
  boost::asio::io_context io_;
  std::unique_ptr<WireListener> listener_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<FakeServer>> FakeServer::start(const std::string& folder) {
  Result<Authority> authority = Authority::make(folder, {});
  if (!authority) return authority.error();
  auto server = std::make_unique<LittleServer>(std::move(authority).value());
  const Status listening = server->listen();
  if (!listening) return listening.error();
  return std::unique_ptr<FakeServer>(std::move(server));
}

}  // namespace doorward
