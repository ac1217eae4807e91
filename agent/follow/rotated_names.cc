#include "agent/follow/rotated_names.h"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <tuple>

namespace doorward {
namespace {

constexpr std::size_t kNumberDigitsMax = 5;  // longer ones are dates
constexpr int kLooksMax = 5;
constexpr std::array<std::string_view, 6> kPackers = {"gz", "bz2", "xz", "zst", "lz4", "Z"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A day, with or without a time, or seconds since 1970. An IPv4 address is none.
bool is_date(std::string_view text, bool plain) {
  if (plain) return text.size() >= 6 && text.size() <= 14;
  return text.size() >= 8 && (text.starts_with("19") || text.starts_with("20")) &&
         is_digit(text[2]) && is_digit(text[3]);
}

/// ".1", "-20261120", ".2026-11-20T13"; nullopt: not made by a rotation.
std::optional<RotatedName> read_mark(std::string_view mark) {
  if (mark.size() < 2 || (mark[0] != '.' && mark[0] != '-' && mark[0] != '_')) return std::nullopt;
  RotatedName out;
  out.order = mark.substr(1);
  if (!is_digit(out.order.front()) || !is_digit(out.order.back())) return std::nullopt;
  if (out.order.find_first_not_of("0123456789-_.:T") != std::string_view::npos) return std::nullopt;
  const bool plain = std::all_of(out.order.begin(), out.order.end(), is_digit);
  out.is_number = mark[0] == '.' && plain && out.order.size() <= kNumberDigitsMax;
  if (!out.is_number && !is_date(out.order, plain)) return std::nullopt;
  return out;
}

/// Takes ".gz" and the like off a name.
std::string_view take_packer(std::string_view& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view end = name.substr(dot + 1);
  if (std::find(kPackers.begin(), kPackers.end(), end) == kPackers.end()) return {};
  name = name.substr(0, dot);
  return end;
}

/// As which file system and inode; never 0 for a file that is there.
std::tuple<std::uint64_t, std::uint64_t> key_of(const LogPart& part) {
  return {part.facts.id.device, part.facts.id.inode};
}

struct Found {
  LogPart part;
  std::string stem;   // its path without .gz
  std::string order;  // as in RotatedName
  bool is_number = false;
};

void look_into(const std::string& folder, std::string_view log, std::vector<Found>& out) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.empty() ? "." : folder.c_str()),
                                                closedir);
  if (!dir) return;
  for (std::size_t names = 0; names < kFolderNamesMax; ++names) {
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    const std::optional<RotatedName> rotated = rotated_name(log, name);
    if (!rotated) continue;
    Found found;
    found.part.path = folder.empty() ? std::string(name) : folder + "/" + std::string(name);
    const PathFacts facts = look_at(found.part.path, false);
    if (!facts.regular()) continue;
    found.part.facts = facts.facts;
    found.part.readable = rotated->packed.empty() || rotated->packed == "gz";
    found.stem = found.part.path;
    if (!rotated->packed.empty()) found.stem.resize(found.stem.size() - rotated->packed.size() - 1);
    found.order = rotated->order;
    found.is_number = rotated->is_number;
    out.push_back(std::move(found));
  }
}

bool older(const Found& a, const Found& b) {
  if (!a.is_number) return a.order < b.order;
  if (a.order.size() != b.order.size()) return a.order.size() > b.order.size();
  return a.order > b.order;
}

/// Dates of one form, and numbers, are each in order; between them only time can tell.
std::vector<Found> in_order(std::vector<Found> found) {
  std::map<std::tuple<bool, std::size_t>, std::vector<Found>> forms;
  for (Found& one : found) {
    const std::size_t length = one.is_number ? 0 : one.order.size();
    forms[{one.is_number, length}].push_back(std::move(one));
  }
  std::vector<Found> out;
  std::map<std::tuple<bool, std::size_t>, std::size_t> at;
  for (auto& [form, list] : forms) std::sort(list.begin(), list.end(), older);
  for (;;) {
    std::vector<Found>* from = nullptr;
    std::size_t* next = nullptr;
    for (auto& [form, list] : forms) {
      std::size_t& i = at[form];
      if (i == list.size()) continue;
      if (from != nullptr && list[i].part.facts.modified >= (*from)[*next].part.facts.modified) {
        continue;
      }
      from = &list;
      next = &i;
    }
    if (from == nullptr) return out;
    out.push_back(std::move((*from)[(*next)++]));
  }
}

