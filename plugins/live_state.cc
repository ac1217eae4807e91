#include "plugins/live_state.h"

#include <sys/mman.h>

#include <new>

namespace doorward {

void Unmap::operator()(std::byte* memory) const {
  ::munmap(memory, bytes);
}

LiveState::LiveState(std::span<const std::size_t> sizes) {
  constexpr std::size_t kAlign = 64;
  blocks_.reserve(sizes.size());
  for (const std::size_t size : sizes) {
    blocks_.push_back({bytes_, size});
    bytes_ += (size + kAlign - 1) / kAlign * kAlign;
  }
  if (bytes_ == 0) return;
  void* memory =
      ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = {static_cast<std::byte*>(memory), Unmap{bytes_}};
}

std::span<std::byte> LiveState::of(std::size_t rule) {
  return {memory_.get() + blocks_[rule].begin, blocks_[rule].size};
}

std::span<const std::byte> LiveState::of(std::size_t rule) const {
  return {memory_.get() + blocks_[rule].begin, blocks_[rule].size};
}

}  // namespace doorward
