// Entries of the journal and what the source makes of them, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/json_writer.h"
#include "tests/sources/told.h"

namespace doorward {

extern const SourcePlugin kSourceJournald;

namespace testing_journald {

/// An entry that sshd wrote, one second after the other; what a test changes stands in the fields.
struct Entry {
  std::string identifier = "sshd";
  std::string message;
  std::string transport = "syslog";
  std::string uid = "0";
  std::string command = "sshd";
  std::string executable = "/usr/sbin/sshd";
  std::string capabilities = "1ffffffffff";
  std::string pid = "4711";
  std::string time = "1795177216896933";

  /// As journalctl -o json writes it; empty fields are left out.
  [[nodiscard]] std::string json() const {
    std::string out;
    JsonWriter json(out);
    json.open();
    json.text("__CURSOR", "s=1;i=2").text("__REALTIME_TIMESTAMP", "1795177216896999");
    json.text("_BOOT_ID", "1").text("_HOSTNAME", "web-1").text("MESSAGE", message);
    json.text_if("_SOURCE_REALTIME_TIMESTAMP", time).text_if("SYSLOG_IDENTIFIER", identifier);
    json.text("SYSLOG_PID", "99").text_if("_PID", pid).text_if("_TRANSPORT", transport);
    json.text_if("_UID", uid).text_if("_COMM", command).text_if("_EXE", executable);
    json.text_if("_CAP_EFFECTIVE", capabilities);
    json.close();
    return out;
  }
};

inline telling::Outcomes tell(const std::vector<std::string>& entries) {
  return telling::run(kSourceJournald, entries, "from-options");
}
inline telling::Outcomes tell_one(const std::string& entry) {
  return tell(std::vector<std::string>{entry});
}
inline telling::Outcomes tell_one(const Entry& entry) {
  return tell_one(entry.json());
}

}  // namespace testing_journald
}  // namespace doorward
