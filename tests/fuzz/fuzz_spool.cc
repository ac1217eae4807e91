// Any bytes as a spool's segment and as its positions: records within the bytes, in order, each as
// append_record() writes it, and an end.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/delivery/limits.h"
#include "plugins/delivery/positions.h"
#include "plugins/delivery/segment.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void scan(std::string_view bytes) {
  doorward::SegmentScan scan(bytes);
  std::uint64_t last = 0;
  std::size_t end = 0;
  while (const auto found = scan.next()) {
    require(found->sequence > last && scan.offset() >= end);
    last = found->sequence;
    end = scan.offset() + found->size;
    require(end <= bytes.size() && scan.end_of_last() == end);
    require(found->record.document.size() <= doorward::kDocumentBytesMax);
    std::string again;
    doorward::append_record(found->sequence, found->appended, found->record, again);
    // A score that is no number is read as 0; everything else is the same to the byte.
    require(again.size() == found->size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<char> own(data, data + size);  // so that a read past its end is seen
  const std::string_view bytes(own.data(), own.size());
  scan(bytes);
  if (const auto positions = doorward::parse_positions(bytes)) {
    require(doorward::positions_bytes(*positions) == bytes);
  }
  // Checksums keep a fuzzer out, so records are also made of the bytes, and then damaged.
  if (size < 8) return 0;
  std::string whole;
  doorward::append_segment_head(1, whole);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const std::size_t part = (size - 8) / 3;
    const std::string_view document = bytes.substr(8 + (i - 1) * part, part);
    doorward::append_record(i, 5, {doorward::DocumentKind::update, 50, "id", 2, document}, whole);
  }
  scan(whole);
  const auto place = [&](std::size_t at) {
    return (std::size_t{data[at]} * 256 + data[at + 1]) % whole.size();
  };
  whole[place(0)] = static_cast<char>(data[2]);
  whole.erase(place(3), data[5] % 32U);
  scan(whole);
  return 0;
}
