// The systemd journal as a stream of JSON records.
#pragma once

#include <memory>
#include <string>

#include "agent/journal_reader.h"
#include "agent/live/live_stream.h"

namespace doorward {

class JournalStream final : public LiveStream {
 public:
  /// Of the host, or of a folder of journal files. `since`: where to begin without a position.
  static Result<std::unique_ptr<JournalStream>> open(const std::string& folder, TimeUs since);

  std::optional<std::string_view> next() override;
  bool began_file() override { return false; }  // its entries name their year
  [[nodiscard]] TimeUs modified() const override { return kNoTime; }
  void look() override;
  [[nodiscard]] int wait_ms() const override { return reader_.timeout_ms(); }
  [[nodiscard]] bool present() const override { return true; }
  std::string head() override { return {}; }  // its source is known
  void save(StateWriter& out) const override { out.text(reader_.cursor()); }
  void load(StateReader& in) override;
  [[nodiscard]] std::string place() const override { return "journald:" + reader_.cursor(); }
  [[nodiscard]] StreamStatus status() const override;
  std::vector<Error> take_errors() override { return std::exchange(errors_, {}); }

  [[nodiscard]] int descriptor() const { return reader_.descriptor(); }

 private:
  JournalStream(JournalReader reader, std::string folder, TimeUs since)
      : reader_(std::move(reader)), folder_(std::move(folder)), since_(since) {}
  void reopen();

  JournalReader reader_;
  std::string folder_;
  TimeUs since_;
  bool begun_ = false;
  std::uint64_t entries_before_ = 0;  // of readers that had to be opened anew
  std::vector<Error> errors_;
};

}  // namespace doorward
