// A store with alerts in it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/store/alert_index.h"
#include "server/store/sqlite_log.h"
#include "tests/server/store_entries.h"
#include "tests/support/files.h"

namespace doorward {

class StoreAlertsTest : public testing::Test {
 protected:
  using Ids = std::vector<std::string>;

  void SetUp() override { open(); }
  void open() {
    store_ = {};
    auto opened = open_store(folder_.dir());
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(opened).value();
  }
  AlertIndex& index() { return *store_.alerts; }
  /// Appends and gives the entries their places.
  std::vector<LogEntry> append(std::vector<LogEntry> entries) {
    const auto places = store_.log->append(entries);
    EXPECT_TRUE(places) << places.error().message();
    for (std::size_t i = 0; i < entries.size(); ++i) entries[i].place = places.value()[i].value();
    return entries;
  }
  void add(std::vector<LogEntry> entries) {
    const Status folded = index().fold(append(std::move(entries)));
    EXPECT_TRUE(folded) << folded.error().message();
  }
  AlertRow get(const std::string& id) {
    const auto row = index().get(id);
    EXPECT_TRUE(row && row.value()) << id;
    return row && row.value() ? *row.value() : AlertRow();
  }
  Ids found(const AlertQuery& query) {
    const auto rows = index().search(query);
    EXPECT_TRUE(rows) << rows.error().message();
    Ids out;
    if (rows) {
      for (const AlertRow& row : rows.value()) out.push_back(row.id);
    }
    return out;
  }

  TemporaryFolder folder_;
  Store store_;
};

}  // namespace doorward
