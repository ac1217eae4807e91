// Reads one HTTP response out of pieces, within kReplyHeadBytesMax and kReplyBytesMax.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace doorward {

struct HttpReply {
  unsigned status = 0;
  std::string body;
  /// Retry-After in seconds, as far as it is one; zero: none.
  std::chrono::milliseconds retry_after{0};
  bool keep_alive = false;
};

class HttpReplyReader {
 public:
  HttpReplyReader();
  ~HttpReplyReader();

  /// Takes the next bytes; false when they are no HTTP, or too many: see error().
  bool feed(std::string_view bytes);
  /// The connection ended; false when the response is not whole.
  bool end();
  [[nodiscard]] bool done() const;
  [[nodiscard]] const std::string& error() const { return error_; }
  /// Once, when it is done.
  HttpReply take();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string error_;
};

}  // namespace doorward
