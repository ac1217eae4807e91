// What outputs are told beside alerts, so that nothing which was held back is lost: that an alert
// went on (an update), and how many more a rule would have raised (a summary).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "plugins/event.h"
#include "plugins/rule.h"

namespace doorward {

/// Events alike to an alert were held back. Told at the end of each suppression period in which
/// there were any, when the alert is forgotten, and at the end of a run. Views live until the
/// output returns. (id, occurrences) is unique: a receiver that has seen both has seen the update.
struct AlertUpdate {
  const Rule& rule;
  std::string_view id;            ///< event.id of the alert
  TimeUs first = kNoTime;         ///< event time of the alert
  TimeUs newest = kNoTime;        ///< of the newest event alike
  std::uint32_t occurrences = 1;  ///< the alert and all alike so far
  double score = 0;               ///< of the alert
  // As far as they were kept: cut, and empty when the alert had none.
  std::string_view user;
  std::string_view source;
  std::string_view host;
  // What is alike came with other values than the alert, too.
  bool other_users = false;
  bool other_sources = false;
  bool other_hosts = false;
};

/// One of the most frequent names of a summary, and how often at least.
struct Frequent {
  std::string_view name;
  std::uint64_t count = 0;
};

/// A rule fired more often than alerts are let through in a period: what the remainder was. Views
/// live until the output returns.
struct AlertSummary {
  const Rule& rule;
  std::string_view id;      ///< event.id; the same when the same log is read again
  TimeUs first = kNoTime;   ///< event time of the oldest alert that is summed up
  TimeUs newest = kNoTime;  ///< and of the newest
  std::uint64_t count = 0;  ///< alerts summed up
  double score = 0;         ///< the highest of them
  double sources = 0;       ///< estimated number of different addresses (3 % standard error)
  double users = 0;         ///< and of users
  std::span<const Frequent> top_sources;  ///< most frequent first
  std::span<const Frequent> top_users;
};

/// "unusual_logon: 4 more like the alert of 2026-... on alice from 203.0.113.9 and other addresses
/// to web-01, the last at 2026-..."
std::string update_sentence(const AlertUpdate& update);

/// "password_spraying: 4,312 further alerts between 2026-... and 2026-..., from about 812 addresses
/// (203.0.113.9 2,310 times) for 77 users (root 1,022 times)"
std::string summary_sentence(const AlertSummary& summary);

/// Documents (design.md 6.2) with event.kind alert, event.{id,start,end,risk_score,severity},
/// rule.*, message, and doorward.update or doorward.summary true. Short: the alert has the rest.
/// doorward.varied: names of fields that were not the same in all that an update counts.
void append_update_document(const AlertUpdate& update, std::string& out);
void append_summary_document(const AlertSummary& summary, std::string& out);

/// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t value);

}  // namespace doorward
