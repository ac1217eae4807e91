// Sightings: when things of a few kinds were seen, in fixed memory, such that "was one within a
// window of this time?" has an exact answer in whatever order they came.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace doorward {

/// Time is cut into cells as long as the window; of each kind the first and the last time in a cell
/// are kept. Times within a window of t lie in the last part of one cell, all of the next and the
/// first part of the third: if there is any, the cell's last or first one is among them.
///
/// Holds the newest kCells cells; what is older than these when it comes is forgotten. Of more than
/// kKinds kinds in one cell, those that came later are forgotten.
///
/// Plain bytes; all zero: nothing seen. `window` is in seconds, at least 60, the same in all calls.
template <std::size_t kKinds, std::size_t kCells = 3>
class Sightings {
 public:
  /// Notes something of `kind` (not 0) at `time` (seconds since 1970).
  void note(std::uint32_t kind, std::uint32_t time, std::uint32_t window) {
    const std::uint32_t number = time / window + 1;
    Cell& cell = cells_[number % kCells];
    if (cell.number > number) return;
    if (cell.number < number) {
      cell = Cell{};
      cell.number = number;
    }
    for (std::size_t i = 0; i < kKinds; ++i) {
      if (cell.kind[i] == 0) {
        cell.kind[i] = kind;
        cell.first[i] = cell.last[i] = time;
        return;
      }
      if (cell.kind[i] == kind) {
        if (time < cell.first[i]) cell.first[i] = time;
        if (time > cell.last[i]) cell.last[i] = time;
        return;
      }
    }
  }

  /// Calls each(kind, time) for every kept time that is no more than a window before or after
  /// `time`.
  template <class Each>
  void near(std::uint32_t time, std::uint32_t window, Each&& each) const {
    for (const Cell& cell : cells_) {
      for (std::size_t i = 0; i < kKinds && cell.kind[i] != 0; ++i) {
        if (is_near(cell.first[i], time, window)) each(cell.kind[i], cell.first[i]);
        if (cell.last[i] != cell.first[i] && is_near(cell.last[i], time, window)) {
          each(cell.kind[i], cell.last[i]);
        }
      }
    }
  }

 private:
  struct Cell {
    std::uint32_t number = 0;  // time / window + 1; 0: free
    std::array<std::uint32_t, kKinds> kind{};
    std::array<std::uint32_t, kKinds> first{};
    std::array<std::uint32_t, kKinds> last{};
  };

  static bool is_near(std::uint32_t a, std::uint32_t b, std::uint32_t window) {
    return (a > b ? a - b : b - a) <= window;
  }

  std::array<Cell, kCells> cells_{};
};

}  // namespace doorward
