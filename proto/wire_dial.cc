#include "proto/wire_dial.h"

#include <boost/asio/bind_executor.hpp>
#include <utility>

namespace doorward {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

Result<HostPort> split_host_port(const std::string& text) {
  const Error bad{"server", "\"" + text + "\" is not HOST:PORT"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return bad;
  HostPort out{text.substr(0, colon), text.substr(colon + 1)};
  if (out.host.front() == '[') {
    if (out.host.size() < 3 || out.host.back() != ']') return bad;
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != std::string::npos) {
    return bad;  // an IPv6 address without its brackets
  }
  const bool digits = !out.port.empty() && out.port.size() <= 5 &&
                      out.port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoul(out.port) > 65'535) return bad;
  return out;
}

void WireDial::start(const std::string& server, const std::string& from, Time open_by,
                     Hooks hooks) {
  server_ = server;
  open_by_ = open_by;
  hooks_ = std::move(hooks);
  const Result<HostPort> name = split_host_port(server);
  if (!name) return done(name.error().message());
  if (!from.empty()) {
    error_code error;
    from_ = asio::ip::make_address(from, error);
    if (error) return done("cannot connect from " + from + ": not an address");
  }
  error_code numeric;
  const auto address = asio::ip::make_address(name.value().host, numeric);
  if (!numeric) {
    endpoints_ = {{address, static_cast<std::uint16_t>(std::stoul(name.value().port))}};
    return try_next();
  }
  resolver_.async_resolve(
      name.value().host, name.value().port,
      asio::bind_executor(
          strand_, [self = shared_from_this()](const error_code& error,
                                               const tcp::resolver::results_type& found) {
            if (self->over_) return;
            if (error)
              return self->done("cannot resolve " + self->server_ + ": " + error.message());
            for (const auto& entry : found) self->endpoints_.push_back(entry.endpoint());
            self->try_next();
          }));
}

void WireDial::try_next() {
  if (endpoint_ == endpoints_.size()) {
    return done("cannot connect to " + server_ + ": " + error_);
  }
  const tcp::endpoint endpoint = endpoints_[endpoint_++];
  const auto left = static_cast<Time::rep>(endpoints_.size() - endpoint_ + 2);
  const Time now = std::chrono::steady_clock::now();
  try_until_ = now + (open_by_ - now) / left;
  error_code error;
  socket_->close(error);
  socket_->open(endpoint.protocol(), error);
  if (!error && from_) {
    // The port is chosen when it connects, so that it need not be free for other servers as well.
    using NoPort = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;
    error_code ignored;
    socket_->set_option(NoPort(true), ignored);
    socket_->bind({*from_, 0}, error);
  }
  if (error) {
    error_ = error.message();
    return try_next();
  }
  hooks_.on_try();
  socket_->async_connect(endpoint,
                         [self = shared_from_this(), number = endpoint_](const error_code& failed) {
                           if (self->over_ || number != self->endpoint_) return;
                           if (!failed) return self->done({});
                           self->error_ = failed.message();
                           self->try_next();
                         });
}

void WireDial::give_up_try() {
  if (over_) return;
  error_ = "no answer";
  try_next();
}

void WireDial::cancel() {
  over_ = true;
  resolver_.cancel();
  hooks_ = {};
}

void WireDial::done(const std::string& why) {
  const Hooks hooks = std::exchange(hooks_, {});
  over_ = true;
  hooks.on_done(why);
}

}  // namespace doorward
