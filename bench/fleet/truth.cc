#include "bench/fleet/truth.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <unordered_map>

namespace doorward::fleet {
namespace {

constexpr const char* kHeader = "row,campaign,kind,start,end,time,user,ip,host,outcome";
constexpr std::size_t kColumns = 10;

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

}  // namespace

Truth load_truth(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    throw std::runtime_error(path + ": cannot be read");
  }
  Truth truth;
  std::unordered_map<std::string, std::size_t> campaigns;
  std::string line;
  std::size_t number = 0;
  const auto fail = [&](const std::string& expected) {
    throw std::runtime_error(path + ":" + std::to_string(number) + ": expected " + expected);
  };
  const auto time_in = [&](const std::string& cell) {
    const auto time = parse_stamp(cell);
    if (!time) {
      fail("an RFC 3339 time, not '" + cell + "'");
    }
    return *time;
  };

  while (std::getline(in, line)) {
    ++number;
    const std::vector<std::string> cells = split(line);
    if (cells.size() != kColumns) {
      fail("the columns " + std::string(kHeader));
    }
    if (cells[0] == "row") {
      continue;
    }
    if (cells[0] == "campaign") {
      const auto kind = std::ranges::find(truth.kinds, cells[2]);
      TruthCampaign campaign;
      campaign.id = cells[1];
      campaign.kind = static_cast<std::size_t>(kind - truth.kinds.begin());
      if (kind == truth.kinds.end()) {
        truth.kinds.push_back(cells[2]);
      }
      campaign.start = time_in(cells[3]);
      campaign.end = time_in(cells[4]);
      campaign.has_success = cells[9] == "success";
      if (!campaigns.emplace(cells[1], truth.campaigns.size()).second) {
        fail("a new campaign id");
      }
      truth.campaigns.push_back(campaign);
    } else if (cells[0] == "event") {
      const auto campaign = campaigns.find(cells[1]);
      if (campaign == campaigns.end()) {
        fail("a campaign row before its events");
      }
      truth.events.push_back(
          {time_in(cells[5]), campaign->second, 0, cells[6], cells[7], cells[8]});
    } else {
      fail("'campaign' or 'event'");
    }
  }

  std::ranges::stable_sort(truth.events, {}, &TruthEvent::time);
  std::vector<int> counts(truth.campaigns.size());
  for (TruthEvent& event : truth.events) {
    event.position = ++counts[event.campaign];
  }
  return truth;
}

}  // namespace doorward::fleet
