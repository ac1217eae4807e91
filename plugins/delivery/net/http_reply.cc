#include "plugins/delivery/net/http_reply.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cassert>
#include <charconv>

#include "plugins/delivery/limits.h"

namespace doorward {
namespace {

namespace http = boost::beast::http;

}  // namespace

struct HttpReplyReader::Parser {
  Parser() {
    parser.header_limit(static_cast<std::uint32_t>(kReplyHeadBytesMax));
    parser.body_limit(kReplyBytesMax);
    parser.eager(true);
  }
  http::response_parser<http::string_body> parser;
  std::string rest;  // a head that is not whole yet: the parser wants it in one piece
};

HttpReplyReader::HttpReplyReader() : parser_(std::make_unique<Parser>()) {}
HttpReplyReader::~HttpReplyReader() = default;

bool HttpReplyReader::feed(std::string_view bytes) {
  if (!error_.empty()) return false;
  std::string& rest = parser_->rest;
  rest += bytes;
  boost::system::error_code error;
  while (!rest.empty() && !parser_->parser.is_done()) {
    const std::size_t used = parser_->parser.put(boost::asio::buffer(rest), error);
    rest.erase(0, used);
    if (error == http::error::need_more) {
      // An unfinished chunk head or such; bounded, since the parser's own limits only count what
      // it has taken.
      if (rest.size() <= kReplyHeadBytesMax) return true;
      error = http::error::header_limit;
    }
    if (error) {
      error_ = "no answer that can be read: " + error.message();
      return false;
    }
    if (used == 0) break;
  }
  return true;
}

bool HttpReplyReader::end() {
  if (!error_.empty()) return false;
  boost::system::error_code error;
  if (parser_->parser.got_some() && !parser_->parser.is_done()) parser_->parser.put_eof(error);
  if (error || !parser_->parser.is_done()) {
    error_ = "the receiver closed the connection before its answer was whole";
    return false;
  }
  return true;
}

bool HttpReplyReader::done() const {
  return parser_->parser.is_done();
}

HttpReply HttpReplyReader::take() {
  assert(done());
  HttpReply reply;
  http::response<http::string_body>& response = parser_->parser.get();
  reply.status = response.result_int();
  reply.keep_alive = response.keep_alive() && parser_->rest.empty();
  const boost::beast::string_view wait = response[http::field::retry_after];
  unsigned seconds = 0;
  const auto [end, mistake] = std::from_chars(wait.data(), wait.data() + wait.size(), seconds);
  if (mistake == std::errc() && end == wait.data() + wait.size()) {
    reply.retry_after =
        std::min<std::chrono::milliseconds>(std::chrono::seconds(seconds), kBackoffMax);
  }
  reply.body = std::move(response.body());
  return reply;
}

}  // namespace doorward
