#include "plugins/view.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "plugins/special_addresses.h"

namespace doorward {
namespace {

struct NamedCut {
  std::string_view name;
  Cut cut;
};
constexpr std::array<NamedCut, 8> kCuts = {{
    {"source.ip/net", Cut::net},
    {"source.ip/wide", Cut::wide},
    {"source.ip/scope", Cut::scope},
    {"host.name/class", Cut::host_class},
    {"credential", Cut::credential},
    {"hour_of_week", Cut::hour_of_week},
    {"hour_of_day", Cut::hour_of_day},
    {"fleet", Cut::fleet},
}};

constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};

int prefix_bits(Cut cut, IpAddress::Family family) {
  const bool v4 = family == IpAddress::Family::v4;
  return cut == Cut::net ? (v4 ? 24 : 64) : (v4 ? 16 : 48);
}

/// Writes the class of a host name into `out` and gives its length.
std::size_t host_class(std::string_view host, std::array<char, 256>& out) {
  std::size_t size = 0;
  for (const char c : host) {
    if (c == '.' || size == out.size()) break;
    if (c < '0' || c > '9') out[size++] = c;
  }
  return size;
}

std::string_view credential(const Event& event) {
  const std::string_view key = event[Field::key_fingerprint];
  return key.empty() ? event[Field::method] : key;
}

std::string_view scope(const Event& event) {
  if (!event.ip.valid()) return {};
  return is_public(event.ip) ? "public" : "special";
}

/// Length of the family byte and the address bytes that count.
std::string_view address_bytes(const IpAddress& ip, std::array<char, 17>& out) {
  out[0] = static_cast<char>(ip.family);
  std::memcpy(out.data() + 1, ip.bytes.data(), ip.bytes.size());
  return {out.data(), ip.family == IpAddress::Family::v4 ? 5U : 17U};
}

std::string two_digits(int value) {
  return std::string(1, static_cast<char>('0' + value / 10)) + static_cast<char>('0' + value % 10);
}

}  // namespace

int hour_of_week(TimeUs time) {
  constexpr TimeUs kHourUs = 3600 * kSecondUs;
  TimeUs hour = time / kHourUs;
  if (time % kHourUs < 0) --hour;
  // 1970-01-01 was a Thursday: three days after Monday.
  const TimeUs in_week = (hour + 72) % 168;
  return static_cast<int>(in_week < 0 ? in_week + 168 : in_week);
}

std::optional<View> View::from_name(std::string_view name) {
  View view;
  for (const NamedCut& named : kCuts) {
    if (named.name == name) {
      view.cut = named.cut;
      return view;
    }
  }
  view.cut = Cut::whole;
  if (name == "source.ip") {
    view.ip = true;
    return view;
  }
  const std::optional<Field> field = field_from_name(name);
  if (!field || *field == Field::original) return std::nullopt;
  view.field = *field;
  return view;
}

std::string View::name() const {
  for (const NamedCut& named : kCuts) {
    if (named.cut == cut) return std::string(named.name);
  }
  return ip ? "source.ip" : std::string(field_name(field));
}

bool View::of_place() const {
  return cut == Cut::whole && !ip &&
         (field == Field::geo_country || field == Field::geo_city || field == Field::as_number ||
          field == Field::as_organization);
}

std::string view_text(const View& view, const Event& event) {
  std::array<char, IpAddress::kTextMax> ip_text{};
  switch (view.cut) {
    case Cut::whole:
      return std::string(view.ip ? event.ip.format(ip_text) : event[view.field]);
    case Cut::net:
    case Cut::wide: {
      if (!event.ip.valid()) return {};
      const int bits = prefix_bits(view.cut, event.ip.family);
      return std::string(event.ip.prefix(bits).format(ip_text)) + "/" + std::to_string(bits);
    }
    case Cut::scope:
      return std::string(scope(event));
    case Cut::host_class: {
      std::array<char, 256> out{};
      return {out.data(), host_class(event[Field::host_name], out)};
    }
    case Cut::credential:
      return std::string(credential(event));
    case Cut::hour_of_week: {
      const int hour = hour_of_week(event.time);
      return std::string(kDays[static_cast<std::size_t>(hour / 24)]) + " " + two_digits(hour % 24) +
             ":00";
    }
    case Cut::hour_of_day:
      return two_digits(hour_of_week(event.time) % 24) + ":00";
    case Cut::fleet:
      return "fleet";
  }
  return {};
}

Hash128 address_hash(const HashKey& key, const IpAddress& ip) {
  if (!ip.valid()) return {};
  std::array<char, 17> bytes;
  return hash_text(key, address_bytes(ip, bytes));
}

ViewTable::ViewTable(const HashKey& key) : key_(key), fleet_(hash_text(key, "fleet")) {
  for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
    const char byte = static_cast<char>(hour);
    hours_[hour] = hash_text(key_, std::string_view(&byte, 1));
  }
}

std::optional<std::uint8_t> ViewTable::add(const View& view) {
  const auto found = std::find(views_.begin(), views_.end(), view);
  const auto index = static_cast<std::uint8_t>(found - views_.begin());
  if (found == views_.end()) {
    if (views_.size() == kViewsMax) return std::nullopt;
    views_.push_back(view);
  }
  asked_ |= ViewMask{1} << index;
  return index;
}

Hash128 ViewTable::hour_hash(Cut cut, int hour) const {
  const int hours = cut == Cut::hour_of_week ? 168 : 24;
  return hours_[static_cast<std::size_t>((hour % hours + hours) % hours)];
}

template <class HashText>
Hash128 ViewTable::hash(const View& view, const Event& event, int hour_of_week_now,
                        HashText text_hash) const {
  const auto hash_if_any = [&](std::string_view text) {
    return text.empty() ? Hash128{} : text_hash(text);
  };
  switch (view.cut) {
    case Cut::whole:
      if (view.ip) break;
      return hash_if_any(event[view.field]);
    case Cut::net:
    case Cut::wide:
      break;
    case Cut::scope:
      return hash_if_any(scope(event));
    case Cut::host_class: {
      if (event[Field::host_name].empty()) return {};
      std::array<char, 256> out;
      const std::size_t size = host_class(event[Field::host_name], out);
      return text_hash({out.data(), size});
    }
    case Cut::credential:
      return hash_if_any(credential(event));
    case Cut::hour_of_week:
    case Cut::hour_of_day:
      return hour_hash(view.cut, hour_of_week_now);
    case Cut::fleet:
      return fleet_;
  }
  if (!event.ip.valid()) return {};
  std::array<char, 17> bytes;
  if (view.cut == Cut::whole) return text_hash(address_bytes(event.ip, bytes));
  const IpAddress net = event.ip.prefix(prefix_bits(view.cut, event.ip.family));
  return text_hash(address_bytes(net, bytes));
}

void ViewTable::compute(const Event& event, EventKeys& out, ViewMask wanted, HashMemo* memo) const {
  const int hour = hour_of_week(event.time);
  out.hour_of_week = static_cast<std::uint8_t>(hour);
  out.hash = {};
  if (views_.size() < kViewsMax) wanted &= (ViewMask{1} << views_.size()) - 1;
  const auto each = [&](auto text_hash) {
    for (ViewMask left = wanted; left != 0; left &= left - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(left));
      out.hash[i] = hash(views_[i], event, hour, text_hash);
    }
  };
  if (memo == nullptr) {
    each([&](std::string_view text) { return hash_text(key_, text); });
  } else {
    each([&](std::string_view text) { return memo->hash(key_, text); });
  }
}

}  // namespace doorward
