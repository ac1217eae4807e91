#include "agent/fleet/enrolment.h"

#include <boost/asio/io_context.hpp>
#include <optional>

#include "agent/fleet/messages.h"
#include "proto/wire_link.h"

namespace doorward {
namespace {

namespace asio = boost::asio;

/// Looks at what the server gave: nothing of it is believed.
Result<EnrolledAs> read_enrolled(const wire::Enrolled& enrolled, const JoinToken& token,
                                 PrivateKey key, const Enrolment& asked) {
  EnrolledAs out;
  Result<Certificate> authority =
      certificate_from(std::span(enrolled.authority()->data(), enrolled.authority()->size()));
  if (!authority) return Error{asked.server, "its authority: " + authority.error().what};
  if (fingerprint_of(authority.value()) != token.authority) {
    return Error{asked.server, "it sent another authority than the token names"};
  }
  Result<Certificate> certificate =
      certificate_from(std::span(enrolled.certificate()->data(), enrolled.certificate()->size()));
  if (!certificate) return Error{asked.server, "the certificate: " + certificate.error().what};
  if (const Status fits = check_pair(key, certificate.value()); !fits) {
    return Error{asked.server, fits.error().what};
  }
  out.identity.server = asked.server;
  out.identity.agent = agent_id_of(certificate.value().get());
  if (out.identity.agent != enrolled.agent()->str()) {
    return Error{asked.server, "the certificate is for another agent"};
  }
  out.identity.key = std::move(key);
  out.identity.certificate = std::move(certificate).value();
  out.identity.authority = std::move(authority).value();
  out.group = peer_text(text_of(enrolled.group()));
  return out;
}

}  // namespace

Result<EnrolledAs> enrol(const Enrolment& enrolment) {
  const Result<JoinToken> token = JoinToken::parse(enrolment.token);
  if (!token) return Error{"token", token.error().what};
  Result<PrivateKey> key = make_key();
  if (!key) return key.error();
  const Result<Der> request = make_request(key.value());
  if (!request) return request.error();
  Result<std::shared_ptr<WireTls>> tls = WireTls::stranger(token.value().authority);
  if (!tls) return tls.error();

  std::optional<Result<EnrolledAs>> outcome;
  asio::io_context io{1};
  std::shared_ptr<WireLink> link;
  WireLink::Handlers handlers;
  handlers.on_open = [&](const WirePeer&) {
    link->send(
        enrol_frame(enrolment.token, request.value(), enrolment.host_name, enrolment.version));
  };
  handlers.on_message = [&](const wire::Envelope& envelope) {
    if (outcome) return;
    if (const auto* enrolled = envelope.message_as_Enrolled()) {
      outcome.emplace(read_enrolled(*enrolled, token.value(), std::move(key).value(), enrolment));
    } else if (const auto* refused = envelope.message_as_Refused()) {
      outcome.emplace(Error{enrolment.server, "refused: " + peer_text(text_of(refused->reason()))});
    } else {
      return;
    }
    io.stop();
  };
  handlers.on_end = [&](const std::string& why) {
    if (!outcome) outcome.emplace(Error{enrolment.server, peer_text(why)});
    io.stop();
  };
  link =
      WireLink::connect(io, enrolment.server, tls.value(), std::move(handlers), WireLink::Limits());
  io.run_for(enrolment.time);
  if (!outcome) outcome.emplace(Error{enrolment.server, "no answer within 30 s"});
  link->close();
  io.restart();
  io.run_for(std::chrono::milliseconds(200));  // what the link still has to end
  return std::move(*outcome);
}

}  // namespace doorward
