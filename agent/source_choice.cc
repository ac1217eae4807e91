#include "agent/source_choice.h"

#include <chrono>

namespace doorward {
namespace {

constexpr int kSureEnough = 20;

int year_of(TimeUs time) {
  using namespace std::chrono;
  const sys_time<microseconds> instant{microseconds(time)};
  return static_cast<int>(year_month_day(floor<days>(instant)).year());
}

}  // namespace

const SourcePlugin* surest_source(std::span<const SourcePlugin* const> plugins,
                                  std::string_view head) {
  const SourcePlugin* best = nullptr;
  int surest = kSureEnough - 1;
  for (const SourcePlugin* plugin : plugins) {
    const int sure = plugin->sniff(head);
    if (sure > surest) {
      surest = sure;
      best = plugin;
    }
  }
  return best;
}

InputState state_of_file(TimeUs end, std::optional<int> year) {
  InputState state;
  state.end_time = end;
  state.year = year.value_or(year_of(end));
  state.year_is_of_end = !year.has_value();
  return state;
}

}  // namespace doorward
