#include "agent/daemon/services.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "agent/daemon/control.h"

namespace doorward {
namespace {

namespace asio = boost::asio;

constexpr unsigned kSocketMode = 0660;

std::string http_page(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

Services::Services(asio::io_context& io, std::function<DaemonStatus()> daemon_status)
    : io_(io), daemon_status_(std::move(daemon_status)) {}

Status Services::open(const DaemonSettings& settings) {
  control_ = std::make_unique<LocalService>(
      io_, "\n\n", [this](const std::string& question, LocalService::Reply reply) {
        answer(question, std::move(reply));
      });
  if (Status listening = control_->listen_unix(settings.socket(), kSocketMode); !listening) {
    return listening;
  }
  if (settings.metrics == "off") return {};
  metrics_ = std::make_unique<LocalService>(
      io_, "\r\n\r\n", [this](const std::string& request, const LocalService::Reply& reply) {
        if (!request.starts_with("GET /metrics ")) {
          reply(http_page("404 Not Found", "only GET /metrics\n"));
        } else if (pipeline_ == nullptr) {
          reply(http_page("503 Service Unavailable", "the agent is stopping\n"));
        } else {
          report([reply](const StatusReport& report) {
            reply(http_page("200 OK", status_metrics(report)));
          });
        }
      });
  return settings.metrics == "unix" ? metrics_->listen_unix(settings.metrics_socket(), kSocketMode)
                                    : metrics_->listen_loopback(settings.metrics);
}

void Services::close() {
  if (control_) control_->close();
  if (metrics_) metrics_->close();
}

void Services::answer(const std::string& question, LocalService::Reply reply) {
  Result<Question> read = read_question(question);
  if (!read) {
    reply(answer_text(read.error()));
    return;
  }
  if (pipeline_ == nullptr) {
    reply(answer_text(Error{"", "the agent is starting or stopping"}));
    return;
  }
  if (const auto* status = std::get_if<StatusQuestion>(&read.value())) {
    report([reply = std::move(reply), text = status->text](const StatusReport& report) {
      reply(answer_text(text ? status_text(report) : status_json(report)));
    });
    return;
  }
  auto& explain = std::get<ExplainQuestion>(read.value());
  pipeline_->explain(std::move(explain.rule), std::move(explain.pairs), explain.text,
                     [this, reply = std::move(reply)](const Result<std::string>& answer) {
                       asio::post(io_, [reply, text = answer_text(answer)] { reply(text); });
                     });
}

void Services::report(std::function<void(const StatusReport&)> done) {
  pipeline_->status([this, done = std::move(done)](PipelineStatus status) {
    asio::post(io_, [this, done, status = std::move(status)]() mutable {
      done(StatusReport{daemon_status_(), std::move(status)});
    });
  });
}

}  // namespace doorward
