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
///
/// From kMapped on it is a mapping of its own: what was never written takes no memory, and what is
/// freed is the system's again at once, on whichever thread. An allocator would keep it, and a
/// snapshot that is made on one thread and freed on another would never go.
class Slab {
 public:
  explicit Slab(std::size_t bytes) : bytes_(bytes), memory_(take(bytes), Deleter{bytes}) {
    if (bytes_ != 0 && bytes_ < kMapped) std::memset(memory_.get(), 0, bytes_);
  }
  Slab(const Slab& other) : bytes_(other.bytes_), memory_(take(bytes_), Deleter{bytes_}) {
    if (bytes_ == 0) return;
    if (bytes_ < kMapped) {
      std::memcpy(memory_.get(), other.memory_.get(), bytes_);
      return;
    }
    // What is zero is so already, and takes no memory as long as it is not written.
    for (std::size_t at = 0; at < bytes_; at += kPage) {
      const std::size_t size = bytes_ - at < kPage ? bytes_ - at : kPage;
      const std::uint8_t* from = other.memory_.get() + at;
      if (from[0] == 0 && std::memcmp(from, from + 1, size - 1) == 0) continue;
      std::memcpy(memory_.get() + at, from, size);
    }
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

  static constexpr std::size_t kPage = 4096;
  /// Mappings are cut at multiples of this, which are multiples of a page everywhere.
  static constexpr std::size_t kGrain = std::size_t{64} << 10;
#if defined(__SANITIZE_ADDRESS__)
  static constexpr std::size_t kMapped = SIZE_MAX;  // it watches what the allocator gives
#else
  static constexpr std::size_t kMapped = std::size_t{256} << 10;
#endif

  struct Deleter {
    std::size_t bytes = 0;
    void operator()(std::uint8_t* memory) const {
      if (bytes < kMapped) {
        ::operator delete(memory, alignment(bytes));
      } else {
        (void)::munmap(memory, up(bytes, kGrain));
      }
    }
  };

  static std::size_t up(std::size_t number, std::size_t to) {
    return (number + to - 1) / to * to;
  }
  static std::align_val_t alignment(std::size_t bytes) {
    return std::align_val_t{bytes >= kHugePage ? kHugePage : kLine};
  }
  static std::uint8_t* take(std::size_t bytes) {
    if (bytes == 0) return nullptr;
    const bool huge = bytes >= kHugePage;
    std::uint8_t* memory = nullptr;
    if (bytes < kMapped) {
      memory = static_cast<std::uint8_t*>(::operator new(bytes, alignment(bytes)));
    } else {
      memory = map(bytes, huge ? kHugePage : 0);
    }
    // Only a wish: without huge pages everything works, slower.
    if (huge) (void)::madvise(memory, bytes & ~(kHugePage - 1), MADV_HUGEPAGE);
    return memory;
  }
  /// `align`: 0 or a multiple of kGrain.
  static std::uint8_t* map(std::size_t bytes, std::size_t align) {
    const std::size_t size = up(bytes, kGrain);
    void* const got =
        ::mmap(nullptr, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc();
    auto* const begin = static_cast<std::uint8_t*>(got);
    if (align == 0) return begin;
    const std::size_t past = reinterpret_cast<std::uintptr_t>(begin) % align;
    const std::size_t before = past == 0 ? 0 : align - past;
    if (before != 0) (void)::munmap(begin, before);
    if (before != align) (void)::munmap(begin + before + size, align - before);
    return begin + before;
  }

  std::size_t bytes_ = 0;
  std::unique_ptr<std::uint8_t, Deleter> memory_;
};

}  // namespace doorward
