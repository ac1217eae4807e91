// Enrolment and renewal: how certificates are given out. The core's thread.
#include <sodium.h>

#include <utility>

#include "plugins/count_words.h"
#include "plugins/program_log.h"
#include "plugins/time_text.h"
#include "server/session/session.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

std::string why_not(const TokenRecord* token, TimeUs now) {
  if (token == nullptr) return "there is no such token";
  if (token->revoked) return "the token was revoked";
  if (now >= token->ends) return "the token ended " + format_time(token->ends);
  if (token->used >= token->uses) {
    return "the token was used " + counted(token->used, "time") +
           ", which is all that it is good for";
  }
  return {};
}

/// Where an Error came from, so that the refusal has the right code.
constexpr const char* kBadToken = "token";
constexpr const char* kBadRequest = "request";

void refuse(const std::shared_ptr<SessionContext>& context, const std::shared_ptr<Session>& session,
            const AskedEnrolment& asked, const Error& error) {
  if (error.where != kBadToken && error.where != kBadRequest) {
    session->refuse(wire::RefusalCode::busy, "it cannot be stored now: " + error.message(),
                    jittered(kTroubleFirstMs, kTroubleLastMs));
    return;
  }
  const std::string token = "token " + asked.token.substr(0, 8);
  program_log::warning("enrolment refused: " + token + ", host \"" + asked.host + "\" at " +
                       session->peer().address + ": " + error.what);
  audit_refusal(context, token, "agent.enrol", asked.host, error.what, session->peer().address);
  session->refuse(
      error.where == kBadToken ? wire::RefusalCode::token : wire::RefusalCode::malformed,
      error.what, 0);
}

LogEntry enrolment_entry(const AskedEnrolment& asked, const std::string& address) {
  log::EnrolmentT table;
  table.host = asked.host;
  table.machine = asked.machine;
  table.group = asked.group;
  table.serial = asked.issued.serial;
  table.ends = asked.issued.ends;
  table.token = asked.token.substr(0, 8);
  table.address = address;
  return packed_entry(EntryKind::enrolment, asked.agent, 1, 0, table);
}

void write_enrolment(const std::shared_ptr<SessionContext>& context,
                     const std::shared_ptr<Session>& session,
                     const std::shared_ptr<AskedEnrolment>& asked) {
  context->core.change(
      [session, asked](FleetView&) -> Result<std::vector<LogEntry>> {
        return std::vector<LogEntry>{enrolment_entry(*asked, session->peer().address)};
      },
      [context, session, asked](const Result<std::vector<Committed>>& result, FleetView&) {
        if (!result) return refuse(context, session, *asked, result.error());
        program_log::info("enrolled \"" + asked->host + "\" as " + asked->agent + " (group " +
                          asked->group + ", token " + asked->token.substr(0, 8) + ", from " +
                          session->peer().address + ")");
        session->send(enrolled_frame(asked->agent, asked->issued.der, context->terms.authority,
                                     asked->group));
        session->link().finish();
      });
}

}  // namespace

/// First a use of the token is taken, which only one server can; the enrolment follows. Who is cut
/// off in between has lost that use.
void enrol(const std::shared_ptr<SessionContext>& context, const std::shared_ptr<Session>& session,
           std::shared_ptr<AskedEnrolment> asked) {
  context->core.change(
      [context, asked](FleetView& view) -> Result<std::vector<LogEntry>> {
        const auto token = view.state.tokens().find(asked->token);
        const TokenRecord* record = token == view.state.tokens().end() ? nullptr : &token->second;
        if (std::string why = why_not(record, view.now); !why.empty()) {
          return Error{kBadToken, std::move(why)};
        }
        if (asked->agent.empty()) {
          asked->agent = make_agent_id();
          asked->group = record->group.empty() ? kDefaultGroup : record->group;
          Result<IssuedCertificate> issued =
              context->terms.issue(asked->request, asked->agent, view.now);
          if (!issued) return Error{kBadRequest, issued.error().message()};
          asked->issued = std::move(issued).value();
        }
        log::TokenUsedT table;
        table.agent = asked->agent;
        return std::vector<LogEntry>{packed_entry(EntryKind::token_used, asked->token,
                                                  std::uint64_t{record->used} + 1, 0, table)};
      },
      [context, session, asked](const Result<std::vector<Committed>>& result, FleetView&) {
        if (!result) return refuse(context, session, *asked, result.error());
        if (result.value().front().place) return write_enrolment(context, session, asked);
        if (++asked->tries < kTokenTriesMax) return enrol(context, session, asked);
        refuse(context, session, *asked, {"", "others use the same token"});
      });
}

void Session::renew(const std::shared_ptr<std::vector<std::uint8_t>>& request, int tries) {
  auto issued = std::make_shared<IssuedCertificate>();
  auto self = shared_from_this();
  context_->core.change(
      [self, request, issued](FleetView& view) -> Result<std::vector<LogEntry>> {
        const AgentRecord* record = view.state.agent(self->agent());
        if (record == nullptr || record->revoked) return Error{"", "this agent was revoked"};
        if (issued->der.empty()) {
          Result<IssuedCertificate> made =
              self->context_->terms.issue(*request, self->agent(), view.now);
          if (!made) return Error{kBadRequest, made.error().message()};
          *issued = std::move(made).value();
        }
        log::RenewalT table;
        table.serial = issued->serial;
        table.ends = issued->ends;
        return std::vector<LogEntry>{
            packed_entry(EntryKind::renewal, self->agent(), record->renewals + 2, 0, table)};
      },
      [self, request, issued, tries](const Result<std::vector<Committed>>& result, FleetView&) {
        if (!result && result.error().where == kBadRequest) {
          return self->malformed(result.error().what);
        }
        if (!result) return self->trouble(result.error());
        if (!result.value().front().place) {
          if (tries + 1 < kTokenTriesMax) return self->renew(request, tries + 1);
          return self->trouble({"", "others renew it at the same time"});
        }
        program_log::debug("agent " + self->agent() + " renewed its certificate");
        self->send(renewed_frame(issued->der));
      });
}

std::uint32_t jittered(std::uint32_t first_ms, std::uint32_t last_ms) {
  return first_ms + randombytes_uniform(last_ms - first_ms + 1);
}

void audit_refusal(const std::shared_ptr<SessionContext>& context, const std::string& by,
                   const std::string& action, const std::string& target, const std::string& detail,
                   const std::string& from) {
  if (!context->refusal_audits.take_if(1, TokenBucket::Clock::now())) {
    ++context->refusals_untold;
    return;
  }
  std::string all = detail;
  if (const std::uint64_t untold = std::exchange(context->refusals_untold, 0); untold > 0) {
    all += " (and " + std::to_string(untold) + " more refusals before it)";
  }
  context->core.change(
      [by, action, target, all, from](FleetView& /*view*/) -> Result<std::vector<LogEntry>> {
        log::AuditT table;
        table.by = by;
        table.role = "agent";
        table.action = action;
        table.target = target;
        table.detail = all;
        table.from = from;
        // Number 0: the core's to give.
        return std::vector<LogEntry>{packed_entry(EntryKind::audit, "", 0, 0, table)};
      },
      [](const Result<std::vector<Committed>>&, FleetView&) {});
}

}  // namespace doorward
