// Answers short questions on a local socket: one question, one answer, then the connection ends.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "sketch/result.h"

namespace doorward {

/// For the thread that runs the io_context. Connections beyond kConnectionsMax are closed at once,
/// questions longer than kQuestionBytesMax or slower than kQuestionTimeMax are dropped, and an
/// answer that nobody reads is given up after the same time: nobody who may connect can make this
/// grow.
class LocalService {
 public:
  static constexpr std::size_t kConnectionsMax = 32;
  static constexpr std::size_t kQuestionBytesMax = std::size_t{64} * 1024;
  static constexpr std::chrono::seconds kQuestionTimeMax{10};

  using Reply = std::function<void(std::string answer)>;
  /// Gets a question without its end mark; calls `reply` once, now or later, on the same thread.
  using Answer = std::function<void(std::string question, Reply reply)>;

  /// `end` is what ends a question: "\n\n", "\r\n\r\n".
  LocalService(boost::asio::io_context& io, std::string end, Answer answer);
  ~LocalService();
  LocalService(const LocalService&) = delete;
  LocalService& operator=(const LocalService&) = delete;

  /// Listens on a unix socket of this mode (0660). A socket that a dead program left is removed;
  /// one that answers is an error, as is anything there that is no socket.
  Status listen_unix(const std::string& path, unsigned mode);
  /// Listens on "127.0.0.1:9478", "[::1]:9478" or "localhost:9478".
  Status listen_loopback(std::string_view address);
  /// Stops listening, removes the socket, drops connections.
  void close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Asks such a service: writes the question and its end, reads the answer to its end (at most
/// `bytes_max`). Errors: nobody listens there, no permission, no answer within `timeout`.
Result<std::string> ask_local(const std::string& socket, const std::string& question,
                              std::size_t bytes_max, std::chrono::milliseconds timeout);

}  // namespace doorward
