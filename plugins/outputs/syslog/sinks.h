// The two ways of syslog. Neither has an acknowledgment, so "delivered" means:
// * stream (TCP, TLS): the receiver's system has acknowledged every byte (the socket's send queue
// is
//   empty). What the receiver's program had not read yet is lost with it; so when a connection
//   ends, what went over it in its last ten seconds is sent once more over the next one.
// * datagram (a local socket): the socket has taken the message.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "plugins/delivery/net/link.h"
#include "plugins/delivery/sink.h"
#include "plugins/outputs/syslog/message.h"

namespace doorward {

/// Messages that are sent again after a connection ended: those of its last seconds, in bytes.
/// Earlier ones go first.
inline constexpr std::chrono::seconds kSyslogAgainTime{10};
inline constexpr std::size_t kSyslogAgainBytes = std::size_t{256} * 1024;

/// Time limits of the stream.
inline constexpr std::chrono::milliseconds kSyslogConnectLimit{15'000};
inline constexpr std::chrono::milliseconds kSyslogWriteLimit{30'000};
/// The send queue is looked at after 1, 2, 4 ... ms, and then this often.
inline constexpr std::chrono::milliseconds kSyslogPauseMax{50};

/// Octet-counted (RFC 6587) over TCP, or TLS (RFC 5425) when there is a context.
std::unique_ptr<Sink> make_syslog_stream(const SinkEnv& env, const Address& address,
                                         std::shared_ptr<TlsContext> tls, const SyslogStyle& style);

/// Datagrams to a unix socket.
std::unique_ptr<Sink> make_syslog_datagrams(const SinkEnv& env, const std::string& path,
                                            const SyslogStyle& style);

}  // namespace doorward
