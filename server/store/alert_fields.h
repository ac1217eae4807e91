// What can be searched of an alert's document.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/event.h"

namespace doorward {

/// A longer document is kept, but not looked into. (The spool's documents end at the same length.)
inline constexpr std::size_t kAlertDocumentMax = std::size_t{1} << 20;
/// Longer texts are cut, at a character's border.
inline constexpr std::size_t kAlertTextMax = 1024;
inline constexpr std::size_t kAlertMessageMax = 4096;

struct AlertFields {
  bool readable = false;  ///< it is a JSON object
  TimeUs time = kNoTime;  ///< @timestamp
  std::string rule;       ///< rule.id
  std::string severity;   ///< doorward.severity, or the name of event.severity
  std::string user, host, message;
  std::string address;  ///< source.ip, or source.address where there is none
  std::optional<double> score;
};

/// Reads documents; keeps its buffers from one to the next. Takes any bytes.
class AlertFieldsReader {
 public:
  AlertFieldsReader();
  ~AlertFieldsReader();
  AlertFieldsReader(const AlertFieldsReader&) = delete;
  AlertFieldsReader& operator=(const AlertFieldsReader&) = delete;

  AlertFields read(std::string_view document);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

/// An address as bytes whose order is that of the addresses, each family by itself: 4 and four
/// bytes, 6 and sixteen; what is no address, 0 and its text; nothing for "".
std::string address_key(std::string_view address);

}  // namespace doorward
