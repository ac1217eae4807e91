// Slab: one zeroed, aligned piece of memory that a sketch takes when it is made and keeps.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace doorward {

/// Zeroed memory of a fixed size, aligned to a cache line; from 2 MiB on to a huge page, and the
/// kernel is asked for huge pages (sketches are read at random places, so most of the time of a
/// read would otherwise go into address translation). Copying copies the content.
class Slab {
 public:
  explicit Slab(std::size_t bytes)
      : bytes_(bytes), memory_(take(bytes), Deleter{alignment(bytes)}) {
    if (bytes_ != 0) std::memset(memory_.get(), 0, bytes_);
  }
  Slab(const Slab& other)
      : bytes_(other.bytes_), memory_(take(bytes_), Deleter{alignment(bytes_)}) {
    if (bytes_ != 0) std::memcpy(memory_.get(), other.memory_.get(), bytes_);
  }
  Slab(Slab&& other) noexcept
      : bytes_(std::exchange(other.bytes_, 0)), memory_(std::move(other.memory_)) {}
  Slab& operator=(Slab other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~Slab() = default;

  [[nodiscard]] std::size_t size() const { return bytes_; }
  [[nodiscard]] std::uint8_t* data() { return memory_.get(); }
  [[nodiscard]] const std::uint8_t* data() const { return memory_.get(); }
  [[nodiscard]] std::span<std::uint8_t> bytes() { return {data(), bytes_}; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data(), bytes_}; }

  /// The memory as values of T, which must be a plain type whose all-zero state is meaningful.
  template <class T>
  [[nodiscard]] T* as() {
    return reinterpret_cast<T*>(memory_.get());
  }
  template <class T>
  [[nodiscard]] const T* as() const {
    return reinterpret_cast<const T*>(memory_.get());
  }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;

  struct Deleter {
    std::align_val_t align{kLine};
    void operator()(std::uint8_t* memory) const { ::operator delete(memory, align); }
  };

  static std::align_val_t alignment(std::size_t bytes) {
    return std::align_val_t{bytes >= kHugePage ? kHugePage : kLine};
  }
  static std::uint8_t* take(std::size_t bytes) {
    if (bytes == 0) return nullptr;
    auto* memory = static_cast<std::uint8_t*>(::operator new(bytes, alignment(bytes)));
    // Only a wish: without huge pages everything works, slower.
    if (bytes >= kHugePage) (void)::madvise(memory, bytes & ~(kHugePage - 1), MADV_HUGEPAGE);
    return memory;
  }

  std::size_t bytes_ = 0;
  std::unique_ptr<std::uint8_t, Deleter> memory_;
};

}  // namespace doorward
