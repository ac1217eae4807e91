#include "plugins/value_set.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

#include "plugins/glob.h"
#include "plugins/limits.h"
#include "plugins/set_files.h"

namespace doorward {
namespace {

/// Up to so many values are compared one by one: quicker than hashing them.
constexpr std::size_t kFewValues = 8;
constexpr std::uint32_t kFree = UINT32_MAX;

std::size_t hash_of(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

bool is_wide(const IpRanges& ranges) {
  // The prefixes of 16 and 32 bits, or more than that joined.
  const auto spans = [](std::span<const IpRange> some, std::size_t bytes) {
    return std::any_of(some.begin(), some.end(), [&](const IpRange& range) {
      const std::size_t width = range.first.family == IpAddress::Family::v4 ? 4 : 16;
      for (std::size_t i = bytes; i < width; ++i) {
        if (range.first.bytes[i] != 0 || range.last.bytes[i] != 0xFF) return false;
      }
      return true;
    });
  };
  return spans(ranges.v4(), 2) || spans(ranges.v6(), 4);
}

bool is_all(const IpRanges& ranges) {
  return (!ranges.v4().empty() && ranges.contains(*IpAddress::parse("0.0.0.0")) &&
          ranges.contains(
              IpRange{*IpAddress::parse("0.0.0.0"), *IpAddress::parse("255.255.255.255")})) ||
         (!ranges.v6().empty() &&
          ranges.contains(IpRange{*IpAddress::parse("::"),
                                  *IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")}));
}

bool only_stars(const std::string& glob) {
  return glob.find_first_not_of('*') == std::string::npos;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  return glob_match(pattern, text, QuestionMark::itself);
}

Status ValueList::add(std::string_view value) {
  if (size_ == kSetValuesMax) {
    return Error{"", "more than " + std::to_string(kSetValuesMax) + " values"};
  }
  if (value.size() > kSetValueBytesMax) {
    return Error{"", "a value longer than " + std::to_string(kSetValueBytesMax) + " bytes"};
  }
  const bool literal = value.starts_with('=');
  if (literal) value.remove_prefix(1);
  if (!literal && value.find('*') != std::string_view::npos) {
    if (globs_.size() == kSetGlobsMax) {
      return Error{"", "more than " + std::to_string(kSetGlobsMax) + " globs"};
    }
    globs_.emplace_back(value);
  } else if (kind_ == ValueKind::address && !value.empty()) {
    const Result<IpRange> range = IpRange::parse(value);
    if (!range) return Error{"", "\"" + std::string(value) + "\": " + range.error().what};
    ranges_.add(range.value());
  } else {
    exact_.emplace_back(value);
  }
  ++size_;
  return {};
}

void ValueList::seal() {
  ranges_.seal();
  std::sort(exact_.begin(), exact_.end());
  exact_.erase(std::unique(exact_.begin(), exact_.end()), exact_.end());
  place_.clear();
  if (exact_.size() <= kFewValues) return;
  place_.assign(std::bit_ceil(2 * exact_.size()), kFree);
  for (std::size_t i = 0; i < exact_.size(); ++i) {
    std::size_t at = hash_of(exact_[i]) & (place_.size() - 1);
    while (place_[at] != kFree) at = (at + 1) & (place_.size() - 1);
    place_[at] = static_cast<std::uint32_t>(i);
  }
}

bool ValueList::has_exact(std::string_view text) const {
  if (place_.empty()) return std::find(exact_.begin(), exact_.end(), text) != exact_.end();
  for (std::size_t at = hash_of(text) & (place_.size() - 1); place_[at] != kFree;
       at = (at + 1) & (place_.size() - 1)) {
    if (exact_[place_[at]] == text) return true;
  }
  return false;
}

bool ValueList::matches(std::string_view text) const {
  assert(kind_ == ValueKind::text);
  return has_exact(text) || std::any_of(globs_.begin(), globs_.end(), [&](const std::string& glob) {
           return glob_match(glob, text);
         });
}

bool ValueList::matches(const IpAddress& ip) const {
  assert(kind_ == ValueKind::address);
  if (ip.valid() ? ranges_.contains(ip) : !exact_.empty()) return true;
  if (globs_.empty()) return false;
  std::array<char, IpAddress::kTextMax> room;
  const std::string_view text = ip.format(room);
  return std::any_of(globs_.begin(), globs_.end(),
                     [&](const std::string& glob) { return glob_match(glob, text); });
}

template <class Test>
bool ValueSet::Side::any_list(Test test) const {
  return test(own) || std::any_of(files.begin(), files.end(),
                                  [&](const auto& file) { return test(file->values); });
}

template <class Value>
bool ValueSet::Side::matches(const Value& value) const {
  return any_list([&](const ValueList& list) { return list.matches(value); });
}
template bool ValueSet::Side::matches(const std::string_view&) const;
template bool ValueSet::Side::matches(const IpAddress&) const;

bool ValueSet::Side::covers(const ValueList& other) const {
  const auto any_glob = [&](std::string_view text) {
    return any_list([&](const ValueList& list) {
      // A star of the text can only be taken by a star of the glob, so a glob that matches the
      // text of another matches all that the other does.
      return std::any_of(list.globs().begin(), list.globs().end(),
                         [&](const std::string& glob) { return glob_match(glob, text); });
    });
  };
  const auto in_range = [&](const IpRange& range) {
    return any_list([&](const ValueList& list) { return list.ranges().contains(range); });
  };
  const auto ranges_in = [&](std::span<const IpRange> ranges) {
    return std::all_of(ranges.begin(), ranges.end(), [&](const IpRange& range) {
      return in_range(range) || any_glob("*") ||
             (range.first == range.last && matches(range.first));
    });
  };
  const auto exact_in = [&](const std::string& text) {
    return other.kind() == ValueKind::text ? matches(std::string_view(text)) : matches(IpAddress{});
  };
  return std::all_of(other.exact().begin(), other.exact().end(), exact_in) &&
         std::all_of(other.globs().begin(), other.globs().end(), any_glob) &&
         ranges_in(other.ranges().v4()) && ranges_in(other.ranges().v6());
}

bool ValueSet::Side::covers(const Side& other) const {
  return covers(other.own) && std::all_of(other.files.begin(), other.files.end(),
                                          [&](const auto& file) { return covers(file->values); });
}

ValueSet ValueSet::read(std::span<const std::string> values, ValueKind kind, SetFiles* files,
                        const std::string& named_in,
                        const std::function<void(const std::string&)>& mistake) {
  ValueSet set(kind);
  for (const std::string& written : values) {
    std::string_view value = written;
    const bool negated = value.starts_with('!');
    if (negated) value.remove_prefix(1);
    Side& side = negated ? set.none_of_ : set.any_of_;
    (negated ? set.has_none_ : set.has_any_) = true;
    if (value.starts_with('@')) {
      if (files == nullptr) {
        mistake("set files (\"@...\") cannot be used here");
        continue;
      }
      if (auto file = files->open(value.substr(1), named_in, kind, mistake)) {
        side.files.push_back(std::move(file));
      }
    } else if (const Status added = side.own.add(value); !added) {
      mistake(added.error().what);
    }
  }
  set.any_of_.own.seal();
  set.none_of_.own.seal();
  return set;
}

bool ValueSet::covers(const ValueSet& other) const {
  // What is shut out here must be shut out there as well.
  if (has_none_ && !(other.has_none_ && other.none_of_.covers(none_of_))) return false;
  if (!has_any_) return true;
  if (other.has_any_) return any_of_.covers(other.any_of_);
  return any_of_.any_list([](const ValueList& list) {
    return std::any_of(list.globs().begin(), list.globs().end(), only_stars);
  });
}

bool ValueSet::matches_anything() const {
  return any_of_.any_list([](const ValueList& list) {
    return is_all(list.ranges()) ||
           std::any_of(list.globs().begin(), list.globs().end(), only_stars);
  });
}

bool ValueSet::is_exact(std::vector<std::string_view>& named) const {
  for (const Side* side : {&any_of_, &none_of_}) {
    if (side->own.kind() != ValueKind::text || !side->own.globs().empty() || !side->files.empty()) {
      return false;
    }
  }
  for (const Side* side : {&any_of_, &none_of_}) {
    named.insert(named.end(), side->own.exact().begin(), side->own.exact().end());
  }
  return true;
}

bool ValueSet::is_broad() const {
  return !has_any_ || any_of_.any_list([](const ValueList& list) {
    return !list.globs().empty() || is_wide(list.ranges());
  });
}

}  // namespace doorward
