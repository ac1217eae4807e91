// What users would otherwise run, on the same logons: pairs seen for the first time, and the
// `rare` function of Elastic's authentication jobs.
#pragma once

#include <optional>
#include <vector>

#include "bench/fleet/accepted_log.h"
#include "bench/fleet/alerts.h"

namespace doorward::fleet {

// An alert, scored 100, for every (user, address) pair that was not seen within `memory` before;
// without a memory limit, that was never seen before.
std::vector<Alert> first_seen_pairs(const std::vector<Logon>& logons, std::optional<Time> memory);

// Two jobs: rare by address for each user, and rare by user. Each value counts once for each
// 15-minute bucket it appears in, the present one included; counts decay with every bucket in which
// the partition is active. An alert is a value in a bucket, at its first logon there, with the
// upper bound of Elastic's score; scores of zero are left out.
std::vector<Alert> elastic_rare(const std::vector<Logon>& logons);

}  // namespace doorward::fleet
