// What differs between two policies, as `diff -u` writes it.
#include <algorithm>
#include <map>
#include <set>

#include "server/manage/policy_rules.h"

namespace doorward {
namespace {

constexpr std::size_t kCells = 1'000'000;

using Lines = std::vector<std::string_view>;

Lines split(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    out.push_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return out;
}

/// One line of a diff: kept, taken out or put in.
struct Step {
  char sign = ' ';
  std::string_view line;
  std::size_t from = 0, to = 0;  // lines before it in both texts
};

/// By the longest common subsequence of what differs in the middle.
std::vector<Step> steps(const Lines& from, const Lines& to) {
  std::size_t head = 0;
  while (head < from.size() && head < to.size() && from[head] == to[head]) ++head;
  std::size_t tail = 0;
  while (tail < from.size() - head && tail < to.size() - head &&
         from[from.size() - 1 - tail] == to[to.size() - 1 - tail]) {
    ++tail;
  }
  const std::size_t n = from.size() - head - tail;
  const std::size_t m = to.size() - head - tail;
  const bool compare = n > 0 && m > 0 && n <= kCells / m;
  // longest[i * (m + 1) + j]: of what is left from i and j on.
  std::vector<std::uint32_t> longest(compare ? (n + 1) * (m + 1) : 0);
  const auto at = [&](std::size_t i, std::size_t j) -> std::uint32_t& {
    return longest[i * (m + 1) + j];
  };
  if (compare) {
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t j = m; j-- > 0;) {
        at(i, j) = from[head + i] == to[head + j] ? at(i + 1, j + 1) + 1
                                                  : std::max(at(i + 1, j), at(i, j + 1));
      }
    }
  }
  std::vector<Step> out;
  for (std::size_t i = 0; i < head; ++i) out.push_back({' ', from[i], i, i});
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < n || j < m) {
    if (compare && i < n && j < m && from[head + i] == to[head + j]) {
      out.push_back({' ', from[head + i], head + i, head + j});
      ++i, ++j;
    } else if (i < n && (j >= m || !compare || at(i + 1, j) >= at(i, j + 1))) {
      out.push_back({'-', from[head + i], head + i, head + j});
      ++i;
    } else {
      out.push_back({'+', to[head + j], head + i, head + j});
      ++j;
    }
  }
  for (std::size_t k = 0; k < tail; ++k) {
    out.push_back({' ', from[head + n + k], head + n + k, head + m + k});
  }
  return out;
}

void write_hunk(std::string& out, const std::vector<Step>& all, std::size_t begin,
                std::size_t end) {
  std::size_t taken = 0;
  std::size_t put = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (all[i].sign != '+') ++taken;
    if (all[i].sign != '-') ++put;
  }
  const auto range = [](std::size_t before, std::size_t count) {
    return std::to_string(count == 0 ? before : before + 1) + "," + std::to_string(count);
  };
  out += "@@ -" + range(all[begin].from, taken) + " +" + range(all[begin].to, put) + " @@\n";
  for (std::size_t i = begin; i < end; ++i) {
    out += all[i].sign;
    out += all[i].line;
    if (!all[i].line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
}

std::string text_diff(std::string_view name, std::string_view from, std::string_view to) {
  if (from == to) return {};
  constexpr std::size_t kAround = 3;
  const Lines from_lines = split(from);
  const Lines to_lines = split(to);
  const std::vector<Step> all = steps(from_lines, to_lines);
  std::string out = "--- a/" + std::string(name) + "\n+++ b/" + std::string(name) + "\n";
  std::size_t i = 0;
  while (i < all.size()) {
    if (all[i].sign == ' ') {
      ++i;
      continue;
    }
    // A hunk goes on while changes are no more than twice the context apart.
    const std::size_t begin = i - std::min(i, kAround);
    std::size_t last = i;
    for (std::size_t k = i; k < all.size() && k <= last + 2 * kAround + 1; ++k) {
      if (all[k].sign != ' ') last = k;
    }
    const std::size_t end = std::min(all.size(), last + 1 + kAround);
    write_hunk(out, all, begin, end);
    i = end;
  }
  return out;
}

}  // namespace

std::string policy_diff(const PolicyFiles& from, const PolicyFiles& to) {
  std::map<std::string_view, std::pair<std::string_view, std::string_view>> both;
  std::set<std::string_view> before;
  std::set<std::string_view> after;
  for (const PolicyFileText& file : from) {
    both[file.name].first = file.text;
    before.insert(file.name);
  }
  for (const PolicyFileText& file : to) {
    both[file.name].second = file.text;
    after.insert(file.name);
  }
  std::string out;
  for (const auto& [name, texts] : both) {
    if (before.count(name) == 0) out += "new file " + std::string(name) + "\n";
    if (after.count(name) == 0) out += "removed file " + std::string(name) + "\n";
    out += text_diff(name, texts.first, texts.second);
  }
  return out;
}

}  // namespace doorward