std::vector<LogPart> look(const std::string& path, const FollowOptions& options) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string_view log = std::string_view(path).substr(folder.size());
  std::vector<Found> found;
  look_into(folder.size() > 1 ? folder.substr(0, folder.size() - 1) : folder, log, found);
  if (!options.old_folder.empty()) look_into(options.old_folder, log, found);
  const bool many = found.size() > 1;
  if (many) {
    // While a file is being packed the packed one is not whole yet.
    std::map<std::string, bool> plain;
    for (const Found& one : found) plain[one.stem] |= one.stem == one.part.path;
    std::erase_if(found,
                  [&](const Found& one) { return one.stem != one.part.path && plain[one.stem]; });
    found = in_order(std::move(found));
  }
  std::vector<LogPart> parts;
  parts.reserve(found.size() + 1);
  for (Found& one : found) parts.push_back(std::move(one.part));
  const PathFacts facts = look_at(path, options.follow_symlinks);
  if (facts.regular()) parts.push_back({path, facts.facts, true, true});
  // The last name of a file is its newest.
  for (std::size_t i = parts.size(); i-- > 1;) {
    const auto key = key_of(parts[i]);
    const auto end = parts.begin() + static_cast<std::ptrdiff_t>(i);
    const auto kept =
        std::remove_if(parts.begin(), end, [&](const LogPart& p) { return key_of(p) == key; });
    i -= static_cast<std::size_t>(end - kept);
    parts.erase(kept, end);
  }
  if (parts.size() > kRotatedFilesMax) {
    parts.erase(parts.begin(), parts.end() - static_cast<std::ptrdiff_t>(kRotatedFilesMax));
  }
  return parts;
}

}  // namespace

std::optional<RotatedName> rotated_name(std::string_view log, std::string_view name) {
  const std::string_view packed = take_packer(name);
  std::optional<RotatedName> out;
  if (name.starts_with(log)) out = read_mark(name.substr(log.size()));
  const std::size_t dot = log.rfind('.');
  if (!out && dot != std::string_view::npos && dot > 0) {
    const std::string_view extension = log.substr(dot);
    if (name.size() > log.size() && name.starts_with(log.substr(0, dot)) &&
        name.ends_with(extension)) {
      out = read_mark(name.substr(dot, name.size() - log.size()));
    }
  }
  if (out) out->packed = packed;
  return out;
}

bool looks_rotated(std::string_view name) {
  if (!take_packer(name).empty()) return true;
  // The mark may itself have dots and dashes: try every place where it could begin. What bears no
  // letter before it is an address, and a number behind a digit is a part of one.
  std::size_t letter = 0;
  while (letter < name.size() && !is_letter(name[letter])) ++letter;
  for (std::size_t i = letter; i < name.size(); ++i) {
    const std::optional<RotatedName> mark = read_mark(name.substr(i));
    if (mark && i > 0 && !(mark->is_number && is_digit(name[i - 1]))) return true;
  }
  return false;
}

std::vector<LogPart> parts_of_log(const std::string& path, const FollowOptions& options) {
  std::vector<LogPart> parts = look(path, options);
  for (int i = 0; i < kLooksMax; ++i) {
    std::vector<LogPart> again = look(path, options);
    const bool same = std::equal(parts.begin(), parts.end(), again.begin(), again.end(),
                                 [](const LogPart& a, const LogPart& b) {
                                   return a.path == b.path && key_of(a) == key_of(b);
                                 });
    parts = std::move(again);
    if (same) break;
  }
  return parts;
}

}  // namespace doorward
