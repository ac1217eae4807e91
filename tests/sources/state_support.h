// What tests of saved state share: events as text of all that they say, and bytes of a state.
#pragma once

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "plugins/event.h"
#include "plugins/state_archive.h"

namespace doorward::state_test {

using Bytes = std::vector<std::uint8_t>;

/// Everything an event says. Two that read the same are the same.
inline std::string whole(const Event& event) {
  std::string text;
  for (const std::string_view field : event.text) {
    text += field;
    text += '\x1f';
  }
  std::uint32_t place[2];
  std::memcpy(&place[0], &event.latitude, sizeof place[0]);
  std::memcpy(&place[1], &event.longitude, sizeof place[1]);
  std::array<char, IpAddress::kTextMax> ip;
  text += event.ip.format(ip);
  for (const std::int64_t number :
       {std::int64_t{event.time}, std::int64_t{event.pid}, std::int64_t{event.port},
        static_cast<std::int64_t>(event.outcome), static_cast<std::int64_t>(event.told),
        std::int64_t{place[0]}, std::int64_t{place[1]}}) {
    text += ' ' + std::to_string(number);
  }
  return text;
}

class Wholes final : public EventSink {
 public:
  void on_event(const Event& event) override { events.push_back(whole(event)); }
  std::vector<std::string> events;
};

template <class Saved>
Bytes save(const Saved& saved) {
  Bytes bytes;
  StateWriter out(bytes);
  saved.save(out);
  return bytes;
}

/// False after a mistake, or when bytes are left.
template <class Saved>
bool load(Saved& saved, const Bytes& bytes) {
  // A buffer of its own, so that sanitizers see every read past the end.
  const Bytes copy(bytes);
  StateReader in(copy);
  saved.load(in);
  return in.done();
}

/// Every one of a short log, so many at random of a long one.
inline std::vector<std::size_t> split_points(std::size_t lines, std::size_t most) {
  std::vector<std::size_t> points;
  if (lines < most) {
    for (std::size_t i = 0; i <= lines; ++i) points.push_back(i);
    return points;
  }
  std::mt19937 random(4711);
  std::vector<bool> chosen(lines + 1);
  for (std::size_t i = 0; i < most; ++i) chosen[random() % (lines + 1)] = true;
  for (std::size_t i = 0; i <= lines; ++i) {
    if (chosen[i]) points.push_back(i);
  }
  return points;
}

/// The bytes with a few of them changed.
inline Bytes garbled(Bytes bytes, std::mt19937& random) {
  for (auto changes = 1 + random() % 3; changes != 0 && !bytes.empty(); --changes) {
    std::uint8_t& byte = bytes[random() % bytes.size()];
    switch (random() % 4) {
      case 0:
        byte = static_cast<std::uint8_t>(random());
        break;
      case 1:
        byte = static_cast<std::uint8_t>(byte ^ (1U << random() % 8));
        break;
      case 2:
        byte = 0xFF;
        break;
      default:
        ++byte;
        break;
    }
  }
  return bytes;
}

}  // namespace doorward::state_test
