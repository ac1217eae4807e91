// Any bytes as the answers of receivers: over http in any pieces, from _bulk, from Splunk. The same
// answer however the bytes come, verdicts for all documents or none, and an end.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "plugins/delivery/facts.h"
#include "plugins/delivery/limits.h"
#include "plugins/delivery/net/http_reply.h"
#include "plugins/outputs/http/dialect.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Read {
  bool fine = false;
  doorward::HttpReply reply;
};

Read read(std::string_view bytes, std::size_t step) {
  doorward::HttpReplyReader reader;
  while (!bytes.empty() && !reader.done()) {
    const std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    if (!reader.feed(piece)) {
      require(!reader.error().empty());
      return {};
    }
  }
  if (!reader.done() && !reader.end()) return {};
  return {true, reader.take()};
}

void judge(std::string_view body, std::size_t documents) {
  const doorward::DeliveryResult bulk = doorward::parse_bulk_reply(body, documents);
  require(bulk.verdicts.empty() ? !bulk.error.empty() : bulk.verdicts.size() == documents);
  doorward::HttpReply reply;
  reply.status = 400;
  reply.body = body;
  const doorward::DeliveryResult splunk = doorward::parse_splunk_refusal(reply, documents);
  require(splunk.verdicts.empty() || splunk.verdicts.size() == documents);
  require(!splunk.error.empty() || !splunk.refusal.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::vector<char> own(data + 1, data + size);
  const std::string_view bytes(own.data(), own.size());
  const std::size_t documents = 1 + data[0] % 4;
  judge(bytes, documents);
  doorward::document_facts(bytes);
  const Read whole = read(bytes, bytes.size() + 1);
  const Read pieces = read(bytes, std::size_t{data[0]} + 1);
  require(whole.fine == pieces.fine);
  if (whole.fine) {
    require(whole.reply.status == pieces.reply.status && whole.reply.body == pieces.reply.body);
    require(whole.reply.body.size() <= doorward::kReplyBytesMax);
    judge(whole.reply.body, documents);
  }
  return 0;
}
