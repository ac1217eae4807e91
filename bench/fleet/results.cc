#include "bench/fleet/results.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <set>
#include <tuple>

namespace doorward::fleet {
namespace {

// A set of (user, address) pairs that says whether an insertion was new.
using Pairs = std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>>;

bool first(Pairs& pairs, std::uint32_t user, const Address& address) {
  return pairs.emplace(user, address.high, address.low).second;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  std::array<char, 32> text{};
  const double share =
      whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  std::snprintf(text.data(), text.size(), "%6.2f %%", share);
  return text.data();
}

std::string per_day(std::uint64_t count, int days) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%8.1f", static_cast<double>(count) / std::max(1, days));
  return text.data();
}

}  // namespace

Realism measure(const World& world, const std::vector<Attempt>& ordinary) {
  Realism out;
  Pairs pairs;
  Pairs near;
  Pairs wide;
  Pairs hosts;
  std::set<std::uint32_t> users;
  std::set<Address> trusted;
  for (const Attempt& attempt : ordinary) {
    if (attempt.outcome == Outcome::success) {
      trusted.insert(attempt.from);
    }
  }
  for (const Attempt& attempt : ordinary) {
    out.failures += attempt.failures;
    if (!trusted.contains(attempt.from)) {
      out.noise += attempt.failures;
    }
    if (attempt.outcome != Outcome::success) {
      continue;
    }
    ++out.logons;
    ++out.by_weekday[static_cast<std::size_t>(weekday(attempt.time))];
    const std::uint64_t tested = attempt.time >= world.config().test_start() ? 1 : 0;
    out.test_logons += tested;
    if (first(pairs, attempt.user, attempt.from)) {
      out.new_pair += tested;
    }
    if (first(near, attempt.user, near_network(attempt.from))) {
      out.new_near += tested;
    }
    if (first(wide, attempt.user, wide_network(attempt.from))) {
      out.new_wide += tested;
    }
    if (first(hosts, attempt.user, v4(attempt.host))) {
      out.new_host += tested;
    }
    if (users.insert(attempt.user).second) {
      out.new_user += tested;
    }
  }
  return out;
}

std::string describe(const Config& config, const Realism& realism) {
  static constexpr std::array<const char*, 7> kDays{"Mon", "Tue", "Wed", "Thu",
                                                    "Fri", "Sat", "Sun"};
  std::string text = "ordinary life, a day\n";
  text += "  logons             " + per_day(realism.logons, config.days) + "\n";
  text += "  failures           " + per_day(realism.failures, config.days) + "\n";
  text += "  ... of them noise  " + per_day(realism.noise, config.days) + "\n";
  std::array<int, 7> counts{};
  for (int day = 0; day < config.days; ++day) {
    ++counts[static_cast<std::size_t>(weekday(config.start + day * kDay))];
  }
  for (std::size_t day = 0; day < counts.size(); ++day) {
    if (counts[day] == 0) {
      continue;
    }
    text += std::string("  logons on a ") + kDays[day] + "    " +
            per_day(realism.by_weekday[day], counts[day]) + "\n";
  }
  text += "seen for the first time, share of the logons of the test days (a day)\n";
  const auto row = [&](const char* label, std::uint64_t count) {
    text += label + percent(count, realism.test_logons) + per_day(count, config.test_days) + "\n";
  };
  row("  user, address      ", realism.new_pair);
  row("  user, /24 or /64   ", realism.new_near);
  row("  user, /16 or /48   ", realism.new_wide);
  row("  user, host         ", realism.new_host);
  row("  user               ", realism.new_user);
  return text;
}

bool write_truth(const World& world, const Plan& plan, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  out << "row,campaign,kind,start,end,time,user,ip,host,outcome\n";
  for (std::size_t i = 0; i < plan.campaigns.size(); ++i) {
    const Campaign& campaign = plan.campaigns[i];
    const std::string head = campaign.id() + "," + name_of(campaign.kind) + "," +
                             stamp(campaign.start) + "," + stamp(campaign.end) + ",";
    out << "campaign," << head << ",,,," << (campaign.has_success ? "success" : "failure") << "\n";
    for (const Attempt& attempt : plan.attempts) {
      if (attempt.campaign != static_cast<int>(i)) {
        continue;
      }
      const bool success = attempt.outcome == Outcome::success;
      const std::string who = "," + world.name(attempt.user) + "," + text_of(attempt.from) + "," +
                              world.hosts()[attempt.host].name + ",";
      for (int n = 0; n < attempt.failures; ++n) {
        out << "event," << head << stamp(attempt.time + n * attempt.gap) << who << "failure\n";
      }
      if (success) {
        out << "event," << head << stamp(attempt.success_time()) << who << "success\n";
      }
    }
  }
  out.close();
  return !out.fail();
}

bool write_meta(const World& world, const Plan& plan, const Realism& realism, std::uint64_t lines,
                std::uint64_t bytes, const std::string& path) {
  const Config& config = world.config();
  std::array<int, kAttackKinds> campaigns{};
  std::array<int, kAttackKinds> successful{};
  std::array<int, kAttackKinds> events{};
  for (const Campaign& campaign : plan.campaigns) {
    const auto kind = static_cast<std::size_t>(campaign.kind);
    ++campaigns[kind];
    successful[kind] += campaign.has_success ? 1 : 0;
    events[kind] += campaign.events;
  }
  std::ofstream out(path, std::ios::binary);
  const auto name = [&](const char* text) -> std::ostream& {
    return out << '"' << text << '"' << ": ";
  };
  const auto text = [&](const char* key, const std::string& value) {
    name(key) << '"' << value << '"' << ",\n";
  };
  const auto count = [&](const char* key, std::uint64_t value, const char* after = ",\n") {
    name(key) << value << after;
  };
  out << "{\n";
  count("seed", config.seed);
  count("users", static_cast<std::uint64_t>(config.users));
  count("hosts", world.hosts().size());
  count("accounts", world.accounts().size());
  count("days", static_cast<std::uint64_t>(config.days));
  count("test_days", static_cast<std::uint64_t>(config.test_days));
  text("start", stamp(config.start));
  text("test_start", stamp(config.test_start()));
  text("end", stamp(config.end()));
  count("log_lines", lines);
  count("log_bytes", bytes);
  count("logons", realism.logons);
  count("test_logons", realism.test_logons);
  count("failures", realism.failures);
  count("noise_failures", realism.noise);
  name("first_seen") << "{\n";
  count("user_address", realism.new_pair);
  count("user_near_network", realism.new_near);
  count("user_wide_network", realism.new_wide);
  count("user_host", realism.new_host);
  count("user", realism.new_user, "\n");
  out << "},\n";
  name("attacks") << "{\n";
  for (std::size_t kind = 0; kind < kAttackKinds; ++kind) {
    name(name_of(static_cast<AttackKind>(kind))) << "{";
    count("campaigns", static_cast<std::uint64_t>(campaigns[kind]), ", ");
    count("with_success", static_cast<std::uint64_t>(successful[kind]), ", ");
    count("events", static_cast<std::uint64_t>(events[kind]),
          kind + 1 < kAttackKinds ? "},\n" : "}\n");
  }
  out << "}\n}\n";
  out.close();
  return !out.fail();
}

}  // namespace doorward::fleet
