#include "plugins/outputs/http/dialect.h"

#include "plugins/delivery/limits.h"
#include "plugins/printable.h"

namespace doorward {

std::string status_text(const HttpReply& reply) {
  std::string out = "HTTP " + std::to_string(reply.status);
  if (!reply.body.empty()) {
    out += ": " + printable(std::string_view(reply.body).substr(0, kReceiverTextMax));
  }
  return out;
}

DeliveryResult judge_status(const HttpReply& reply, std::size_t documents) {
  if (reply.status >= 200 && reply.status < 300) return DeliveryResult::all(documents);
  DeliveryResult result = DeliveryResult::failed(status_text(reply));
  result.split = reply.status == 400 || reply.status == 413 || reply.status == 422;
  result.wait = reply.retry_after;
  return result;
}

}  // namespace doorward
