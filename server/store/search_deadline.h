// What bounds a question to the index of alerts. Only for server/store.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "server/store/alert_index.h"
#include "server/store/sqlite.h"

namespace doorward {

inline constexpr std::string_view kSearchFailed = "cannot search alerts";

/// Breaks work off that takes longer than kSearchMsMax. One at a time for a database.
class SearchDeadline {
 public:
  explicit SearchDeadline(SqliteDb& db) : db_(db) {
    constexpr int kOperations = 20'000;  // about a millisecond
    sqlite3_progress_handler(
        db.get(), kOperations,
        [](void* self) {
          return static_cast<int>(std::chrono::steady_clock::now() >
                                  static_cast<SearchDeadline*>(self)->end_);
        },
        this);
  }
  ~SearchDeadline() { sqlite3_progress_handler(db_.get(), 0, nullptr, nullptr); }
  SearchDeadline(const SearchDeadline&) = delete;
  SearchDeadline& operator=(const SearchDeadline&) = delete;

  [[nodiscard]] Error say(Error error) const {
    if (std::chrono::steady_clock::now() <= end_) return error;
    return {"", "the search took longer than " + std::to_string(kSearchMsMax / 1000) +
                    " s and was broken off: ask for less, as a user, an address or a time"};
  }

 private:
  SqliteDb& db_;
  std::chrono::steady_clock::time_point end_ =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kSearchMsMax);
};

}  // namespace doorward
