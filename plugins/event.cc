#include "plugins/event.h"

namespace doorward {
namespace {

constexpr std::array<std::string_view, kFieldCount> kNames = {
    "user.name",
    "user.effective.name",
    "source.address",
    "host.name",
    "process.name",
    "event.action",
    "event.dataset",
    "doorward.method",
    "doorward.key_fingerprint",
    "doorward.account",
    "doorward.twin",
    "event.category",
    "event.provider",
    "doorward.record_id",
    "user.id",
    "error.code",
    "error.message",
    "cloud.account.id",
    "cloud.region",
    "user_agent.original",
    "rule.name",
    "destination.address",
    "source.geo.country_iso_code",
    "source.geo.city_name",
    "source.as.number",
    "source.as.organization.name",
    "event.original",
};

}  // namespace

std::string_view field_name(Field field) {
  return kNames[static_cast<std::size_t>(field)];
}

std::optional<Field> field_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kNames[i] == name) return static_cast<Field>(i);
  }
  return std::nullopt;
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::success:
      return "success";
    case Outcome::failure:
      return "failure";
    case Outcome::unknown:
      break;
  }
  return "unknown";
}

}  // namespace doorward
