#include "server/commands/manage_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <thread>

#include "server/commands/server_identity.h"
#include "server/store/sqlite_log.h"

namespace doorward {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using LocalStream = beast::basic_stream<asio::local::stream_protocol, asio::any_io_executor>;

/// A backup or a drop may take its time.
constexpr std::chrono::minutes kPatience{30};

std::string target_of(const ApiRequest& request) {
  std::string out = request.path;
  char before = '?';
  for (const auto& [name, value] : request.query) {
    out += before + percent_encoded(name) + "=" + percent_encoded(value);
    before = '&';
  }
  return out;
}

/// Nothing: nobody listens there.
Result<std::optional<ApiResponse>> over_socket(const std::string& path, const ApiRequest& request) {
  asio::io_context io;
  LocalStream stream(io);
  ErrorCode fault;
  stream.socket().connect(asio::local::stream_protocol::endpoint(path), fault);
  if (fault == boost::system::errc::no_such_file_or_directory ||
      fault == boost::system::errc::connection_refused) {
    return std::optional<ApiResponse>();
  }
  if (fault == boost::system::errc::permission_denied) {
    return Error{path, "only root and the socket's group may ask"};
  }
  if (fault) return Error{path, "cannot connect: " + fault.message()};
  http::request<http::string_body> message;
  message.method_string(request.method);
  message.target(target_of(request));
  message.version(11);
  message.set(http::field::host, "localhost");
  message.set(http::field::content_type, "application/json");
  message.keep_alive(false);
  message.body() = request.body;
  message.prepare_payload();
  http::response_parser<http::string_body> parser;
  parser.body_limit(kManageAnswerMax);
  beast::flat_buffer buffer;
  stream.expires_after(kPatience);
  http::async_write(stream, message, [&](ErrorCode error, std::size_t) {
    // One that refuses may answer and close before it has read all.
    fault = error;
    http::async_read(stream, buffer, parser, [&](ErrorCode read, std::size_t) { fault = read; });
  });
  io.run();
  if (fault) return Error{path, "no answer: " + fault.message()};
  ApiResponse out;
  out.status = parser.get().result_int();
  const auto type = parser.get()[http::field::content_type];
  out.type.assign(type.data(), type.size());
  out.body = std::move(parser.get().body());
  return std::optional(std::move(out));
}

Result<ApiResponse> in_process(const ServerSettings& settings, ApiRequest request) {
  Result<Store> store = open_store(settings.data_dir);
  if (!store) {
    return Error{store.error().where,
                 store.error().what + " (and no server answers at " + settings.socket() + ")"};
  }
  Result<std::unique_ptr<Core>> core =
      Core::open(settings, std::move(store.value()), [](double) {});
  if (!core) return core.error();
  std::optional<ApiResponse> answer;
  {
    const std::unique_ptr<Api> api =
        Api::make(*core.value(), {settings.data_dir, authority_of(settings.data_dir)});
    // What the API does on a thread of its own comes back over the core, so all runs here.
    api->handle(std::move(request), [&](ApiResponse response) { answer = std::move(response); });
    while (!answer) {
      core.value()->run_pending();
      if (!answer) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    core.value()->run_pending();
    core.value()->stop();
  }
  return *answer;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      out += c;
    else
      out += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return out;
}

Result<ApiResponse> ask_server(const ServerSettings& settings, ApiRequest request) {
  Result<std::optional<ApiResponse>> answer = over_socket(settings.socket(), request);
  if (!answer) return answer.error();
  if (answer.value()) return std::move(*answer.value());
  request.who = {"local", Role::admin, "local"};
  return in_process(settings, std::move(request));
}

}  // namespace doorward
