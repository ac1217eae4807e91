// What wire_link.cc and wire_listener.cc share. Only for .cc files.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <memory>
#include <optional>
#include <string>

#include "proto/wire_dial.h"
#include "proto/wire_link.h"

namespace doorward {

/// Told of the life of accepted connections, on their strands.
class WireGate {
 public:
  virtual ~WireGate() = default;
  virtual void handshake_over() = 0;  ///< once, whatever became of it
  virtual void connection_over() = 0;
};

/// An accepted connection, which waits for begin_accepted().
std::shared_ptr<WireLink> make_accepted(boost::asio::ip::tcp::socket socket,
                                        std::shared_ptr<WireTls> tls, WireLink::Limits limits,
                                        std::shared_ptr<WireGate> gate, const WireStrand& strand);
/// On its strand.
void begin_accepted(WireLink& link, WireLink::Handlers handlers);

}  // namespace doorward
