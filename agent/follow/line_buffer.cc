#include "agent/follow/line_buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace doorward {
namespace {

constexpr std::size_t kPage = 4096;

}  // namespace

LineBuffer::~LineBuffer() {
  if (bytes_ != nullptr) munmap(bytes_, kBytes);
}

bool LineBuffer::begin_at(std::uint64_t offset, std::string_view before, std::string_view head) {
  assert(before.size() <= kBeforeBytes && before.size() <= offset);
  assert(head.size() <= kFingerprintBytes);
  if (bytes_ == nullptr) {
    void* memory =
        mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    bytes_ = static_cast<char*>(memory);
  }
  std::copy(before.begin(), before.end(), bytes_);
  begin_ = end_ = before.size();
  touched_ = std::max(touched_, end_);
  base_ = offset - before.size();
  std::copy(head.begin(), head.end(), head_.begin());
  head_bytes_ = head.size();
  return true;
}

char* LineBuffer::room() {
  assert(end_ - begin_ <= kHeldMax);
  const std::size_t past = std::min(begin_, kBeforeBytes);
  const std::size_t gone = begin_ - past;
  if (gone > 0) {
    std::memmove(bytes_, bytes_ + gone, end_ - gone);
    base_ += gone;
    begin_ -= gone;
    end_ -= gone;
  }
  return bytes_ + end_;
}

void LineBuffer::add(std::size_t bytes) {
  assert(end_ + bytes <= kBytes);
  const std::uint64_t from = end_offset();
  if (from + bytes > head_bytes_ && head_bytes_ < kFingerprintBytes) {
    assert(from <= head_bytes_);
    const std::size_t known = head_bytes_ - static_cast<std::size_t>(from);
    const std::size_t more = std::min(kFingerprintBytes - head_bytes_, bytes - known);
    std::memcpy(head_.data() + head_bytes_, bytes_ + end_ + known, more);
    head_bytes_ += more;
  }
  end_ += bytes;
  touched_ = std::max(touched_, end_);
}

void LineBuffer::trim() {
  if (touched_ < kTrimAbove || end_ > kTrimAbove / 2) return;
  room();
  const std::size_t from = (end_ + kPage - 1) / kPage * kPage;
  if (from >= touched_) return;
  madvise(bytes_ + from, kBytes - from, MADV_DONTNEED);
  touched_ = from;
}

}  // namespace doorward
