#include "plugins/policy/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/policy/limits.h"
#include "plugins/printable.h"

namespace doorward {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t kContext = 3;

Lines split(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

struct Step {
  char sign;  // ' ', '-', '+'
  std::string_view line;
};

/// The middle parts, by their longest common subsequence.
void compare(std::span<const std::string_view> a, std::span<const std::string_view> b,
             std::vector<Step>& out) {
  if (a.size() * b.size() > kDiffCellsMax) {
    for (const std::string_view line : a) out.push_back({'-', line});
    for (const std::string_view line : b) out.push_back({'+', line});
    return;
  }
  // common[i][j]: lines that a[i..] and b[j..] share.
  const std::size_t width = b.size() + 1;
  std::vector<std::uint32_t> common((a.size() + 1) * width, 0);
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i * width + j] =
          a[i] == b[j] ? common[(i + 1) * width + j + 1] + 1
                       : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      out.push_back({' ', a[i++]});
      ++j;
    } else if (j == b.size() ||
               (i < a.size() && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      out.push_back({'-', a[i++]});
    } else {
      out.push_back({'+', b[j++]});
    }
  }
}

std::string range(std::size_t first, std::size_t count) {
  // As diff(1) has it: an empty range names the line before it.
  return std::to_string(count == 0 ? first : first + 1) + "," + std::to_string(count);
}

}  // namespace

std::string line_diff(std::string_view before, std::string_view after) {
  const Lines a = split(before);
  const Lines b = split(after);
  std::size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < head; ++i) steps.push_back({' ', a[i]});
  compare(std::span(a).subspan(head, a.size() - head - tail),
          std::span(b).subspan(head, b.size() - head - tail), steps);
  for (std::size_t i = a.size() - tail; i < a.size(); ++i) steps.push_back({' ', a[i]});

  std::string out;
  std::size_t line_a = 0;
  std::size_t line_b = 0;
  for (std::size_t at = 0; at < steps.size();) {
    // From three lines before a difference to where more than six equal ones follow.
    const auto changed = std::find_if(steps.begin() + static_cast<std::ptrdiff_t>(at), steps.end(),
                                      [](const Step& step) { return step.sign != ' '; });
    if (changed == steps.end()) break;
    const auto first_change = static_cast<std::size_t>(changed - steps.begin());
    const std::size_t start = std::max(at, first_change - std::min(first_change, kContext));
    line_a += start - at;
    line_b += start - at;
    std::size_t end = first_change;
    for (std::size_t i = first_change; i < steps.size() && i <= end + 2 * kContext; ++i) {
      if (steps[i].sign != ' ') end = i;
    }
    end = std::min(steps.size(), end + 1 + kContext);
    std::size_t count_a = 0;
    std::size_t count_b = 0;
    std::string lines;
    for (std::size_t i = start; i < end; ++i) {
      count_a += steps[i].sign != '+' ? 1 : 0;
      count_b += steps[i].sign != '-' ? 1 : 0;
      lines += steps[i].sign + printable(steps[i].line) + "\n";
    }
    out += "@@ -" + range(line_a, count_a) + " +" + range(line_b, count_b) + " @@\n" + lines;
    line_a += count_a;
    line_b += count_b;
    at = end;
  }
  return out;
}

}  // namespace doorward
