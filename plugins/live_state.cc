#include "plugins/live_state.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace doorward {
namespace {

constexpr std::size_t kLine = 64;

constexpr std::size_t whole_lines(std::size_t bytes) {
  return (bytes + kLine - 1) / kLine * kLine;
}

/// So many lines of zeros, and then so many others.
struct Run {
  std::uint32_t zeros = 0;
  std::uint32_t lines = 0;
};

bool is_zero(const std::byte* line) {
  std::array<std::uint64_t, kLine / 8> words;
  std::memcpy(words.data(), line, kLine);
  std::uint64_t any = 0;
  for (const std::uint64_t word : words) any |= word;
  return any == 0;
}

/// Of memory of whole lines.
std::vector<Run> runs_of(std::span<const std::byte> memory) {
  std::vector<Run> runs;
  bool in_zeros = false;
  std::uint32_t zeros = 0;
  for (std::size_t at = 0; at < memory.size(); at += kLine) {
    if (is_zero(memory.data() + at)) {
      ++zeros;
      in_zeros = true;
      continue;
    }
    if (in_zeros || runs.empty()) runs.push_back({std::exchange(zeros, 0), 0});
    in_zeros = false;
    ++runs.back().lines;
  }
  return runs;
}

}  // namespace

void Unmap::operator()(std::byte* memory) const {
  ::munmap(memory, bytes);
}

LiveState::LiveState(std::span<const std::size_t> sizes) {
  blocks_.reserve(sizes.size());
  for (const std::size_t size : sizes) {
    blocks_.push_back({bytes_, size});
    bytes_ += whole_lines(size);
  }
  if (bytes_ == 0) return;
  void* memory =
      ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = {static_cast<std::byte*>(memory), Unmap{bytes_}};
}

void LiveState::save(std::size_t rule, StateWriter& out) const {
  // Up to the next block, so that there are only whole lines; what is beyond the size stays zero.
  const std::span<const std::byte> block(memory_.get() + blocks_[rule].begin,
                                         whole_lines(blocks_[rule].size));
  const std::vector<Run> runs = runs_of(block);
  std::size_t bytes = sizeof(std::uint64_t) + runs.size() * sizeof(Run);
  for (const Run& run : runs) bytes += run.lines * kLine;
  out(static_cast<std::uint32_t>(bytes), std::uint64_t{blocks_[rule].size});
  std::size_t at = 0;
  for (const Run& run : runs) {
    out(run);
    at += run.zeros * kLine;
    out.raw(block.subspan(at, run.lines * kLine));
    at += run.lines * kLine;
  }
}

bool LiveState::load(std::size_t rule, StateReader& in) {
  const std::string_view text = in.text(UINT32_MAX);
  StateReader block({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  std::uint64_t size = 0;
  block(size);
  if (block.ok() && size != blocks_[rule].size) return false;
  std::span<std::byte> left(memory_.get() + blocks_[rule].begin, whole_lines(blocks_[rule].size));
  while (!block.done()) {
    Run run;
    block(run);
    const std::size_t zeros = std::size_t{run.zeros} * kLine;
    const std::size_t lines = std::size_t{run.lines} * kLine;
    if (!block.ok() || lines == 0 || zeros > left.size() || lines > left.size() - zeros) {
      in.fail();
      return false;
    }
    block.raw(left.subspan(zeros, lines));
    left = left.subspan(zeros + lines);
  }
  return in.ok();
}

void LiveState::skip(StateReader& in) {
  (void)in.text(UINT32_MAX);
}

}  // namespace doorward
